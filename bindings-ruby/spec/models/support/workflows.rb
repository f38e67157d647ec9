# frozen_string_literal: true

require "active_support/testing/time_helpers"
require "digest"

# Workflows made and run by the functions of the schema, on ActiveRecord's connection: what a worker would do, inside of the
# transaction of an example.
module Workflows
  include ActiveSupport::Testing::TimeHelpers

  # A step as it was claimed.
  Claim = Struct.new(:task_id, :step_no, :claim_no, :worker_id)

  # The database that the examples share, each in its transaction.
  def self.connect
    @database ||= Databases.at(Databases.create(template: Databases.migrated))
    ActiveRecord::Base.establish_connection(@database)
  end

  # Registers a template.
  #
  #   register("order", {charge: [], ship: [:charge]})
  #
  # @param steps [Hash{Symbol => Array<Symbol>, Hash}] by name what a step waits for, or `{after: […], retry_limit: 1, …}`
  def register(name, steps, namespace: "shop", version: "1.0.0", description: nil)
    templates = compile(steps)
    sql("select tasker.register_template($1::jsonb)", {
      namespace:, name:, version:, description:, digest: Digest::SHA256.hexdigest([namespace, name, version, templates].to_json),
      source: {name:, version:, namespace_name: namespace, step_templates: templates.map { |step| {name: step[:name]} }},
      schema: nil, searchable: [], steps: templates
    }.to_json)
  end

  # @return [Tasker::Task]
  def create_task(name, namespace: "shop", **request)
    Tasker::Task.find(sql("select task_id from tasker.create_tasks($1::jsonb)", [{name:, namespace:, **request}].to_json))
  end

  # Registers a template and creates a task of it.
  def task_of(steps, name: "order", **request)
    register(name, steps)
    create_task(name, **request)
  end

  # @return [Hash{String => Claim}] by the name of the step
  def claim(task)
    rows = select("select * from tasker.claim_steps($1, 1000, p_task_ids => array[$2::uuid])", worker, task.task_id)
    names = Tasker::WorkflowStep.for_task(task).to_h { |step| [step.step_no, step.name] }
    rows.select { |row| row["status"].in?(%w[claimed alone]) }
      .to_h { |row| [names.fetch(row["step_no"]), Claim.new(*row.values_at("task_id", "step_no", "claim_no"), worker)] }
  end

  def complete(claim, results = {})
    sql("select tasker.complete_step($1::uuid, $2, $3, $4::jsonb)::text", *claim.to_a.first(3), results.to_json)
  end

  def fail_step(claim, message = "no", retryable: true, code: nil, retry_after: nil)
    sql("select tasker.fail_step($1::uuid, $2, $3, $4, $5, $6, null, $7::float8)::text",
      *claim.to_a.first(3), message, retryable, code, retry_after)
  end

  # Claims what is ready and completes it, until nothing is.
  #
  # @param but [Array<String>] these are left alone, claimed
  def run(task, but: [])
    loop do
      claims = claim(task).except(*but)
      break task.reload if claims.empty?

      claims.each { |name, claim| complete(claim, {by: name}) }
    end
  end

  # Claims what is ready and makes it fail for good, or once.
  def run_failing(task, step, **failure)
    claim(task).each { |name, claim| (name == step) ? fail_step(claim, **failure) : complete(claim) }
    task.reload
  end

  # Moves the clock of the transaction, and Ruby's with it. Both stand still from then on.
  def move_clock(seconds)
    now = sql("select tasker.clock() + make_interval(secs => $1)", seconds)
    sql("select set_config('tasker.now', $1, true)", now.iso8601(6))
    travel_to(now, with_usec: true)
  end

  # A worker that is alive and has every handler.
  def worker
    @worker ||= sql("select tasker.register_worker('spec', 'here', 1, 'ruby', '2.0.0', array['h'], 10, 3600)")
  end

  # @return [Integer] how many statements a block causes
  def statements
    count = 0
    counting = ->(*, payload) { count += 1 unless payload[:name].in?(["SCHEMA", "TRANSACTION"]) }
    ActiveSupport::Notifications.subscribed(counting, "sql.active_record") { yield }
    count
  end

  def sql(statement, *binds) = connection.select_value(statement, "Spec", binds)

  def select(statement, *binds) = connection.select_all(statement, "Spec", binds).to_a

  def connection = ActiveRecord::Base.connection

  private

  def compile(steps)
    numbers = steps.keys.each.with_index(1).to_h
    parents = steps.transform_values { |step| Array(step.is_a?(Hash) ? step[:after] : step) }
    steps.map do |name, given|
      given = {} unless given.is_a?(Hash)
      {
        step_no: numbers[name], name:, handler: "h", dependent_system: given[:dependent_system],
        parents: parents[name].map { |parent| numbers.fetch(parent) }.sort,
        dependents: numbers.filter_map { |other, number| number if parents[other].include?(name) },
        retryable: given.fetch(:retryable, true), retry_limit: given.fetch(:retry_limit, 3), skippable: given.fetch(:skippable, false),
        priority: 4, timeout_seconds: nil, retry: nil, config: nil
      }
    end
  end
end
