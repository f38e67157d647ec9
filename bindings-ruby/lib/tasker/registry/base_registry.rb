# frozen_string_literal: true

require "monitor"
require "active_support/core_ext/object/blank"
require "active_support/core_ext/string/inflections"

module Tasker
  module Registry
    # A registry: things by name, which any thread may read and change, and which tells how many there are.
    class BaseRegistry
      # Begins with nothing.
      def initialize
        @lock = Monitor.new
        @created_at = Time.now
      end

      # @return [String]
      def registry_name = self.class.name.demodulize.underscore

      # @return [Hash{Symbol => Object}] how many there are, and of what kind
      def stats
        raise NotImplementedError, "#{self.class} must have stats"
      end

      # @return [Hash] everything that is registered
      def all_items
        raise NotImplementedError, "#{self.class} must have all_items"
      end

      # Forgets everything.
      #
      # @return [true]
      def clear!
        raise NotImplementedError, "#{self.class} must have clear!"
      end

      # @return [Hash{Symbol => Object}] `registry_name`, `created_at`, `uptime_seconds`
      def base_stats
        {registry_name:, created_at: @created_at, uptime_seconds: (Time.now - @created_at).to_i}
      end

      # @return [Boolean] whether it can say what it has
      def healthy?
        stats
        true
      rescue
        false
      end

      # @return [Hash{Symbol => Object}] `healthy`, `registry_name`, `stats`, `last_check`
      def health_check
        {healthy: healthy?, registry_name:, stats:, last_check: Time.now}
      end

      # Does something while nobody else changes the registry.
      def thread_safe_operation(&) = @lock.synchronize(&)

      protected

      # @raise [ArgumentError] something is missing
      def validate_registration_params!(name, entity_class)
        raise ArgumentError, "Name cannot be blank" if name.blank?
        raise ArgumentError, "Entity class cannot be nil" if entity_class.nil?
      end
    end
  end
end
