# frozen_string_literal: true

module Tasker
  module Types
    # A step in a graph: one of a template, or one of a task.
    class GraphNode < Value
      attribute :id, Kind::STRING
      attribute :name, Kind::STRING
      attribute :type, Kind::STRING
      attribute :state, Kind::STRING.optional, default: nil
      attribute :readiness_status, Kind::HASH.optional, default: nil
      attribute :metadata, Kind::HASH, default: {}.freeze
    end

    # That one step waits for another.
    class GraphEdge < Value
      attribute :from, Kind::STRING
      attribute :to, Kind::STRING
      attribute :relationship, Kind::STRING, default: "prerequisite"
      attribute :metadata, Kind::HASH, default: {}.freeze
    end

    # What a graph is of.
    class GraphMetadata < Value
      attribute :graph_type, Kind::STRING
      attribute :handler_name, Kind::STRING.optional, default: nil
      attribute :task_id, Kind::STRING.optional, default: nil
      attribute :total_nodes, Kind::INTEGER
      attribute :total_edges, Kind::INTEGER
      attribute :execution_context, Kind::HASH.optional, default: nil
      attribute :additional_data, Kind::HASH, default: {}.freeze
    end

    # A graph of steps.
    class DependencyGraph < Value
      # @param type [Class] of Value
      # @return [Kind] such values, or the Hashes to make them of
      def self.kind_of_value(type)
        Kind.new("a #{type.name}") do |value|
          next value if value.is_a?(type)

          value.respond_to?(:to_hash) ? type.new(value.to_hash) : Kind.mismatch
        end
      end
      private_class_method :kind_of_value

      attribute :nodes, Kind.list_of(kind_of_value(GraphNode), "nodes")
      attribute :edges, Kind.list_of(kind_of_value(GraphEdge), "edges")
      attribute :metadata, kind_of_value(GraphMetadata)
    end
  end
end
