# frozen_string_literal: true

module Tasker
  module TaskHandler
    # The steps of a task handler, and where they are written: in code, or in YAML.
    #
    # Those of YAML are of the file as it stands. The sections of `environments` are the engine's to merge, when it is registered.
    class Definition
      # @return [Hash, nil] what the YAML says; nil where the steps are written in code
      attr_reader :config
      # @return [String, Pathname, nil] the path of the file
      attr_reader :path

      # @param steps [Array<Types::StepTemplate>]
      # @return [Definition]
      def self.in_code(steps) = new { steps }

      # @param config [Hash]
      # @param path [String, Pathname, nil]
      # @return [Definition]
      def self.in_yaml(config, path)
        new(config:, path:) do
          system = config["default_dependent_system"]
          # Keys that a later engine may have are the engine's to judge.
          known = Types::StepTemplate.attributes.keys.map(&:to_s)
          config["step_templates"].map do |step|
            Types::StepTemplate.new({"dependent_system" => system, **step.slice(*known).compact})
          end
        end
      end

      # @yieldreturn [Array<Types::StepTemplate>]
      def initialize(config: nil, path: nil, &steps)
        @config = config
        @path = path
        @steps = steps
      end

      # @return [Array<Types::StepTemplate>] in order
      def step_templates = @step_templates ||= @steps.call.freeze

      # @return [Hash, nil] the JSON Schema of the context, where YAML says it
      def schema = config&.fetch("schema", nil)

      EMPTY = in_code([].freeze)
    end
  end
end
