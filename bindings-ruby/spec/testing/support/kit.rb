# frozen_string_literal: true

require "pg"

# One database for all examples of the kit, since each of them rolls back what it does.
module Kit
  class << self
    def database_url = @database_url ||= Databases.at(Databases.create(template: Databases.migrated))

    def connection = @connection ||= PG.connect(database_url)
  end

  # What {Tasker::SpecHelpers} runs on: include it after that.
  def tasker_connection = Kit.connection

  # A template of steps, each after the one before it; each step's handler has its name.
  def chain(name, *steps, namespace_name: "default", **more)
    step_templates = [nil, *steps].each_cons(2).map do |before, step|
      {name: step, handler: step, depends_on_step: before, **more}.compact
    end
    {name:, namespace_name:, version: "1.0.0", step_templates:}
  end

  # How many tasks a connection sees.
  def task_count(connection = tasker_connection) = connection.exec("select count(*) from tasker.tasks").getvalue(0, 0).to_i
end
