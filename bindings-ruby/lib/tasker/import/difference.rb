# frozen_string_literal: true

module Tasker
  class Import
    # A task, or a step of one, that is not what it was.
    #
    # @!attribute [r] old_task_id
    #   @return [Integer]
    # @!attribute [r] task_id
    #   @return [String]
    # @!attribute [r] step_no
    #   @return [Integer] 0 for the task itself
    # @!attribute [r] there
    #   @return [Hash{String => Object}] what the ancestor has, of all that differs; large contents as `md5 …`
    # @!attribute [r] here
    #   @return [Hash{String => Object}, nil] what the engine has; nil where it is missing
    Difference = Data.define(:old_task_id, :task_id, :step_no, :there, :here) do
      def to_s = "task #{old_task_id} (#{task_id})#{place}: #{here ? facts : "it is missing"}"

      private

      def place = (", step #{step_no}" if step_no.positive?)

      def facts
        there.keys.sort.map { |key| large?(key) ? "#{key} differs" : "#{key} was #{there[key]}, is #{here[key]}" }.join("; ")
      end

      def large?(key) = there[key].to_s.start_with?("md5 ") || here[key].to_s.start_with?("md5 ")
    end
  end
end
