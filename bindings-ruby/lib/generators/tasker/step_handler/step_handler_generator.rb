# frozen_string_literal: true

require "rails/generators"
require "generators/tasker/template_text"
require "generators/tasker/workflow_files"

module Tasker
  module Generators
    # `rails generate tasker:step_handler NAMESPACE TASK STEP`: another step for a workflow that is there, with its test.
    class StepHandlerGenerator < ::Rails::Generators::Base
      include WorkflowFiles

      source_root File.expand_path("templates", __dir__)
      source_paths << File.expand_path("../workflow/templates", __dir__)

      argument :namespace_name, banner: "NAMESPACE", desc: "whom the workflow belongs to, such as ecommerce"
      argument :workflow_name, banner: "TASK", desc: "the workflow, such as process_order"
      argument :step_name, banner: "STEP", desc: "the new step, such as validate_payment"

      class_option :depends_on, type: :array, banner: "STEP",
        desc: "The steps that it waits for; the last one of the workflow when left out"
      class_option :api, type: :boolean, default: false, desc: "Whether it calls a service over HTTP"

      def add_to_template
        # Undoing must not take the whole file away.
        return say_status(:skip, "take the step '#{step.name}' out of #{template_file}", :yellow) if behavior == :revoke

        text = text_of_template
        refuse("#{template_file} has a step '#{step.name}' already") if text.step_names.include?(step.name)
        unknown = step.parents - text.step_names
        refuse("#{template_file} has no step '#{unknown.first}': it has #{text.step_names.join(", ")}") if unknown.any?

        create_file template_file, text.with_step(step_yaml(step, api: options[:api])), force: true
      end

      def create_handler
        create_step_handler(step, api: options[:api])
      end

      def ask_for_faraday
        return unless options[:api] && behavior == :invoke && Gem.loaded_specs["faraday"].nil?

        say_status(:gem, 'add `gem "faraday"` to the Gemfile: it makes the requests', :yellow)
      end

      def create_step_test
        create_test("step_handler", workflow, step.name)
      end

      private

      def step = @step ||= StepList::Step.new(name: underscored(step_name), parents:)

      def parents
        return [] if behavior == :revoke

        (options[:depends_on] || text_of_template.step_names.last(1)).map { |name| underscored(name) }
      end

      def text_of_template
        @text_of_template ||= begin
          path = File.join(destination_root, template_file)
          refuse("there is no #{template_file}: rails generate tasker:workflow #{scope} #{workflow}") unless File.exist?(path)
          TemplateText.new(File.read(path), template_file)
        end
      end

      def refuse(problem) = raise(Thor::Error, problem)
    end
  end
end
