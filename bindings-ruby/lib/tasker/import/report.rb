# frozen_string_literal: true

module Tasker
  class Import
    # What a run of the import has done.
    class Report
      # @return [Verification, nil] what comparing has found; nil where it was not asked for
      attr_accessor :verification

      # Begins with nothing done.
      def initialize
        @numbers = PARTS.to_h { |part| [part, Numbers.none] }
      end

      # @param part [Symbol] `:open` or `:ended`
      # @param numbers [Numbers] of one more batch
      # @return [void]
      def add(part, numbers)
        @numbers[part] += numbers
      end

      # @param part [Symbol] `:open` or `:ended`
      # @return [Numbers]
      def [](part) = @numbers.fetch(part)

      # @return [Numbers] of both parts
      def total = @numbers.each_value.sum(Numbers.none)

      # @return [Boolean] whether nothing was found that is not what it was
      def ok? = verification.nil? || verification.ok?

      # @return [Hash{String => Array<String>}] for each named task the handlers that nobody is known for; see {Plans}
      def unserved = total.unserved

      # For people.
      def to_s = [imported, *fates, *unserved_lines, *verification&.to_s].join("\n")

      private

      def imported
        return "There was nothing left to import." if total.tasks.zero?

        "Imported #{total.tasks} tasks with #{total.steps} steps, #{total.moves} moves and #{total.annotations} annotations: " \
          "#{self[:open].tasks} that have not ended, #{self[:ended].tasks} of the history."
      end

      def fates
        [
          [total.ready, "steps may run at once"],
          [total.waiting, "failed steps will be tried again"],
          [total.interrupted, "of the steps that may run were in progress when tasker-engine 1.0 was stopped"],
          [total.lost, "steps were in progress and may run only once: they have failed for good (worker_lost)"],
          [total.cancelled, "open steps of tasks that had ended are cancelled"],
          [total.paused, "tasks are paused: bin/tasker task list --paused"]
        ].filter_map { |count, what| "  #{count} #{what}" if count.positive? }
      end

      def unserved_lines
        return [] if unserved.empty?

        ["No template of the application has these steps. Register handlers of these names, or look at the tasks by hand:",
         *unserved.sort.map { |named_task, handlers| "  #{named_task}: #{handlers.sort.join(", ")}" }]
      end
    end
  end
end
