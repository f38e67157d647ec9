# frozen_string_literal: true

require "rails/generators"
require "generators/tasker/workflow_files"

module Tasker
  module Generators
    # `rails generate tasker:workflow NAMESPACE NAME [STEP…]`: a template, a class for each step, and a test that runs it.
    class WorkflowGenerator < ::Rails::Generators::Base
      include WorkflowFiles

      source_root File.expand_path("templates", __dir__)

      argument :namespace_name, banner: "NAMESPACE", desc: "whom the workflow belongs to, such as ecommerce"
      argument :workflow_name, banner: "NAME", desc: "what it is called, such as process_order"
      argument :step_names, type: :array, banner: "STEP", default: %w[fetch_data process_data complete_task],
        desc: "its steps: NAME waits for the step before it, NAME:A,B for A and B, NAME: for nothing"

      class_option :version, type: :string, default: "1.0.0", desc: "The version of the template"
      class_option :description, type: :string, desc: "What it is for"

      # Before anything is written.
      def check_names
        steps.each { |step| step_class(step) }
        full_name
      end

      def create_template
        template "workflow.yaml.tt", template_file
      end

      def create_step_handlers
        steps.each { |step| create_step_handler(step) }
      end

      def create_workflow_test
        create_test("workflow", workflow)
      end

      private

      def steps = @steps ||= StepList.new(step_names) { |name| underscored(name) }

      # Where all steps wait for one another, there is one order.
      def in_order = steps.chain? ? ".in_order" : ""

      def description = options[:description] || workflow.humanize
    end
  end
end
