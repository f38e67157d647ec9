# frozen_string_literal: true

module Tasker
  # Makes a class the handler of a named task: it says which steps there are, and creates tasks.
  #
  #   class OrderHandler
  #     include Tasker::TaskHandler
  #
  #     register_handler "process_order", namespace_name: "ecommerce", version: "1.0.0"
  #
  #     define_step_templates do |templates|
  #       templates.define(name: "validate", handler_class: ValidateHandler)
  #       templates.define(name: "charge", handler_class: ChargeHandler, depends_on_step: "validate")
  #     end
  #   end
  #
  # {ConfiguredTask} and {TaskBuilder} make one of a YAML file.
  module TaskHandler
    autoload :ClassMethods, "tasker/task_handler/class_methods"
    autoload :Creation, "tasker/task_handler/creation"
    autoload :Definition, "tasker/task_handler/definition"
    autoload :HandlerName, "tasker/task_handler/handler_name"
    autoload :Hooks, "tasker/task_handler/hooks"
    autoload :InstanceMethods, "tasker/task_handler/instance_methods"
    autoload :TemplateWriter, "tasker/task_handler/template_writer"

    def self.included(base)
      super
      base.extend(ClassMethods)
      base.include(InstanceMethods)
    end
  end
end
