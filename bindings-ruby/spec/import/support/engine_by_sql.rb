# frozen_string_literal: true

require "digest"

# The engine, by the functions of its schema: registers templates, and runs tasks as a worker would.
class EngineBySql
  # @param connection [ActiveRecord::ConnectionAdapters::AbstractAdapter]
  def initialize(connection)
    @connection = connection
  end

  # Registers a template whose handlers are called `NAME/STEP`.
  #
  # @param steps [Hash{Symbol => Hash}] by name `after`, `system`, `retryable`, `retry_limit`, …
  # @return [String] new | unchanged | replaced
  def register(namespace, name, version, steps, **more)
    numbers = steps.keys.each.with_index(1).to_h
    compiled = steps.map { |step, given| compile(name, step, given, steps, numbers, more) }
    template = {
      namespace:, name:, version:, description: nil, digest: Digest::SHA256.hexdigest([namespace, name, version, compiled].to_json),
      source: {name:, version:, namespace_name: namespace}, schema: nil, searchable: [], steps: compiled
    }
    value("select tasker.register_template($1::jsonb)", template.to_json)
  end

  # @param handlers [Array<String>]
  # @return [Integer] a worker that is alive
  def worker(handlers, lease: 3600)
    value(<<~SQL, handlers.to_json, lease)
      select tasker.register_worker('spec', 'here', 7, 'ruby', '2.0.0', array(select jsonb_array_elements_text($1::jsonb)), 10, $2)
    SQL
  end

  # Claims what is ready of a task and completes it, until nothing is.
  #
  # @return [Array<String>] the names of the steps, in the order in which they ran
  def run(task_id, handlers)
    worker = worker(handlers)
    ran = []
    loop do
      claims = rows(<<~SQL, worker, task_id)
        select c.task_id, c.step_no, c.claim_no, c.step_template_id
        from tasker.claim_steps($1, 100, p_alone => true, p_task_ids => array[$2::uuid]) c where c.status = 'claimed'
      SQL
      break if claims.empty?

      claims.each { |claim| ran << complete(claim) }
    end
    rows("select from tasker.stop_worker($1)", worker)
    ran
  end

  # @return [Hash] a task's row; as text what ActiveRecord has no type for
  def task(task_id)
    rows(<<~SQL, task_id).first
      select t.task_id, t.plan_id, t.total_steps, t.created_at, t.requested_at, t.created_xid::text, t.state, t.open_sinks, t.seq,
             t.irregular, t.started_at, t.completed_at, t.paused_at, t.paused_by, t.initiator, t.source_system, t.reason, t.tags,
             t.bypass_steps, t.context
      from tasker.tasks t where t.task_id = $1::uuid
    SQL
  end

  # @return [Hash{String => Hash}] by name the steps of a task
  def steps(task_id)
    rows(<<~SQL, task_id).to_h { |row| [row["name"], row] }
      select t.name, t.handler, w.*, l.mode, to_json(w.dependents)::text as dependents_json, w.results::text as results_json
      from tasker.workflow_steps w join tasker.step_templates t on t.step_template_id = w.step_template_id
      join tasker.lanes l on l.lane_id = w.lane_id where w.task_id = $1::uuid order by w.step_no
    SQL
  end

  # @return [Array<Hash>] a task's moves, or those of a step
  def moves(task_id, step_no = nil)
    columns = "seq, from_state, to_state, created_at, metadata"
    return rows("select #{columns} from tasker.task_transitions where task_id = $1::uuid order by seq", task_id) unless step_no

    rows("select #{columns}, attempt from tasker.workflow_step_transitions where task_id = $1::uuid and step_no = $2 order by seq",
      task_id, step_no)
  end

  # @return [Array<Hash>]
  def rows(sql, *binds) = @connection.exec_query(sql, "Spec", binds).to_a

  # @return [Object]
  def value(sql, *binds) = rows(sql, *binds).first&.values&.first

  private

  def complete(claim)
    held = claim.values_at("task_id", "step_no", "claim_no")
    rows("select from tasker.complete_step($1::uuid, $2, $3, $4::jsonb)", *held, {by: "spec"}.to_json)
    value("select name from tasker.step_templates where step_template_id = $1", claim["step_template_id"])
  end

  def compile(name, step, given, steps, numbers, more)
    {
      step_no: numbers[step], name: step, handler: "#{name}/#{step}", dependent_system: given.fetch(:system, "unknown"),
      parents: Array(given[:after]).map { |parent| numbers.fetch(parent) }.sort,
      dependents: numbers.filter_map { |other, number| number if Array(steps[other][:after]).include?(step) },
      retryable: given.fetch(:retryable, true), retry_limit: given.fetch(:retry_limit, 3), skippable: false, priority: 4,
      timeout_seconds: nil, retry: nil, config: nil, **more
    }
  end
end
