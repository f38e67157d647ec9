# frozen_string_literal: true

# What is pure Ruby in the gem, without its native half, a database, or Rails.
$LOAD_PATH.unshift(File.expand_path("without_native", __dir__), File.expand_path("../../lib", __dir__))

require "tasker"

module Unit
  # Stands in for a client: it remembers what it is asked for.
  class FakeClient
    attr_reader :registered, :requests

    def initialize
      @registered = []
      @requests = []
      @refusals = {}
    end

    # Refuses what {#register_template} gets with this source, or a request for a task of this name.
    def refuse(what, error) = @refusals[what] = error

    def register_template(source, force: false)
      raise @refusals[source] if @refusals.key?(source)

      @registered << source
    end

    def create_tasks(requests)
      requests.map do |request|
        raise @refusals[request[:name]] if @refusals.key?(request[:name])

        @requests << request
        Tasker::Created.new(task_id: "task-#{@requests.size}", created: true, pruned: false)
      end
    end

    def create_task(name, **request) = create_tasks([{name:, **request}]).first

    def task(task_id) = Tasker::Record.new(task_id:, status: "pending")
  end

  # What steps ask for when something did not come along.
  class Host
    def fetch_context(_task_id) = "{}"

    def fetch_results(_task_id) = "{}"
  end

  # An attempt, as a worker makes it.
  def self.step(config: nil, context: {}, dependencies: {}, attempt: 1, **names)
    message = {
      "task_id" => "0190a0a0-0000-7000-8000-000000000000", "step_no" => 1, "claim_no" => 1, "step_name" => "charge",
      "task_name" => "process_order", "namespace" => "ecommerce", "version" => "1.0.0", "handler" => "ChargeHandler",
      "parents" => [], "timeout_seconds" => nil, **names.transform_keys(&:to_s)
    }
    json = {"config" => config, "context" => context, "dependencies" => dependencies, "attempt" => attempt}
    Tasker::Step.new({**message, **Tasker::Values.from_json(Tasker::Values.to_json(json))}, Host.new)
  end
end

RSpec.configure do |config|
  config.disable_monkey_patching!

  # Each example begins with a process of which nobody has made anything.
  unit = {file_path: %r{/spec/unit/}}
  config.before(unit) { Tasker.client = Unit::FakeClient.new }
  config.after(unit) do
    Tasker.client = nil
    Tasker::Configuration.reset!
    Tasker::HandlerFactory.instance.clear!
    Tasker.handlers.clear
  end
end
