# frozen_string_literal: true

require "json"
require "time"

# Writes what tasker-engine 1.0 would have left: named tasks, and tasks with every trace of what happened to them.
#
#   ancestor = Ancestor.new(connection)
#   ancestor.task("shop", "order", steps: {charge: {trail: %i[in_progress complete], results: {id: 7}}, ship: {after: :charge}})
class Ancestor
  BEGINNING = Time.utc(2026, 3, 1, 12, 0, 0, 123_456)
  TABLES = File.read(File.expand_path("ancestor.sql", __dir__))
  # What a step that has gone so far has counted, by the end of its trail.
  ATTEMPTED = %w[complete error].freeze

  # @param connection [ActiveRecord::ConnectionAdapters::AbstractAdapter]
  def initialize(connection)
    @connection = connection
    @clock = BEGINNING
  end

  # @return [void]
  def create_tables = @connection.execute(TABLES)

  # @return [Integer] its task_namespace_id
  def namespace(name, description: nil) = find_or_insert("task_namespaces", "task_namespace_id", {name:}, {description:})

  # @return [Integer] its named_task_id
  def named_task(namespace, name, version = "0.1.0", **more)
    key = {task_namespace_id: namespace(namespace), name:, version:}
    find_or_insert("named_tasks", "named_task_id", key, more)
  end

  # @return [Integer] its named_step_id
  def named_step(name, system: "unknown", description: nil)
    key = {dependent_system_id: system(system), name:}
    find_or_insert("named_steps", "named_step_id", key, {description:})
  end

  # @return [Integer] its dependent_system_id
  def system(name, description: nil) = find_or_insert("dependent_systems", "dependent_system_id", {name:}, {description:})

  # @return [void]
  def object_map(one, remote_one, two, remote_two)
    insert("dependent_system_object_maps", nil, {
      dependent_system_one_id: system(one), remote_id_one: remote_one,
      dependent_system_two_id: system(two), remote_id_two: remote_two
    })
  end

  # A task with its steps.
  #
  # @param steps [Hash{Symbol => Hash}] by name: `after`, `trail` (states that it went through; or pairs of a state and metadata),
  #   `results`, `attempts`, `retryable`, `retry_limit`, `skippable`, `system`, `inputs`, `last_attempted_at`, `backoff`,
  #   `processed_at`
  # @param trail [Array<Symbol>] states that the task went through
  # @param at [Time] when it was created
  # @return [Integer] its task_id
  def task(namespace, name, version = "0.1.0", steps:, trail: [], context: {"order" => 7}, at: nil, annotations: {}, **more)
    @clock = at || (@clock + 61.25)
    named_task_id = named_task(namespace, name, version)
    task_id = insert("tasks", "task_id", {
      named_task_id:, requested_at: @clock - 2, context: context.to_json, identity_hash: "#{name} #{@clock.to_f} #{rand}",
      complete: trail.last == :complete, **more
    })
    insert_steps(task_id, named_task_id, steps, context)
    insert_trail("task_transitions", {task_id:}, trail)
    annotations.each { |type, annotation| annotate(task_id, type.to_s, annotation) }
    task_id
  end

  # @return [void]
  def annotate(task_id, type, annotation)
    annotation_type_id = find_or_insert("annotation_types", "annotation_type_id", {name: type}, {})
    insert("task_annotations", nil, {task_id:, annotation_type_id:, annotation: annotation.to_json})
  end

  # @return [Array<Integer>] the ids of a task's steps
  def step_ids(task_id)
    @connection.select_values("select workflow_step_id from tasker_workflow_steps where task_id = #{task_id} order by 1")
  end

  # @return [Array<Time>] when a step moved
  def times_of_step(step_id)
    @connection.select_values(<<~SQL)
      select created_at from tasker_workflow_step_transitions where workflow_step_id = #{step_id} order by sort_key
    SQL
  end

  # @return [void]
  def edge(from_step_id, to_step_id) = insert("workflow_step_edges", nil, {from_step_id:, to_step_id:, name: "provides"})

  # @return [String] all that the tables hold: unchanged where nobody wrote
  def fingerprint
    tables = @connection.tables.grep(/\Atasker_/)
    (tables - ["tasker_import_map"]).sort.map do |table|
      @connection.select_value("select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from #{table} t")
    end.join
  end

  private

  def insert_steps(task_id, named_task_id, steps, context)
    ids = steps.to_h do |name, step|
      [name, insert_step(task_id, named_task_id, name.to_s, step, context)]
    end
    steps.each { |name, step| Array(step[:after]).each { |parent| edge(ids.fetch(parent), ids.fetch(name)) } }
  end

  def insert_step(task_id, named_task_id, name, step, context)
    named_step_id = named_step(name, system: step.fetch(:system, "unknown"))
    limit = {default_retry_limit: step.fetch(:retry_limit, 3)}
    find_or_insert("named_tasks_named_steps", "id", {named_task_id:, named_step_id:}, limit)
    trail = step.fetch(:trail, [])
    id = insert("workflow_steps", "workflow_step_id", {
      task_id:, named_step_id:, inputs: step.fetch(:inputs, context).to_json, results: step.fetch(:results, {}).to_json,
      attempts: step.fetch(:attempts) { trail.count { |state, _| ATTEMPTED.include?(state.to_s) } },
      processed: step.key?(:processed_at), backoff_request_seconds: step[:backoff],
      **step.slice(:retryable, :retry_limit, :skippable, :last_attempted_at, :processed_at)
    })
    insert_trail("workflow_step_transitions", {workflow_step_id: id}, trail)
    id
  end

  # The ancestor numbers in tens, and does not write down that something begins as pending.
  def insert_trail(table, owner, trail)
    trail.each_with_index do |(state, metadata), place|
      before = place.zero? ? "pending" : Array(trail[place - 1]).first.to_s
      insert(table, nil, {
        **owner, to_state: state.to_s, from_state: before, metadata: (metadata || {}).to_json, sort_key: (place * 10) + 9,
                 most_recent: place == trail.size - 1
      })
    end
  end

  def find_or_insert(table, id, key, more)
    where = key.map { |column, value| "#{column} = #{@connection.quote(value)}" }.join(" and ")
    found = @connection.select_value("select #{id} from tasker_#{table} where #{where}")
    found || insert(table, id, key.merge(more.compact))
  end

  def insert(table, id, values)
    @clock += 0.000_617
    values = {created_at: @clock, updated_at: @clock, **values}.compact
    given = values.each_value.map { |value| @connection.quote(value.is_a?(Time) ? value.getutc.strftime("%F %T.%6N") : value) }
    @connection.select_value(
      "insert into tasker_#{table} (#{values.keys.join(", ")}) values (#{given.join(", ")})#{" returning #{id}" if id}"
    )
  end
end
