# frozen_string_literal: true

module Tasker
  # What registries have in common.
  module Registry
    autoload :BaseRegistry, "tasker/registry/base_registry"
    autoload :StatisticsCollector, "tasker/registry/statistics_collector"

    # What is wrong with a registry.
    class RegistryError < Error; end

    # What was to be registered is not what it has to be.
    class ValidationError < RegistryError; end

    # It could not be registered.
    class RegistrationError < RegistryError; end
  end
end
