# frozen_string_literal: true

require "stringio"

module Tasker
  module Railties
    # Keeps the engine's schema out of *db/schema.rb* and *db/structure.sql*.
    #
    # For the former it is prepended to ActiveRecord's dumper for PostgreSQL, whose `ignore_tables` knows tables and no schemas.
    # @api private
    module SchemaDumper
      # The flags of pg_dump are for PostgreSQL only; an application may have other databases besides.
      ADAPTERS = %i[postgresql postgis].freeze

      # Has pg_dump leave the schema out, whatever `dump_schemas` says.
      def self.leave_out_of_structure
        tasks = ::ActiveRecord::Tasks::DatabaseTasks
        flags = tasks.structure_dump_flags
        by_adapter = flags.is_a?(Hash) ? flags.dup : Hash.new(flags)
        ADAPTERS.each { |adapter| by_adapter[adapter] = [*by_adapter[adapter], "--exclude-schema=#{Tasker.schema}"] }
        tasks.structure_dump_flags = by_adapter
      end

      private

      def schemas(stream)
        dump_without(/\A\s*create_schema "#{Tasker.schema}"/, stream) { |dumped| super(dumped) }
      end

      def types(stream)
        dump_without(/\A\s*create_enum "#{Tasker.schema}\./, stream) { |dumped| super(dumped) }
      end

      def ignored?(table_name) = super || tables_of_engine.include?(table_name)

      # Unqualified names mean the engine's tables where the search path of the connection leads there.
      def tables_of_engine
        @tables_of_engine ||= @connection.select_values(<<~SQL, "SCHEMA")
          SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = #{@connection.quote(Tasker.schema)} AND pg_table_is_visible(c.oid)
        SQL
      end

      # A comment that nothing follows goes, too.
      def dump_without(pattern, stream)
        dumped = StringIO.new
        yield dumped
        lines = dumped.string.lines.grep_v(pattern)
        stream.print(*lines) if lines.any?(/\A\s*[^#\s]/)
      end
    end
  end
end
