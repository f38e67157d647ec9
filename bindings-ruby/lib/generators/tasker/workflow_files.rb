# frozen_string_literal: true

require "generators/tasker/step_list"

module Tasker
  module Generators
    # Where the files of a workflow lie, and what its classes are called. `process_order` in the namespace `ecommerce` is
    # *config/tasker/tasks/ecommerce/process_order.yaml*, and its steps are `Ecommerce::ProcessOrder::…`, in
    # *app/tasks/ecommerce/process_order*.
    #
    # A generator that includes this has `namespace_name` and `workflow_name`.
    module WorkflowFiles
      # The namespace of the engine whose workflows need no module.
      DEFAULT_NAMESPACE = "default"
      NAME = /\A[a-z][a-z0-9_]*\z/

      # What is refused has failed, for scripts as well.
      def self.included(generator)
        super
        generator.define_singleton_method(:exit_on_failure?) { true }
      end

      private

      # Not `namespace`: that is the application's module, for Rails.
      def scope = underscored(namespace_name)

      def workflow = underscored(workflow_name)

      def full_name = "#{scope}.#{workflow}"

      # @return [String] such as "validate_cart", of "ValidateCart" and "validate-cart"
      def underscored(name)
        name.to_s.underscore.tr("-", "_").tap do |underscored|
          raise Thor::Error, "'#{name}' is no name: letters, digits and underscores" unless underscored.match?(NAME)
        end
      end

      # Parts of paths.

      def template_file = File.join("config", files.task_config_directory, *code_folder, "#{workflow}.yaml")

      def namespace_folder = (scope == DEFAULT_NAMESPACE) ? [] : [scope]

      def code_folder = [*module_prefix, *namespace_folder]

      # The module that the configuration wants around all of them.
      def module_prefix = (options[:module_namespace] || files.default_module_namespace).to_s.underscore.split("/")

      def files = Tasker.configuration.engine

      # Names of modules and classes.

      def module_name = code_folder.map(&:camelize).join("::").presence

      def workflow_module = [*module_name, workflow.camelize].join("::")

      def step_class(step) = "#{workflow_module}::#{step.name.camelize}"

      # Files.

      def create_step_handler(step, api: false)
        @step = step
        place = File.join("app", files.task_handler_directory, *code_folder, workflow, "#{step.name}.rb")
        template(api ? "api_step_handler.rb.tt" : "step_handler.rb.tt", place)
      end

      # A test in the framework of the application; none where it has none.
      def create_test(kind, *names)
        place = File.join(files.task_handler_directory, *code_folder, *names)
        case ::Rails::Generators.options.dig(:rails, :test_framework)
        when :rspec then template "#{kind}_spec.rb.tt", File.join("spec", "#{place}_spec.rb")
        when :test_unit then template "#{kind}_test.rb.tt", File.join("test", "#{place}_test.rb")
        end
      end

      # Text.

      # What a handler can read, by what code; the code in columns of one width.
      def inputs(step)
        inputs = {"task.context[:order_id]" => "what the task was created with"}
        step.parents.each { |parent| inputs["sequence.results(#{parent.to_json})"] = "what that step returned" }
        inputs.transform_keys { |code| code.ljust(inputs.keys.map(&:length).max) }
      end

      # How a test runs the workflow.
      def run_workflow
        [workflow.to_json, *("namespace: #{scope.to_json}" if scope != DEFAULT_NAMESPACE), "context: context"].join(", ")
      end

      # A step in the list of a template.
      #
      # @return [String] lines, without indentation
      def step_yaml(step, api: false)
        lines = ["- name: #{step.name}", *dependency(step), "  handler_class: #{step_class(step)}"]
        lines.push("  handler_config:", "    type: api", "    url: ${#{step.name.upcase}_URL:-https://api.example.com}") if api
        lines.join("\n")
      end

      def dependency(step)
        case step.parents
        in [] then nil
        in [parent] then "  depends_on_step: #{parent}"
        in parents then "  depends_on_steps: [#{parents.join(", ")}]"
        end
      end
    end
  end
end
