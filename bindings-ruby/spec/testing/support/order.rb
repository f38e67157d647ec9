# frozen_string_literal: true

# A small workflow for examples of the kit: validate → charge → ship, with a bank that remembers.
module KitOrder
  class << self
    def charges = @charges ||= []

    # Makes its template and handlers known to the process.
    def register
      charges.clear
      Handler.register_handler("order", namespace_name: "kit", version: "1.0.0")
    end
  end

  class Validate < Tasker::StepHandler::Base
    def process(task, _sequence, _step) = {total: task.context[:price] * 2}
  end

  class Charge < Tasker::StepHandler::Base
    def process(task, sequence, _step)
      total = sequence.results("validate")[:total]
      KitOrder.charges << task.task_id
      raise Tasker::PermanentError.new("the card was refused", error_code: "DECLINED") if total.negative?

      {charged: total}
    end
  end

  class Ship < Tasker::StepHandler::Base
    def process(_task, sequence, step)
      step.results = {shipped: true, paid: sequence.find_step_by_name("charge").results[:charged]}
    end
  end

  class Handler
    include Tasker::TaskHandler

    define_step_templates do |templates|
      templates.define(name: "validate", handler_class: Validate)
      templates.define(name: "charge", depends_on_step: "validate", handler_class: Charge, timeout_seconds: 20)
      templates.define(name: "ship", depends_on_step: "charge", handler_class: Ship)
    end

    def schema = {type: "object", required: ["price"], properties: {price: {type: "integer"}}}
  end
end
