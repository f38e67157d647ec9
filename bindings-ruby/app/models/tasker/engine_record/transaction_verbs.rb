# frozen_string_literal: true

module Tasker
  module EngineRecord
    # The verbs of {Client} on ActiveRecord's connection, for where it has a transaction open: they see what it wrote, such as a task
    # that it created, and are rolled back with it. They are the same functions of the schema, by the same names.
    #
    # What one of them refuses leaves the transaction as it was. Idle workers hear of it after the commit.
    # @api private
    class TransactionVerbs
      # What the functions refuse with, in the engine's words (docs/reference/errors.md).
      REFUSALS = {
        "TK002" => [IllegalTransitionError, "illegal_transition", 2003],
        "TK003" => [InvalidArgumentError, "invalid_argument", 1001],
        "TK006" => [NotFoundError, "not_found", 2001],
        "42501" => [ForbiddenError, "forbidden", 2006]
      }.freeze

      # @param model [Class] whose connection it is
      def initialize(model)
        @model = model
      end

      def cancel_task(task_id, by: nil, reason: nil) = call("cancel_task($1::uuid, $2, $3)", task_id, by, reason)

      def retry_task(task_id, by: nil, reason: nil) = call("retry_task($1::uuid, $2, $3)", task_id, by, reason)

      def resolve_task(task_id, by: nil, reason: nil) = call("resolve_task($1::uuid, $2, $3)", task_id, by, reason)

      def update_task(task_id, reason: nil, tags: nil, priority: nil)
        tags &&= PG::TextEncoder::Array.new.encode(tags)
        call("update_task($1::uuid, $2, $3::text[], $4::int)", task_id, reason, tags, priority)
      end

      def cancel_step(task_id, step_no, by: nil, reason: nil)
        call("cancel_step($1::uuid, $2::int, $3, $4)", task_id, step_no, by, reason)
      end

      def retry_step(task_id, step_no, reset_attempts: false, by: nil, reason: nil)
        call("retry_step($1::uuid, $2::int, $3::boolean, $4, $5)", task_id, step_no, reset_attempts, by, reason)
      end

      def resolve_step(task_id, step_no, results = nil, by: nil, reason: nil)
        call("resolve_step($1::uuid, $2::int, $3::jsonb, $4, $5)", task_id, step_no, Values.to_argument(results), by, reason)
      end

      def update_step(task_id, step_no, by: nil, reason: nil, retry_limit: nil, inputs: nil)
        inputs &&= Values.to_argument(inputs)
        call("update_step($1::uuid, $2::int, $3::int, $4::jsonb, $5, $6)", task_id, step_no, retry_limit, inputs, by, reason)
      end

      # @return [Hash] `task_annotation_id`
      def annotate_task(task_id, annotation_type, annotation)
        annotation = Values.to_argument(annotation)
        id = ask("task_annotation_id", "annotate_task($1::uuid, $2, $3::jsonb)", task_id, annotation_type, annotation)
        {"task_annotation_id" => id}
      end

      # @return [String] the id of the type of this name, which is made if need be
      def annotation_type(name, description) = ask("annotation_type_id", "annotation_type($1, $2)", name, description)

      def pause(task_id = nil, by: nil, reason: nil, **what) = pausing("pause", task_id, what, by, reason)

      def resume(task_id = nil, by: nil, reason: nil, **what) = pausing("resume", task_id, what, by, reason)

      private

      def pausing(verb, task_id, what, by, reason)
        return call("#{verb}_task($1::uuid, $2, $3)", task_id, by, reason) if task_id

        call("#{verb}($1, $2, $3, $4, $5)", *what.values_at(:namespace, :name, :handler), by, reason)
      end

      # Calls a function after which workers may have something to do.
      def call(function, *arguments)
        savepoint do
          execute("#{schema}.#{function}", arguments)
          execute("#{schema}.notify_idle()")
        end
      end

      # A column of the row that a function answers.
      def ask(column, function, *arguments) = savepoint { execute("(#{schema}.#{function}).#{column}", arguments).first }

      def savepoint(&)
        @model.transaction(requires_new: true, &)
      rescue ActiveRecord::StatementInvalid => error
        raise refusal(error) || error
      end

      def execute(expression, arguments = []) = Connections.execute_on(connection).call("select #{expression}::text", arguments)

      def schema = connection.quote_table_name(@model.schema)

      def connection = Connections.of(@model)

      def refusal(error)
        said = Connections.refusal(error)
        type, kind, code = REFUSALS[said[:sqlstate]] if said
        type&.new([said[:message], said[:hint].presence].compact.join(": "), kind:, code:, details: {"sqlstate" => said[:sqlstate]})
      end
    end
  end
end
