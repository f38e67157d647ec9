# frozen_string_literal: true

require "active_support/core_ext/string/filters"

module Tasker
  class Task
    # How a task stands, for people: its state and progress, each step with its attempts, why it does not go on, and what could be
    # done. In a console it shows itself; `puts` prints it.
    #
    #   ecommerce.process_order@1.0.0 is in_progress: 1 of 3 steps done (33.3 %), recovering
    #     task     0198c0de-…
    #     created  2026-11-27 12:00:00 UTC (3 min ago)
    #
    #   ✔ 1 validate_cart    complete  1 of 3  has ended 3 min ago
    #   ↻ 2 process_payment  error     1 of 3  waits for its next attempt, in 12 s: the bank is closed
    #   ○ 3 ship             pending   0 of 3  waits for process_payment, which waits for its next attempt
    #
    #   What to do
    #   process_payment: it goes on by itself; task.step("process_payment").retry! tries it now
    #
    # It is told as of when it was asked for.
    class Inspection
      # How many steps are told; of more, those that others wait for.
      LINES = 100

      # @param task [Task]
      def initialize(task)
        @task = task
        @now = Time.current
        @context = TaskExecutionContext.find(task.task_id)
        @answer, *@steps = task.why
      end

      # @return [String]
      def to_s = @text ||= [headline, *facts, "", *step_lines, *advice].join("\n")
      alias_method :to_str, :to_s
      alias_method :inspect, :to_s

      private

      def headline
        "#{@task.full_name} is #{@context.status}: #{@context.completed_steps} of #{@context.total_steps} steps done " \
          "(#{@context.completion_percentage.to_f.round(1)} %), #{@context.health_status}#{verdict}"
      end

      # Of a task that has not ended, what its liveliest step does.
      def verdict = (": #{@answer.blocked_by} #{Words.of(@answer.reason)}" if @answer.blocked_by)

      def facts
        facts = {
          "task" => @task.task_id,
          "created" => moment(@task.created_at),
          "started" => moment(@task.started_at),
          "ended" => moment(@task.completed_at),
          "paused" => paused,
          "asked by" => known(@task.initiator),
          "source" => known(@task.source_system),
          "reason" => known(@task.reason),
          "tags" => @task.tags.join(", ").presence,
          "bypassed" => @task.bypass_steps.join(", ").presence,
          "context" => @task.context.presence&.to_json&.truncate(160)
        }.compact
        facts.map { |label, value| "  #{label.ljust(9)}#{value}" }
      end

      def moment(at) = ("#{at.utc.strftime("%Y-%m-%d %H:%M:%S UTC")} (#{Words.ago(@now - at)})" if at)

      def paused = ([moment(@task.paused_at), *@task.paused_by, *@task.paused_reason].join(", ") if @task.paused?)

      def known(value) = (value unless value == "unknown")

      def step_lines
        lines = shown.map { |step| cells(step) }
        widths = lines.transpose.map { |column| column.map(&:length).max }
        texts = lines.map { |line| line.zip(widths).map { |cell, width| cell.ljust(width) }.join("  ").rstrip }
        texts + rest
      end

      def shown
        @shown ||= @steps.size > LINES ? @steps.select { |step| Words.own?(step.reason) }.first(LINES) : @steps
      end

      def rest
        counts = (@steps - shown).group_by(&:reason).map { |reason, steps| "#{steps.size} #{reason}" }
        counts.any? ? ["… and #{@steps.size - shown.size} more: #{counts.join(", ")}"] : []
      end

      def cells(step)
        ["#{Words.mark(step.reason)} #{step.step_no}", step.name, step.state, "#{step.attempts} of #{step.retry_limit}", told(step)]
      end

      def told(step)
        return "#{Words.of("finished")} #{Words.ago(@now - step.since)}" if step.reason == "finished"
        return "#{Words.upstream(step.reason)} #{step.blocked_by}, which #{Words.of(step.blocked_by_reason)}" if step.blocked_by

        [Words.of(step.reason), due(step), paused_by(step), operator(step), failure(step)].compact.join
      end

      def due(step) = (", in #{Words.duration(step.next_at - @now)}" if step.next_at && step.next_at > @now)

      def paused_by(step)
        return unless step[:pauses]

        ": #{step[:pauses].map { |pause| [pause["scope"].tr("_", " "), *pause["name"], *by_whom(pause)].join(" ") }.join("; ")}"
      end

      def operator(step) = (": #{by_whom(step[:operator]).join(" ")}" if step[:operator]&.values_at("by", "reason")&.any?)

      def by_whom(said) = [("by #{said["by"]}" if said["by"]), ("(#{said["reason"]})" if said["reason"])].compact

      def failure(step)
        failure = step[:failure] or return
        code = " [#{failure["error_code"]}]" if failure["error_code"]
        ": #{failure["error"].to_s.lines.first.to_s.strip.truncate(200)}#{code}"
      end

      def advice
        told = shown.filter_map { |step| Words.advice(step) }.uniq
        told.any? ? ["", "What to do", *told] : []
      end
    end
  end
end
