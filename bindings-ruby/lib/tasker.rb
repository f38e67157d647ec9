# frozen_string_literal: true

require "active_support"
require "active_support/core_ext/object/blank"
require "active_support/core_ext/object/json"
require "logger"
require "tasker/version"
require "tasker/errors"

# Durable workflows on PostgreSQL, inside your own process.
#
# A step is a handler, registered by name; a worker calls it; a client creates tasks and looks after them:
#
#   Tasker.handler("charge") { |step| {charged: step.results("validate")[:total]} }
#
#   client = Tasker::Client.new
#   worker = Tasker::Worker.new(client)
#   client.create_task("order", namespace: "shop", context: {order: 7})
#
# In Rails there are models, generators and a worker for the whole application; see {Tasker::Engine}.
module Tasker
  autoload :Analysis, "tasker/analysis"
  autoload :Attempts, "tasker/attempts"
  autoload :Authentication, "tasker/authentication"
  autoload :Authorization, "tasker/authorization"
  autoload :Cancellation, "tasker/cancellation"
  autoload :Client, "tasker/client"
  autoload :Command, "tasker/command"
  autoload :Concerns, "tasker/concerns"
  autoload :Concurrency, "tasker/concurrency"
  autoload :Configuration, "tasker/configuration"
  autoload :ConfiguredTask, "tasker/configured_task"
  autoload :Connections, "tasker/connections"
  autoload :Constants, "tasker/constants"
  autoload :Conversation, "tasker/conversation"
  autoload :Created, "tasker/record"
  autoload :Delegated, "tasker/delegated"
  autoload :EmbeddedWorker, "tasker/embedded_worker"
  autoload :Execution, "tasker/execution"
  autoload :Functions, "tasker/functions"
  autoload :HandlerFactory, "tasker/handler_factory"
  autoload :Handlers, "tasker/handlers"
  autoload :HashIdentityStrategy, "tasker/identity_strategy"
  autoload :Http, "tasker/http"
  autoload :IdentityStrategy, "tasker/identity_strategy"
  autoload :Import, "tasker/import"
  autoload :Jobs, "tasker/jobs"
  autoload :Logs, "tasker/logs"
  autoload :Maintenance, "tasker/maintenance"
  autoload :Migration, "tasker/migration"
  autoload :NewCommand, "tasker/new_command"
  autoload :Operating, "tasker/operating"
  autoload :Orchestration, "tasker/orchestration"
  autoload :Outcomes, "tasker/outcomes"
  autoload :Railties, "tasker/railties"
  autoload :ReadOnlyRecordError, "tasker/read_only_record_error"
  autoload :Reading, "tasker/reading"
  autoload :Record, "tasker/record"
  autoload :Registry, "tasker/registry"
  autoload :Requests, "tasker/requests"
  autoload :Running, "tasker/running"
  autoload :SpecHelpers, "tasker/spec_helpers"
  autoload :Step, "tasker/step"
  autoload :StepHandler, "tasker/step_handler"
  autoload :StepSequence, "tasker/step_sequence"
  autoload :Suggestion, "tasker/suggestion"
  autoload :TaskBuilder, "tasker/task_builder"
  autoload :TaskDelegate, "tasker/task_delegate"
  autoload :TaskHandler, "tasker/task_handler"
  autoload :Templates, "tasker/templates"
  autoload :Testing, "tasker/testing"
  autoload :Types, "tasker/types"
  autoload :Values, "tasker/values"
  autoload :Worker, "tasker/worker"
  autoload :WorkerCommand, "tasker/worker_command"

  @lock = Monitor.new
  @handlers = nil
  @around_step = ->(_step, &work) { work.call }

  class << self
    # @return [Logger] where the engine, its workers and its jobs say what happens; in Rails, the application's
    attr_writer :logger, :client

    # Runs each step inside of something: `Tasker.around_step = ->(step, &work) { … work.call … }`. In Rails that is the executor.
    attr_writer :around_step

    # What leads to the database where neither an argument nor the environment does: set by {Tasker::Engine}.
    # @api private
    attr_accessor :framework_database

    def logger = @logger ||= Logger.new(nil)

    # @return [Handlers] the handlers of this process, which a worker runs unless told otherwise
    def handlers = @handlers || @lock.synchronize { @handlers ||= Handlers.new }

    # Registers a handler in {handlers}.
    #
    #   Tasker.handler("charge") { |step| {charged: step.results("validate")[:total]} }
    #
    # @param name [String, Symbol] the name that templates use
    # @param callable [#call, Class, nil] instead of a block
    # @return [String] the name
    # @raise [ArgumentError] the name is taken, or this is no handler
    def handler(name, callable = nil, &) = handlers.add(name, callable, &)

    # @return [String, nil] which section of a template's `environments` holds: `TASKER_ENV`, else that of Rails
    def environment
      ENV["TASKER_ENV"].presence || (::Rails.env.to_s if defined?(::Rails) && ::Rails.respond_to?(:env))
    end

    # @return [String] the schema of Tasker's tables: that of the configuration, else `TASKER_SCHEMA`, else "tasker"
    def schema = configuration.schema_name || ENV["TASKER_SCHEMA"].presence || "tasker"

    # @return [Client] the client of this process, made of the configuration
    def client
      @client || @lock.synchronize do
        @client ||= Client.new(schema: configuration.schema_name, settings: configuration.to_settings)
      end
    end

    # The interface over HTTP, as a Rack application: `map("/tasker") { run Tasker.http }`. In Rails, mount {Engine}.
    #
    # @param client [Client, nil] else {client}
    # @param options [Hash] as for {Http::App#initialize}
    # @return [Http::App]
    def http(client = nil, **options) = Http::App.new(client, **options)

    # Creates a task on ActiveRecord's connection, in its transaction if there is one: rolled back means never created, and workers
    # hear of it after the commit. It starts nothing of the engine in this process, unless the template was never registered.
    # Without ActiveRecord it is {Client#create_task}.
    #
    # @param name [String, Symbol] the name of the template
    # @param request [Hash] as for {Client#create_task}
    # @return [Created]
    # @raise [EngineError] as for {Client#create_task}
    def create_task!(name, **request) = create_tasks!([{name:, **request}]).first

    # Creates many tasks as {create_task!} does: all of them, or none.
    #
    # @param requests [Array<Hash>] each as for {create_task!}, with its `name`
    # @return [Array<Created>] in their order
    def create_tasks!(requests)
      registered ||= false
      return client.create_tasks(requests) unless connection_class

      client.create_tasks_in(connection_class, requests)
    rescue UnknownNamedTaskError
      raise if registered || templates.empty?

      # Also where this process has registered them: the database may have been emptied since.
      templates.register_again(client)
      registered = true
      retry
    end

    # @return [Templates] what task handlers of this process have registered
    def templates = @templates || @lock.synchronize { @templates ||= Templates.new }

    # The configuration; with a block, it is changed first.
    #
    #   Tasker.configuration { |config| config.engine { |engine| engine.identity_strategy = :hash } }
    #
    # @return [Configuration]
    # @raise [ConfigurationError] an option is unknown, or of the wrong type
    def configuration(&) = Configuration.configuration(&)
    alias_method :configure, :configuration

    # Goes back to the defaults.
    #
    # @return [void]
    def reset_configuration! = Configuration.reset!

    # Forgets the client of this process, so that the next one is made of the configuration as it is then.
    def reset_client
      @lock.synchronize { @client = nil }
    end

    # @api private
    def around_step(step, &) = @around_step.call(step, &)

    # @api private
    def framework_database_url = framework_database&.call

    # The class of ActiveRecord whose connection leads to the engine's database; nil without ActiveRecord.
    # @api private
    def connection_class
      return unless defined?(::ActiveRecord::Base)

      model(:ApplicationRecord) || ::ActiveRecord::Base
    end

    # A model of ours; nil where there is no Rails to load it.
    # @api private
    def model(name) = (const_get(name) if models?)

    # @api private
    def models? = defined?(Tasker::Engine) && defined?(::ActiveRecord::Base) ? true : false
  end
end

require "tasker/native"
require "tasker/engine" if defined?(Rails::Engine)
