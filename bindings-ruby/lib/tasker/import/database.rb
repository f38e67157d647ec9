# frozen_string_literal: true

require "json"

module Tasker
  class Import
    # The application's own connection, and the statements that are sent over it: one a file, in *sql/*. They say `ancestor.` before
    # the ancestor's tables and `tasker.` before the engine's objects, whatever the schemas are called.
    # @api private
    class Database
      FOLDER = File.expand_path("sql", __dir__)
      # Where a name of an object begins with the token of its schema.
      TOKEN = /(?<![\w."])(tasker|ancestor)\.(?=[a-z_])/

      # @return [ActiveRecord::ConnectionAdapters::AbstractAdapter]
      attr_reader :connection
      # @return [String] the engine's schema
      attr_reader :schema

      # @param connection [ActiveRecord::ConnectionAdapters::AbstractAdapter]
      # @param source_schema [String, nil] where the ancestor's tables lie
      # @param schema [String, nil] where the engine's lie
      # @raise [Refused] this is not PostgreSQL
      def initialize(connection, source_schema:, schema:)
        unless connection.adapter_name.match?(/postg/i)
          raise Refused, "the import works inside one PostgreSQL database, and this connection leads to #{connection.adapter_name}"
        end

        @connection = connection
        @source_schema = source_schema
        @schema = schema || Tasker.schema
        @texts = {}
      end

      # @return [String, nil] the schema of the ancestor's tables; nil where there are none
      def source_schema
        @source_schema ||= connection.select_value(read("source_schema"), "Tasker import")
      end

      # @return [String] the name of the database
      def name = connection.current_database

      # @return [Array<Hash>] the rows of a statement
      def rows(statement, *parameters)
        connection.exec_query(text(statement), "Tasker import", parameters).to_a.tap { connection.clear_query_cache }
      end

      # @return [Object, nil] the first value of the first row
      def value(statement, *parameters) = rows(statement, *parameters).first&.each_value&.first

      # @return [Object] what the JSON says that a statement answers
      def document(statement, *parameters) = JSON.parse(value(statement, *parameters))

      # Commands without parameters, as many as there are in the file.
      # @return [void]
      def execute(statement) = execute_text(text(statement))

      # @return [void]
      def execute_text(text)
        connection.execute(text, "Tasker import")
        nil
      end

      # A transaction in which the ancestor's timestamps, which know no time zone, are what they were written as, and statements may
      # take their time: what the application allows its requests is too little for a look at whole tables.
      #
      # @param read_only [Boolean]
      # @param by_key [Boolean] whether its statements are about few rows of large tables, each found by its key
      # @return [Object] what the block returns
      def transaction(read_only: false, by_key: false)
        connection.transaction do
          execute_text("set transaction read only") if read_only
          rows("begin_transaction", time_zone)
          execute("by_key") if by_key
          yield
        end
      end

      # @raise [Refused] a transaction is open: the batches would be none
      def refuse_transaction
        return unless connection.transaction_open?

        raise Refused,
          "a transaction is open on this connection: every batch of the import is a transaction of its own, so that it can be " \
          "interrupted; in a migration say disable_ddl_transaction!"
      end

      # @param ids [Array<Integer>]
      # @return [String] an array, as PostgreSQL reads it
      def array(ids) = "{#{ids.join(",")}}"

      # @param array [String] an array of integers, as PostgreSQL writes it
      # @return [Array<Integer>]
      def integers(array) = array.delete("{}").split(",").map(&:to_i)

      private

      # ActiveRecord writes UTC, or else the time of the session.
      def time_zone
        return "UTC" if ::ActiveRecord.default_timezone == :utc

        @time_zone ||= connection.select_value("show timezone", "Tasker import")
      end

      def text(statement)
        @texts[statement] ||= read(statement).gsub(TOKEN) do
          $1 == "tasker" ? "#{connection.quote_column_name(schema)}." : "#{connection.quote_column_name(source_schema)}."
        end
      end

      def read(statement) = File.read(File.join(FOLDER, "#{statement}.sql"))
    end
  end
end
