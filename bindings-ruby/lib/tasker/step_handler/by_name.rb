# frozen_string_literal: true

module Tasker
  module StepHandler
    # A handler that is a class, known by its name: the class is looked up at each attempt, so that one that Rails has reloaded is
    # used at once.
    class ByName
      # @return [String] the name of the class
      attr_reader :class_name

      # @param class_name [String]
      def initialize(class_name)
        @class_name = class_name.dup.freeze
        freeze
      end

      # @param step [Step]
      # @return [Object] its results
      def call(step) = StepHandler.invoke(class_name, step)

      # For people.
      def to_s = class_name

      # For people.
      def inspect = "#<Tasker::StepHandler::ByName #{class_name}>"
    end
  end
end
