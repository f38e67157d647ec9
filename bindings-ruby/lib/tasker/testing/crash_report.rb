# frozen_string_literal: true

module Tasker
  module Testing
    # What has become of a workflow whose process died at each point at which it could, the undisturbed run first.
    class CrashReport
      # @return [Array<Record>] each with `crash` (`step`, `attempt`, `when`; nil for the undisturbed run), `status`, `executions`
      #   (a number for each step) and `problems`
      attr_reader :variants

      # @api private
      def initialize(told)
        @variants = Record.all(told["variants"])
      end

      # @return [Array<Record>] the variants in which something is wrong
      def broken = variants.reject { |variant| variant.problems.empty? }

      # @return [Boolean] whether the workflow is right wherever its process dies
      def right? = broken.empty?

      # @param step [String, Symbol]
      # @return [Integer] the most that the handler of a step was executed in one variant
      def most_executions_of(step) = variants.map { |variant| variant.executions.fetch(step, 0) }.max || 0

      # @return [String] what is wrong, and where the process died, line by line
      def to_s
        points = variants.size - 1
        return "right at each of #{points} points at which its process can die" if right?

        ["wrong in #{broken.size} of #{points + 1} runs, #{points} of them with a crash:", *broken.flat_map { |one| lines(one) }]
          .join("\n")
      end

      # For people.
      def inspect = "#<#{self.class.name} #{self}>"

      private

      def lines(variant)
        ["- #{place(variant.crash)}:", *variant.problems.map { |problem| "    #{problem}" }]
      end

      def place(crash)
        return "undisturbed" if crash.nil?

        "the process died #{crash[:when].tr("_", " ")} of '#{crash[:step]}' (attempt #{crash[:attempt]})"
      end
    end
  end
end
