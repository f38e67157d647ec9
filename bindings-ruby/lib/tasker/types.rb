# frozen_string_literal: true

module Tasker
  # Values that are passed around: immutable, checked when they are made, equal where their attributes are.
  #
  #   Tasker::Types::TaskRequest.new(name: "process_order", namespace: "ecommerce", context: {order_id: 7})
  module Types
    autoload :AuthConfig, "tasker/types/auth_config"
    autoload :BackoffConfig, "tasker/types/backoff_config"
    autoload :BaseConfig, "tasker/types/base_config"
    autoload :CacheConfig, "tasker/types/cache_config"
    autoload :DatabaseConfig, "tasker/types/database_config"
    autoload :DependencyGraph, "tasker/types/dependency_graph"
    autoload :DependencyGraphConfig, "tasker/types/dependency_graph_config"
    autoload :EngineConfig, "tasker/types/engine_config"
    autoload :ExecutionConfig, "tasker/types/execution_config"
    autoload :GraphEdge, "tasker/types/dependency_graph"
    autoload :GraphMetadata, "tasker/types/dependency_graph"
    autoload :GraphNode, "tasker/types/dependency_graph"
    autoload :HealthConfig, "tasker/types/health_config"
    autoload :Kind, "tasker/types/kind"
    autoload :RetentionConfig, "tasker/types/retention_config"
    autoload :StepSequence, "tasker/types/step_sequence"
    autoload :StepTemplate, "tasker/types/step_template"
    autoload :TaskRequest, "tasker/types/task_request"
    autoload :TelemetryConfig, "tasker/types/telemetry_config"
    autoload :Value, "tasker/types/value"
  end
end
