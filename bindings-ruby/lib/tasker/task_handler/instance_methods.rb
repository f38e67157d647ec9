# frozen_string_literal: true

require "tasker/analysis/template_graph_analyzer"

module Tasker
  module TaskHandler
    # What a task handler has.
    module InstanceMethods
      # @return [Templates::Key, nil] the template that this handler is of: that which it was looked up for, else the one that its
      #   class was registered for last
      # @api private
      def template_key = @template_key || self.class.last_template_key

      # @api private
      attr_writer :template_key

      # Creates a task. In an open transaction of ActiveRecord's it is created with it, or not at all.
      #
      # @param task_request [Types::TaskRequest, Hash] a request without a version means that of this handler
      # @return [Tasker::Task, Record] the new task, or the one that an identical request made before. In Rails a context that
      #   breaks the schema gives a task that is not persisted, whose `errors` say why
      # @raise [InvalidContextError] the context breaks the schema, and there is no ActiveRecord
      # @raise [EngineError] as for {Client#create_task}
      def initialize_task!(task_request) = Creation.new(self).create(Types::TaskRequest.from(task_request))

      # Runs what of a task is ready now, on this thread.
      #
      # @param task [Tasker::Task, #task_id, String] a task or its id
      # @param wait [Boolean] until the task has ended
      # @return [Running::Run]
      # @raise [NotFoundError] there is no such task
      # @raise [ProceduralError] it is to wait inside an open transaction
      def handle(task, wait: false)
        task_id = task.respond_to?(:task_id) ? task.task_id : task
        Running.run_task(task_id, wait:, annotate: false).tap { |run| Hooks.new(self).after_run(run) }
      end

      # @return [Array<Types::StepTemplate>] in order
      def step_templates = self.class.definition(template_key).step_templates

      # @return [Hash{String => String}] the names of the handlers' classes, by step
      def step_handler_class_map = step_templates.to_h { |step| [step.name, step.handler_class_name || step.handler] }

      # @return [Hash{String => Object}] the configurations of the handlers, by step
      def step_handler_config_map
        step_templates.to_h { |step| [step.name, StepHandler.configured(step.handler_config)] }
      end

      # @return [Hash{Symbol => Object}] what waits for what: see {Analysis::TemplateGraphAnalyzer}
      def dependency_graph = Analysis::TemplateGraphAnalyzer.new(step_templates).analyze

      # @param step [#name]
      # @return [Object] a handler for that step, as tests call it
      # @raise [ProceduralError] this handler has no such step, or its handler is another process's
      def get_step_handler(step)
        template = step_templates.find { |known| known.name == step.name }
        handler_class = template&.handler_class
        raise ProceduralError, "No registered class for #{step.name}" if handler_class.nil?

        StepHandler.instance_of(handler_class, template.handler_config)
      end

      # @param task [Tasker::Task]
      # @return [Types::StepSequence] its steps, as records
      def get_sequence(task) = Types::StepSequence.new(steps: task.workflow_steps.to_a)

      # Checks that a task can be begun. The claim of its first step begins it.
      #
      # @param task [Tasker::Task]
      # @return [true]
      # @raise [ProceduralError] it is complete, or runs already
      def start_task(task)
        raise ProceduralError, "task already complete for task #{task.task_id}" if task.complete
        return true if task.status == "pending"

        raise ProceduralError, "task is not pending for task #{task.task_id}, status is #{task.status}"
      end

      # @return [Hash{String => Object}] the template, as YAML would say it
      # @raise [ProceduralError] the class is registered under no name
      def template = TemplateWriter.new(self).template

      # @return [String, Pathname, Hash] the path of the template's file, by which messages name lines; the template where it is
      #   written in code, or where the class has a schema of its own
      # @api private
      def template_source = TemplateWriter.new(self).source

      # Hook: called once for each new task, in the transaction that creates it. Needs ActiveRecord.
      #
      # @param _task [Tasker::Task]
      # @param _steps [Array<WorkflowStep>] `retry_limit` and `inputs` can be saved
      # @return [void]
      def establish_step_dependencies_and_defaults(_task, _steps)
      end

      # Hook: notes something on the task, about steps that were run.
      #
      # After {#handle} it is called once, with records. Where a worker or a job runs the steps, it is called after each, before its
      # outcome is reported, with what the step's handler got; at least once, since a process may die in between. What it raises is
      # logged, and changes nothing of the step; the time that it takes is the step's, whose `timeout_seconds` go on meanwhile.
      #
      # @param _task [Tasker::Task, TaskDelegate]
      # @param _sequence [Types::StepSequence, StepSequence] its steps
      # @param _steps [Array<WorkflowStep, Step>] those that were run
      # @return [void]
      def update_annotations(_task, _sequence, _steps)
      end

      # Hook: what a context must look like, besides what the schema says.
      #
      # @param _context [Hash]
      # @return [Array<String>] what is wrong with it
      def validate_context(_context) = []

      # Hook: the JSON Schema of the context. It comes before the one in YAML.
      #
      # @return [Hash, nil]
      def schema = self.class.definition(template_key).schema
    end
  end
end
