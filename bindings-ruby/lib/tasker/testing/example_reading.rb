# frozen_string_literal: true

require "time"

module Tasker
  module Testing
    # What an {ExampleClient} can look at, on the connection of the example: see {Reading}.
    #
    # The statements are the engine's, in copies: `core/src/store/sql`. Only the one that finds tasks is written anew, since the engine
    # puts that together. Specs hold the copies to their originals, and each answer to that of a {Client}.
    # @api private
    module ExampleReading
      STATEMENTS = Dir.children(File.join(__dir__, "sql"))
        .to_h { |file| [File.basename(file, ".sql"), File.read(File.join(__dir__, "sql", file), encoding: Encoding::UTF_8)] }.freeze
      # What tasks are filtered by.
      OF_TASKS = %w[
        namespace name version status tags since created_before paused error_code initiator source_system annotation completed_since
        completed_before context after limit
      ].freeze
      # What steps of all tasks are filtered by, in the order of the statement's parameters.
      OF_STEPS = %w[
        namespace task_name version tags since created_before task_id names handler status error_code waiting of_open_tasks
      ].freeze
      # Where nothing is said, these are lists, or say no.
      UNSAID = {"tags" => [], "names" => [], "status" => [], "of_open_tasks" => false}.freeze
      # Where counting ends, unless told otherwise.
      MOST = 1_000_000
      private_constant :STATEMENTS, :OF_TASKS, :OF_STEPS, :UNSAID, :MOST

      def task(task_id) = test.report(task_id).task

      def task_state(task_id) = task(task_id).status

      def steps(task_id) = test.report(task_id).steps

      def step(task_id, step)
        report = test.report(task_id)
        report.steps.find { |one| step.is_a?(Integer) ? one.workflow_step_id == step : one.name == step.to_s } ||
          raise(NotFoundError.new("task #{task_id} has no step '#{step}'", kind: "not_found", code: 2001))
      end

      def transitions(task_id, step = nil)
        number = number_of(task_id, step)
        number ? records("step_transitions", task_id, number) : records("task_transitions", task_id)
      end

      def why(task_id, step = nil) = records("why", task_id, number_of(task_id, step))

      def readiness(task_id) = records("readiness", task_id)

      def list_annotations(task_id)
        task(task_id)
        records("list_annotations", [task_id])
      end

      def list_steps(task_id, status: nil, handler: nil, error_code: nil, after: nil, limit: nil)
        task(task_id)
        records("list_steps", task_id, after, given(status:)["status"] || [], handler, error_code, page(limit, 50))
      end

      def list_tasks(**filter)
        filter = known(OF_TASKS, filter)
        records("tasks", rows("find_tasks", Values.to_argument(filter), page(filter["limit"], 50)))
      end

      def count_tasks(most: nil, **filter)
        rows("find_tasks", Values.to_argument(known(OF_TASKS, filter)), most || MOST).size
      end

      def find_steps(limit: nil, **filter) = records("find_steps", *search(filter), page(limit, 200))

      def count_steps(most: nil, **filter) = Integer(rows("count_steps", *search(filter), most || MOST).first)

      def list_namespaces(containing: nil, after: nil, limit: nil)
        records("list_namespaces", containing, after, page(limit, 50))
      end

      def list_handlers(containing: nil, after: nil, limit: nil) = records("list_handlers", containing, after, page(limit, 50))

      def named_tasks(namespace: nil) = records("named_tasks", namespace)

      def template(name, namespace: "default", version: nil)
        found = records("template", namespace, name.to_s, version, nil)
        found.map { |one| without_gaps(one) }.first || raise(unknown(namespace, name, version))
      end

      def template_contents(name, namespace: "default")
        records("template_contents", namespace, name.to_s).tap { |found| raise unknown(namespace, name) if found.empty? }
      end

      private

      # The number of a step, where one is asked for; that there is such a task is asked in any case.
      def number_of(task_id, step) = step.nil? ? task(task_id).then { nil } : step(task_id, step).workflow_step_id

      def search(filter)
        given = UNSAID.merge(known([*OF_STEPS, "after", "limit"], filter))
        [*given.values_at(*OF_STEPS), *(given["after"] || [nil, nil])]
      end

      # A filter as JSON says it, with times in RFC 3339.
      def given(filter) = Values.from_json(Values.to_argument(filter.compact))

      def known(keys, filter)
        given(filter).tap do |given|
          unknown = (given.keys - keys).first
          refuse("a filter has no '#{unknown}'; it may have #{keys.join(", ")}") if unknown
          unknown = (Array(given["status"]) - Constants::VALID_TASK_STATUSES).first
          refuse("no task and no step is '#{unknown}': they are #{Constants::VALID_TASK_STATUSES.join(", ")}") if unknown
        end
      end

      def refuse(problem) = raise(InvalidArgumentError.new(problem, kind: "invalid_argument", code: 1001))

      def page(limit, otherwise) = (limit || otherwise).then { |count| count.zero? ? 20 : [count, 1000].min }

      def unknown(namespace, name, version = nil)
        UnknownNamedTaskError.new(
          "no template is registered for the task '#{name}'#{" version #{version}" if version} in the namespace '#{namespace}'",
          kind: "unknown_named_task", code: 1004
        )
      end

      # What a template does not say is not there.
      def without_gaps(template)
        template.reject { |member, value| value.nil? || (member == "searchable" && value == []) }
      end

      def rows(statement, *parameters)
        sql = STATEMENTS.fetch(statement).gsub(/\btasker\./, "\"#{@example.schema}\".")
        ask(sql, parameters.map { |value| text_of(value) })
      end

      def records(statement, *) = rows(statement, *).map { |row| in_utc(Record.new(Values.from_json(row))) }

      # A parameter as text: PostgreSQL knows what each is to be.
      def text_of(value)
        return value&.to_s unless value.is_a?(Array)

        "{#{value.map { |one| "\"#{one.to_s.gsub(/["\\]/) { |mark| "\\#{mark}" }}\"" }.join(",")}}"
      end

      # Times as the engine writes them, whatever the connection's time zone is.
      def in_utc(record)
        record.each do |member, value|
          record[member] = rfc3339(value) if value.is_a?(String) && (member.end_with?("_at") || member == "since")
          in_utc(value) if member == "pause" && value
          value.each { |one| in_utc(one) } if member == "paused_tasks"
        end
      end

      def rfc3339(text)
        time = Time.iso8601(text).utc
        time.iso8601([0, 3, 6].find { |digits| time.nsec % (10**(9 - digits)) == 0 })
      end
    end
  end
end
