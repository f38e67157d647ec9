# frozen_string_literal: true

require "delegate"

module Tasker
  module Testing
    # What {Tasker.client} is while an example is in a transaction: it creates, looks at and operates on tasks in that transaction,
    # on the clock of the test. Nobody else sees them, so that waiting for a task means to run it.
    #
    # What it does not know it asks of the real client, which sees what is committed.
    # @api private
    class ExampleClient < Delegator
      # @param example [Example]
      def initialize(example) # rubocop:disable Lint/MissingSuper -- the real client is made when it is asked for something
        @example = example
      end

      # @return [Client] the real one
      def __getobj__ = @client ||= Testing.outside { Tasker.client }

      def create_task(name, **request) = test.create(name, **request)

      def create_tasks(requests) = requests.map { |request| test.create(request.fetch(:name), **request.except(:name)) }

      # There is no other connection than that of the example.
      def create_task_in(_connection, name, **request) = create_task(name, **request)

      def create_tasks_in(_connection, requests) = create_tasks(requests)

      def register_template(source, **) = Record.new(registered: @example.begun.register(source))

      def task(task_id) = test.report(task_id).task

      def task_state(task_id) = task(task_id).status

      def steps(task_id) = test.report(task_id).steps

      def step(task_id, step) = test.report(task_id).then { |report| found(report, step) }

      def wait(task_id, **) = test.run_to_end(task_id).task

      def wait_state(task_id, **) = wait(task_id).status

      %i[cancel_task retry_task resolve_task].each do |verb|
        define_method(verb) { |task_id, **operator| test.public_send(verb, task_id, **operator).task }
      end

      def cancel_step(task_id, step, **operator) = on_step(task_id, step) { |name| test.cancel_step(task_id, name, **operator) }

      def retry_step(task_id, step, **operator) = on_step(task_id, step) { |name| test.retry_step(task_id, name, **operator) }

      def resolve_step(task_id, step, results = {}, **operator)
        on_step(task_id, step) { |name| test.resolve_step(task_id, name, results:, **operator) }
      end

      def update_task(task_id, by: nil, **changes)
        tags = changes[:tags]&.then { |all| Values.to_argument(all) }
        array = "case when $3::jsonb is not null then array(select jsonb_array_elements_text($3::jsonb)) end"
        execute("update_task($1::uuid, $2, #{array}, $4::int)", task_id, changes[:reason], tags, changes[:priority]&.to_s)
        task(task_id)
      end

      def update_step(task_id, step, by: nil, reason: nil, **changes)
        on_step(task_id, step) do |name|
          inputs = changes[:inputs]&.then { |given| Values.to_argument(given) }
          number = step(task_id, name).workflow_step_id.to_s
          execute(
            "update_step($1::uuid, $2::int, $3::int, $4::jsonb, $5, $6)",
            task_id, number, changes[:retry_limit]&.to_s, inputs, by, reason
          )
          test.report(task_id)
        end
      end

      def annotate_task(task_id, annotation_type, annotation)
        annotation = Values.to_argument(annotation)
        execute("annotate_task($1::uuid, $2, $3::jsonb)", task_id, annotation_type.to_s, annotation)
        list_annotations(task_id).last
      end

      def list_annotations(task_id)
        task(task_id)
        notes = Connections.execute_on(@example.connection).call(<<~SQL, [task_id])
          select jsonb_build_object('task_annotation_id', a.task_annotation_id, 'task_id', a.task_id, 'annotation_type', y.name,
            'annotation', a.annotation, 'created_at', a.created_at)::text
          from "#{@example.schema}".task_annotations a join "#{@example.schema}".annotation_types y using (annotation_type_id)
          where a.task_id = $1::uuid order by a.task_annotation_id
        SQL
        notes.map { |note| Record.new(Values.from_json(note)) }
      end

      def pause(task_id = nil, **what) = set_paused("pause", task_id, **what)

      def resume(task_id = nil, **what) = set_paused("resume", task_id, **what)

      private

      def test = @example.test

      def found(report, step)
        report.steps.find { |one| step.is_a?(Integer) ? one.workflow_step_id == step : one.name == step.to_s } ||
          raise(NotFoundError.new("task #{report.task_id} has no step '#{step}'", kind: "not_found", code: 2001))
      end

      # Runs a block with the name of a step; the step, as the report that the block gives has it.
      def on_step(task_id, step)
        name = step(task_id, step).name
        yield(name).step(name)
      end

      def set_paused(verb, task_id, by: nil, reason: nil, namespace: nil, name: nil, handler: nil)
        if task_id
          test.public_send(:"#{verb}_task", task_id, by:, reason:)
        else
          execute("#{verb}($1, $2, $3, $4, $5)", namespace, name, handler, by, reason)
        end
        nil
      end

      # A function of the schema. Where PostgreSQL refuses, the transaction goes on.
      def execute(call, *parameters)
        execute = Connections.execute_on(@example.connection)
        execute.call("savepoint tasker_client", [])
        execute.call("select \"#{@example.schema}\".#{call}", parameters)
      rescue => e
        execute.call("rollback to savepoint tasker_client", [])
        raise unless (refusal = Connections.refusal(e))

        raise InvalidArgumentError.new(refusal[:message], kind: "invalid_argument", code: 1001)
      ensure
        execute&.call("release savepoint tasker_client", [])
      end
    end
  end
end
