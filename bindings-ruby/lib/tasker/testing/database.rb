# frozen_string_literal: true

module Tasker
  module Testing
    # The connection that examples run on, and the transaction in which they do.
    # @api private
    module Database
      module_function

      # @return [Object] ActiveRecord's connection where there is one, the pinned one in transactional fixtures; else one for all
      #   tests of the process, to `TASKER_TEST_DATABASE_URL` or to where {Tasker.client} leads
      # @raise [DatabaseUnavailableError] PostgreSQL cannot be reached
      def connection = of_active_record || own

      # @return [Boolean] whether a connection is in a transaction
      def open?(connection)
        return connection.transaction_open? if connection.respond_to?(:transaction_open?)

        connection.transaction_status != PG::PQTRANS_IDLE
      end

      # Begins a transaction, unless one is open.
      #
      # @return [Proc, nil] what rolls it back; nil where there was one, which whoever began it rolls back
      def begin_on(connection)
        return if open?(connection)
        return begin_in(connection.pool, connection) if connection.respond_to?(:pool)

        connection.exec("begin")
        -> { connection.exec("rollback") }
      end

      def of_active_record
        model = Tasker.connection_class
        return unless model

        model.connection_pool
        Connections.of(model)
      rescue ActiveRecord::ConnectionNotEstablished # it is loaded, and leads nowhere
        nil
      end

      def own
        return @own if @own && @process_id == Process.pid

        require "pg"
        url = ENV["TASKER_TEST_DATABASE_URL"] || Tasker.client.database
        Client.open(database_url: url, schema: Tasker.configuration.schema_name, &:migrate)
        @process_id = Process.pid
        @own = PG.connect(url)
      end

      # As transactional fixtures do: what the code under test calls a transaction is a savepoint then, and with Rails 7.2 all of
      # its threads share the connection.
      def begin_in(pool, connection)
        if pool.respond_to?(:pin_connection!)
          pool.pin_connection!(true)
          -> { pool.unpin_connection! }
        else
          connection.begin_transaction(joinable: false, _lazy: false)
          -> { connection.rollback_transaction }
        end
      end

      private_class_method :of_active_record, :own, :begin_in
    end
  end
end
