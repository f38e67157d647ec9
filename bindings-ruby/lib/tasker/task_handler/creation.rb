# frozen_string_literal: true

module Tasker
  module TaskHandler
    # Creates tasks for a task handler, with its hooks.
    # @api private
    class Creation
      # @param handler [TaskHandler]
      def initialize(handler)
        @handler = handler
        @hooks = Hooks.new(handler)
      end

      # @param request [Types::TaskRequest]
      # @return [Tasker::Task, Record]
      # @raise [EngineError]
      def create(request)
        problems = @hooks.problems_of(request.context)
        raise invalid_context(request, problems) if problems.any?

        request = IdentityStrategy.complete(versioned(request))
        Tasker.models? ? create_record(request) : Tasker.client.task(create_task(request).task_id)
      rescue InvalidContextError => e
        raise unless Tasker.models?

        refused(request, e)
      end

      private

      # Who looked up a version of a handler means it.
      def versioned(request)
        key = @handler.template_key
        return request unless request.version.nil? && key && key.name == request.name && key.namespace == request.namespace

        request.with(version: key.version)
      end

      def create_task(request) = Tasker.create_task!(request.name, **request.creation_arguments)

      # The hook belongs to the creation: where it fails, there is no task.
      def create_record(request)
        return Tasker::Task.find(create_task(request).task_id) unless @hooks.creation?

        Tasker::Task.transaction do
          created = create_task(request)
          Tasker::Task.find(created.task_id).tap { |task| @hooks.after_creation(task) if created.created? }
        end
      end

      def invalid_context(request, problems)
        InvalidContextError.new(
          "the context of #{request.namespace}.#{request.name} is refused: #{problems.join("; ")}",
          kind: "invalid_context", code: 1006, details: {"problems" => problems}
        )
      end

      # A task that is not persisted, and says why.
      def refused(request, error)
        task = Tasker::Task.new(context: request.context, reason: request.reason, tags: request.tags)
        problems = error.details.is_a?(Hash) ? error.details["problems"] : [error.message]
        problems.each { |problem| task.errors.add(:context, text_of(problem)) }
        task
      end

      def text_of(problem)
        problem.is_a?(Hash) ? problem.values_at("path", "message").reject { |part| part.to_s.empty? }.join(": ") : problem.to_s
      end
    end
  end
end
