# frozen_string_literal: true

module Tasker
  class Import
    # What the ancestor's tables hold, what would become of it, and what stands against importing it. Made without writing anything.
    class Survey
      # @return [String] where the ancestor's tables lie
      attr_reader :source_schema
      # @return [Hash{String => Integer}] by what is counted: `tasks`, `steps`, `namespaces`, …
      attr_reader :counts
      # @return [Hash{String => Integer}] by state the number of tasks that have not come over yet
      attr_reader :tasks
      # @return [Hash{String => Integer}] what becomes of the steps of tasks that have not ended, by what it is: `ready`, `waiting`,
      #   `interrupted`, `lost`, `failed`
      attr_reader :fates
      # @return [Hash{String => Array<String>}] for each named task with open tasks the steps that no template of the application
      #   has
      attr_reader :unserved
      # @return [Array<String>] what has to be set right first
      attr_reader :problems
      # @return [Array<String>] what is worth a thought
      attr_reader :warnings

      # @api private
      def initialize(database, source, target)
        @source_schema = database.source_schema
        @name = database.name
        obstacle = target.problem
        map = Map.new(database).there?
        @problems = [*obstacle, *source.problems]
        database.transaction(read_only: true) do
          @counts = database.rows("survey_counts").to_h { |row| row.values_at("what", "count") }
          @tasks = database.rows(map ? "survey_tasks" : "survey_tasks_at_first").to_h { |row| row.values_at("state", "count") }
          @open = database.rows("survey_open").first
          @unserved = unserved_steps(database, Served.new(database, registered: obstacle.nil?))
        end
        @fates = @open.slice("ready", "waiting", "interrupted", "lost", "failed")
        @warnings = warnings_of(obstacle ? [] : target.workers)
      end

      # @return [Boolean] whether nothing stands against it
      def ok? = problems.empty?

      # For people.
      def to_s
        [
          "tasker-engine 1.0 in the schema \"#{source_schema}\" of the database \"#{@name}\":",
          *counts.map { |what, count| format("  %12d %s", count, what) },
          "", "Tasks to import: #{tasks.empty? ? "none" : tasks.map { |state, count| "#{count} #{state}" }.join(", ")}.",
          *fate_lines, *list("Steps of open tasks that no template of the application has:", unserved_lines),
          *list("Worth a thought:", warnings), *list("To be set right first:", problems), "", "Nothing was written."
        ].join("\n")
      end

      private

      def unserved_steps(database, served)
        database.rows("survey_steps").reject { |row| served.include?(*row.values_at("namespace", "name", "step")) }
          .group_by { |row| "#{row["namespace"]}.#{row["name"]}@#{row["version"]}" }
          .transform_values { |rows| rows.map { |row| row["step"] } }
      end

      def unserved_lines = unserved.sort.map { |named_task, steps| "#{named_task}: #{steps.join(", ")}" }

      def fate_lines
        lines = {
          "ready" => "would run as soon as a worker is there", "waiting" => "have failed and would be tried again",
          "interrupted" => "were in progress and would run again",
          "lost" => "were in progress and may run only once: they would fail for good", "failed" => "have failed for good"
        }.filter_map { |fate, what| "#{fates[fate]} #{what}" if fates[fate].positive? }
        list("Steps of open tasks:", lines)
      end

      def list(title, lines) = lines.empty? ? [] : ["", title, *lines.map { |line| "  #{line}" }]

      def warnings_of(workers)
        [
          ("#{@open["old"]} open tasks are older than 30 days, the oldest of #{@open["oldest"]}: they would go on, too. " \
           "PAUSE_BEFORE=#{@open["month_ago"]} imports them paused" if @open["old"].positive?),
          ("the ancestor's newest transition is of #{@open["newest"]}, not a minute ago: is every process of it stopped?" \
            if @open["recent"]),
          ("workers are alive, and have to be stopped while open tasks are imported: #{workers.join(", ")}" if workers.any?)
        ].compact
      end
    end
  end
end
