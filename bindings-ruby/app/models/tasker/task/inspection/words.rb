# frozen_string_literal: true

module Tasker
  class Task
    class Inspection
      # The reasons for which a step does not go on, in words: those of core/src/model/why.rs, which a spec holds them to.
      # @api private
      module Words
        WORDS = {
          "running" => "runs",
          "stuck" => "runs past its deadline",
          "worker_lost" => "is held by a worker that has not been heard of for longer than its lease",
          "ready" => "is ready and waits for a worker with room",
          "waits_for_slot" => "is ready and waits for a slot in which it can start at once",
          "waits_alone" => "is ready and waits for a worker that does nothing else",
          "backoff" => "waits for its next attempt",
          "worker_hangs" => "is ready, but the workers with its handler have stopped asking for work",
          "no_worker" => "is ready, but no live worker has its handler",
          "paused" => "is paused",
          "stranded" => "would never be claimed by anybody",
          "cancelled" => "was cancelled",
          "exhausted" => "has failed as often as it may",
          "permanent_failure" => "failed, and said that trying again is of no use",
          "quarantined" => "is quarantined: too many worker processes died while they held it",
          "dependency" => "waits for another step",
          "cancelled_upstream" => "cannot run: a step before it was cancelled",
          "failed_upstream" => "cannot run: a step before it failed for good",
          "finished" => "has ended"
        }.freeze

        # The reasons that lie with another step, and how they begin where that one is named.
        UPSTREAM = {
          "dependency" => "waits for", "cancelled_upstream" => "cannot run after", "failed_upstream" => "cannot run after"
        }.freeze

        MARKS = {
          "running" => "●", "backoff" => "↻", "paused" => "‖", "finished" => "✔",
          "cancelled" => "⊘", "cancelled_upstream" => "⊘",
          "stuck" => "!", "worker_lost" => "!", "worker_hangs" => "!", "no_worker" => "!",
          "ready" => "○", "waits_for_slot" => "○", "waits_alone" => "○", "dependency" => "○"
        }.freeze

        UNITS = {"d" => 86_400, "h" => 3600, "min" => 60}.freeze

        module_function

        # @return [String] a reason that is new here as it is called
        def of(reason) = WORDS.fetch(reason) { "is #{reason.tr("_", " ")}" }

        # @return [String] a reason, before the name of the step that it lies with
        def upstream(reason) = UPSTREAM.fetch(reason) { of(reason) }

        # @return [Boolean] whether a reason lies with the step itself
        def own?(reason) = reason != "finished" && !UPSTREAM.key?(reason)

        # @return [String]
        def mark(reason) = MARKS.fetch(reason, "✖")

        # @return [String, nil] what could be done about a step
        def advice(step)
          this = "task.step(#{step.name.inspect})"
          case step.reason
          when "backoff" then "#{step.name}: it goes on by itself; #{this}.retry! tries it now"
          when "exhausted", "permanent_failure", "stranded"
            "#{step.name}: #{this}.retry!, or #{this}.resolve!(results); task.retry! for all that failed"
          when "quarantined"
            "#{step.name}: find out why the processes died, then #{this}.retry!(reset_attempts: true)"
          when "no_worker" then "#{step.name}: start a worker that has the handler #{step.handler}"
          when "worker_hangs" then "#{step.name}: restart the workers: a handler or a lock in them does not come back"
          when "stuck" then "#{step.name}: its handler has to return; until then its worker keeps the slot"
          when "worker_lost" then "#{step.name}: any live worker takes it back by itself; is one running?"
          when "paused" then "#{step.name}: resume what is paused: task.resume!, or its name, namespace or handler"
          end
        end

        # @return [String] a time that is past
        def ago(seconds) = "#{duration(seconds)} ago"

        # @return [String] one number that says enough
        def duration(seconds)
          unit, size = UNITS.find { |_, size| seconds >= size }
          unit ? "#{(seconds.to_f / size).round} #{unit}" : "#{[seconds, 0].max.round(1)} s"
        end
      end
    end
  end
end
