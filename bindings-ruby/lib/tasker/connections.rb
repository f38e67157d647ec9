# frozen_string_literal: true

module Tasker
  # Connections of the host: one statement at a time, in whatever library it has. Nothing of a library is required here: who has a
  # connection has its library.
  # @api private
  module Connections
    module_function

    # How a statement with `$1`, `$2`, … is executed on a connection.
    #
    # @param connection [PG::Connection, ActiveRecord::ConnectionAdapters::AbstractAdapter, Class]
    # @return [Proc] called with the statement and its parameters (texts or nil) it gives the texts of its rows
    # @raise [ArgumentError] this is no connection of a library that is known here
    def execute_on(connection)
      return on_pg(connection) if defined?(PG::Connection) && connection.is_a?(PG::Connection)
      return on_active_record(connection) if active_record?(connection)
      return on_active_record(of(connection)) if connection.is_a?(Class) && connection.respond_to?(:connection_pool)

      raise ArgumentError,
        "#{connection.class} is no connection that Tasker knows: give a PG::Connection, a connection of ActiveRecord, " \
        "or a class of it (ActiveRecord::Base)"
    end

    # The connection that a class of ActiveRecord has in this thread. One that it has for a block stays one for that block: leased,
    # it would not go back at its end.
    def of(model)
      return model.connection unless model.respond_to?(:lease_connection)

      model.connection_pool.active_connection? || model.lease_connection
    end

    # Runs a block with a connection; that of a class of ActiveRecord goes back to its pool afterwards, unless this thread had it
    # before.
    #
    # @param connection [Object] as for {execute_on}
    # @yieldparam connection [Object] the same, or the class's
    def with(connection, &)
      return yield connection unless connection.is_a?(Class) && connection.respond_to?(:with_connection)

      connection.with_connection(&)
    end

    # What PostgreSQL said, where it is behind an error; nil where something else went wrong.
    #
    # @param error [Exception]
    # @return [Hash, nil] `sqlstate`, `message`, `hint`
    def refusal(error)
      while error
        return said_by(error) if defined?(PG::Error) && error.is_a?(PG::Error)

        error = error.cause
      end
    end

    def active_record?(connection)
      defined?(ActiveRecord::ConnectionAdapters::AbstractAdapter) &&
        connection.is_a?(ActiveRecord::ConnectionAdapters::AbstractAdapter)
    end

    def on_pg(connection)
      lambda do |sql, parameters|
        connection.exec_params(sql, parameters).then { |result| result.nfields.zero? ? [] : result.column_values(0) }
      end
    end

    def on_active_record(connection)
      unless connection.adapter_name.match?(/postg/i)
        raise ArgumentError, "this connection of ActiveRecord leads to #{connection.adapter_name}, not to PostgreSQL"
      end

      lambda do |sql, parameters|
        rows = connection.exec_query(sql, "Tasker", parameters).rows
        # Reads of before may have been kept; this may have been a write.
        connection.clear_query_cache
        rows.map(&:first)
      end
    end

    def said_by(error)
      result = error.result if error.respond_to?(:result)
      return {sqlstate: nil, message: error.message.lines.first.to_s.strip, hint: nil} unless result

      {
        sqlstate: result.error_field(PG::Result::PG_DIAG_SQLSTATE),
        message: result.error_field(PG::Result::PG_DIAG_MESSAGE_PRIMARY),
        hint: result.error_field(PG::Result::PG_DIAG_MESSAGE_HINT)
      }
    end

    private_class_method :active_record?, :on_pg, :on_active_record, :said_by
  end
end
