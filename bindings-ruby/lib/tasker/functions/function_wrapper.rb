# frozen_string_literal: true

require "active_model"

module Tasker
  module Functions
    # A row that a function of the schema answered. Columns that a later version of the schema adds are left out.
    class FunctionWrapper
      include ActiveModel::Model
      include ActiveModel::Attributes

      class << self
        # @param sql [String] with `$1`, `$2`, …
        # @param binds [Array] arrays become those of PostgreSQL
        # @param name [String, nil] what the log calls it
        # @return [Array<FunctionWrapper>] a row each
        def from_sql_function(sql, binds = [], name = nil)
          rows = connection.select_all(sql, name, binds.map { |bind| convert_array_bind(bind) })
          rows.map { |row| new(row.slice(*attribute_names)) }
        end

        # @return [FunctionWrapper, nil] the only row
        def single_from_sql_function(...) = from_sql_function(...).first

        # @return [Object] an array as PostgreSQL writes it: of numbers and UUIDs, which need no quotes; anything else as it is
        def convert_array_bind(bind) = bind.is_a?(Array) ? "{#{bind.join(",")}}" : bind

        # @return [ActiveRecord::ConnectionAdapters::AbstractAdapter]
        def connection
          Connections.of(ApplicationRecord)
        end

        private

        # Calls a function of the schema and gives its rows.
        #
        # @param function [String] with its parameters: `why($1::uuid)`
        def call_function(function, *binds)
          schema = connection.quote_table_name(ApplicationRecord.schema)
          from_sql_function("select * from #{schema}.#{function}", binds, "#{name} Load")
        end
      end

      # @return [true]
      def readonly? = true

      # @return [Hash{Symbol => Object}]
      def to_h = attributes.symbolize_keys

      # For people.
      def inspect = "#<#{self.class.name} #{to_h.map { |name, value| "#{name}: #{value.inspect}" }.join(", ")}>"
    end
  end
end
