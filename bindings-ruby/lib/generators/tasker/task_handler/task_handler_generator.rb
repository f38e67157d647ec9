# frozen_string_literal: true

require "rails/generators"
require "generators/tasker/workflow_files"

module Tasker
  module Generators
    # `rails generate tasker:task_handler NAME`: a workflow whose steps are in the class of its task handler, as the gem had it up
    # to 1.0. `tasker:workflow` makes a file of each step.
    class TaskHandlerGenerator < ::Rails::Generators::Base
      include WorkflowFiles

      # Where no steps are named. The first one calls a service.
      DEFAULT_STEPS = %w[fetch_data process_data complete_task].freeze

      source_root File.expand_path("templates", __dir__)
      source_paths << File.expand_path("../install/templates", __dir__)

      argument :workflow_name, banner: "NAME", desc: "what the workflow is called, such as process_order"

      class_option :module_namespace, type: :string, banner: "MODULE",
        desc: "The module of its class; that of the configuration (engine.default_module_namespace) when left out"
      class_option :namespace_name, type: :string, default: "default", desc: "Whom it belongs to, such as ecommerce"
      class_option :version, type: :string, default: "0.1.0", desc: "The version of the template"
      class_option :description, type: :string, desc: "What it is for"
      class_option :steps, type: :array, default: [], banner: "STEP", desc: "Its steps, each after the one before it"

      # Before anything is written.
      def check_names
        steps.each { |step| step_class(step) }
        full_name
      end

      def create_initializer
        place = "config/initializers/tasker.rb"
        template "initializer.rb.tt", place unless File.exist?(File.join(destination_root, place))
      end

      def create_template
        template "task_handler.yaml.tt", template_file
      end

      def create_task_handler
        template "task_handler.rb.tt", File.join("app", files.task_handler_directory, *code_folder, "#{workflow}.rb")
      end

      def create_task_handler_test
        create_test("task_handler", workflow)
      end

      private

      def namespace_name = options[:namespace_name]

      def steps = @steps ||= StepList.new(options[:steps].presence || DEFAULT_STEPS) { |name| underscored(name) }

      # The one step that calls a service, where nobody named others.
      def api?(step) = options[:steps].empty? && step == steps.first

      def description = options[:description] || workflow.humanize
    end
  end
end
