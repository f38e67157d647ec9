# frozen_string_literal: true

module Tasker
  # What the functions of the schema answer, as objects. They read on ActiveRecord's connection, and so see what its transaction
  # wrote; docs/reference/sql-functions.md says what they mean.
  module Functions
    autoload :FunctionWrapper, "tasker/functions/function_wrapper"
    autoload :FunctionBasedAnalyticsMetrics, "tasker/functions/function_based_analytics_metrics"
    autoload :FunctionBasedDependencyLevels, "tasker/functions/function_based_dependency_levels"
    autoload :FunctionBasedSlowestSteps, "tasker/functions/function_based_slowest_steps"
    autoload :FunctionBasedSlowestTasks, "tasker/functions/function_based_slowest_tasks"
    autoload :FunctionBasedStepReadinessStatus, "tasker/functions/function_based_step_readiness_status"
    autoload :FunctionBasedSystemHealthCounts, "tasker/functions/function_based_system_health_counts"
    autoload :FunctionBasedTaskExecutionContext, "tasker/functions/function_based_task_execution_context"
    autoload :Why, "tasker/functions/why"
  end
end
