# frozen_string_literal: true

module Tasker
  class Import
    # The steps that the application has handlers for: those of its templates, registered or not yet, whatever their version.
    # @api private
    class Served
      # @param database [Database]
      # @param registered [Boolean] whether the engine's schema is there to be asked
      def initialize(database, registered:)
        @steps = Set.new
        add_registered(database) if registered
        Tasker.templates.keys.each { |key| add(key) }
      end

      # @return [Boolean]
      def include?(namespace, name, step) = @steps.include?([namespace, name, step])

      private

      def add_registered(database)
        @steps.merge(database.rows("survey_served").map { |row| row.values_at("namespace", "name", "step") })
      end

      def add(key)
        source = Tasker.templates[key]&.source or return
        source = TaskBuilder.load_yaml(source) unless source.is_a?(Hash)
        steps = source.with_indifferent_access.fetch(:step_templates, [])
        @steps.merge(steps.map { |step| [key.namespace, key.name, step[:name].to_s] })
      end
    end
  end
end
