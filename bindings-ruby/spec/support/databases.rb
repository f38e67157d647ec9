# frozen_string_literal: true

require "pg"
require "securerandom"
require "uri"

# A database for each example that is tagged `:database`, on the server that TASKER_TEST_SERVER names.
module Databases
  PATIENCE_SECONDS = 30.0

  class << self
    # The URL of a database from which others are made.
    def server
      ENV["TASKER_TEST_SERVER"] || abort("TASKER_TEST_SERVER is not set: run `make test`, or start one with `test-server start`")
    end

    # The URL of a database of that server.
    def at(name)
      before, query = server.split("?", 2)
      "#{before.rpartition("/").first}/#{name}#{"?#{query}" if query}"
    end

    # The name of a migrated database, to copy from.
    def migrated
      @migrated ||= create.tap { |name| Tasker::Client.open(database_url: at(name), &:migrate) }
    end

    # A new database; as another one, if that is named.
    def create(template: nil)
      name = "ruby_#{SecureRandom.hex(12)}"
      execute("create database #{name}#{" template #{template}" if template}")
      (@created ||= []) << name
      name
    end

    def drop(name)
      execute("drop database if exists #{name} with (force)")
      @created.delete(name)
    end

    def drop_all = @created&.dup&.each { |name| drop(name) }

    private

    def execute(statement)
      connection = PG.connect(server)
      connection.exec(statement)
    ensure
      connection&.close
    end
  end

  def self.included(group)
    group.let(:database_name) { Databases.create(template: Databases.migrated) }
    group.let(:database_url) { Databases.at(database_name) }
    group.let(:settings) { {backoff: {default_backoff_seconds: [0], jitter_enabled: false}} }
    group.let(:client) { Tasker::Client.new(database_url:, settings:) }
    group.let(:handlers) { Tasker::Handlers.new }
    group.after do
      client.close
      Databases.drop(database_name)
    end
  end

  # A template of steps, each after the one before it; each step's handler has its name.
  def chain(name, *steps, **more)
    templates = steps.each_with_index.map do |step, place|
      {name: step, handler: step, depends_on_step: place.zero? ? nil : steps[place - 1], **more}.compact
    end
    {name:, version: "1.0.0", step_templates: templates}
  end

  # Runs a block beside a worker.
  def working(**options)
    worker = Tasker::Worker.new(client, handlers, **options)
    yield worker
  ensure
    worker&.stop
  end

  # The task, when it has ended.
  def ended(task_id) = client.wait(task_id, within_seconds: PATIENCE_SECONDS)

  # What was noted with each failure of a step, oldest first.
  def failures(task_id, step)
    client.transitions(task_id, step).select { |move| move.to_state == "error" }.map(&:metadata)
  end

  # A connection of pg to the database of the example, for a block.
  def connected
    connection = PG.connect(database_url)
    yield connection
  ensure
    connection&.close
  end
end
