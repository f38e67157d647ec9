# frozen_string_literal: true

module Tasker
  module Types
    # The steps of a task in template order, as `process(task, sequence, step)` gets them.
    #
    # The engine gives handlers a {Tasker::StepSequence}, which answers the same; this one is made of steps that are there, as in
    # tests: `Tasker::Types::StepSequence.new(steps: [step])`.
    class StepSequence < Value
      include Enumerable

      attribute :steps, Kind::LIST, default: [].freeze

      # @param name [String, Symbol]
      # @return [Object, nil] the step of that name
      def find_step_by_name(name) = steps.find { |step| step.name == name.to_s }

      # @param name [String, Symbol]
      # @return [Object] what the step of that name returned
      # @raise [KeyError] there is no such step
      def results(name)
        step = find_step_by_name(name)
        raise KeyError.new("there is no step '#{name}' in this sequence", receiver: self, key: name) if step.nil?

        step.results
      end

      def each(&) = steps.each(&)

      # Steps are not told apart by what a Hash would say of them.
      def ==(other) = other.instance_of?(self.class) && other.steps == steps

      def hash = [self.class, steps].hash
    end
  end
end
