# frozen_string_literal: true

require "concurrent/map"

module Tasker
  # The engine, as a program holds it: configuration, until it is used.
  #
  #   client = Tasker::Client.new
  #   task = client.create_task("process_order", namespace: "ecommerce", context: {order_id: 7})
  #   client.wait(task.task_id).status # => "complete"
  #
  # It opens at the first call, in each process for itself, and so may be made before a server forks. All methods may be called from
  # any thread; they wait without the GVL, and interrupts (`Timeout`, `Thread#raise`, signals) end the wait.
  #
  # A step is told by its name or its number. `by` and `reason` say for the trail who did something, and why.
  class Client
    include Reading
    include Operating

    # Takes the configuration. Nothing is opened yet.
    #
    # @param database_url [String, nil] a PostgreSQL URL; else `TASKER_DATABASE_URL`, then ActiveRecord's configuration, then
    #   `DATABASE_URL`, then a private cluster
    # @param schema [String, nil] the schema of Tasker's tables; else `TASKER_SCHEMA`, else the file's, else `tasker`
    # @param settings [Hash] blocks of settings as in *tasker.yaml*; they win over the file and the environment
    # @param application_name [String, nil] what `pg_stat_activity` shows
    # @raise [ConfigInvalidError] with everything that is wrong
    def initialize(database_url: nil, schema: nil, settings: {}, application_name: nil)
      url = database_url || (Tasker.framework_database_url if ENV["TASKER_DATABASE_URL"].blank?)
      @engine = Native::Engine.new(Values.to_argument({database_url: url, schema:, settings:, application_name:}.compact))
      @mounts = Concurrent::Map.new
    end

    # Opens a client for a block, and closes it.
    #
    # @yieldparam client [Client]
    # @return [Object] what the block returns
    def self.open(...)
      client = new(...)
      begin
        yield client
      ensure
        client.close
      end
    end

    # Creates a task.
    #
    # @param name [String, Symbol] the name of the template
    # @param request [Hash] `namespace` ("default"), `version` (the latest), `context`, `initiator`, `source_system`, `reason`,
    #   `tags`, `bypass_steps`, `priority`, `requested_at`, `idempotency_key`, `idempotency_ttl_seconds`, `on_duplicate`
    #   ("return" or "reject"), `traceparent`
    # @return [Created]
    # @raise [UnknownNamedTaskError] no template of that name is registered
    # @raise [InvalidContextError] the context breaks the template's schema
    # @raise [AlreadyExistsError] it is there already, and `on_duplicate` is "reject"
    def create_task(name, **request)
      run_in_jobs([Created.of(call("create_task", Requests.task({name:, **request})))]).first
    end

    # Creates many tasks in one transaction: all of them, or none.
    #
    # @param requests [Array<Hash>] each as for {create_task}, with its `name`
    # @return [Array<Created>] in their order
    # @raise [EngineError] as for {create_task}; which one is in the message
    def create_tasks(requests)
      run_in_jobs(call("create_tasks", {tasks: Requests.tasks(requests)}).map { |answer| Created.of(answer) })
    end

    # Creates a task on a connection of yours, in its transaction: rolled back means never created. Workers hear of it after the
    # commit.
    #
    # @param connection [PG::Connection, ActiveRecord::ConnectionAdapters::AbstractAdapter, Class] it leads to the engine's
    #   database; a class of ActiveRecord means its connection
    # @param name [String, Symbol] the name of the template
    # @param request [Hash] as for {create_task}
    # @return [Created]
    # @raise [ConfigInvalidError] the database of the connection is not the engine's
    # @raise [EngineError] as for {create_task}. The transaction is over where PostgreSQL refused the request
    def create_task_in(connection, name, **request)
      create_tasks_in(connection, [{name:, **request}]).first
    end

    # Creates many tasks as {create_task_in} does.
    #
    # @return [Array<Created>] in their order
    def create_tasks_in(connection, requests)
      # So that a connection to another database is refused; ActiveRecord's own is known to lead to the engine's.
      database_identity unless equal?(Tasker.client) && connection == Tasker.connection_class
      tasks = Requests.tasks(requests)
      answers = Connections.with(connection) { |one| Conversation.new(session, one).carry_out("create", tasks:) }
      run_in_jobs(answers.map { |answer| Created.of(answer) }, connection)
    end

    # Registers a template.
    #
    # @param source [String, Pathname, Hash] the path of a YAML file, or the same as a Hash
    # @param force [Boolean] whether a content that was once replaced may come back
    # @return [Record]
    # @raise [InvalidTemplateError] everything that is wrong with it, with its places
    def register_template(source, force: false)
      record("register_template", Requests.template(source, force))
    end

    # Creates the schema in the database, or brings it up to date.
    #
    # @return [Record]
    # @raise [DatabaseUnavailableError] PostgreSQL cannot be reached
    def migrate = record("migrate")

    # Closes the connections of this process. The client can be used no more.
    #
    # @return [void]
    def close = @engine.close

    # @api private
    attr_reader :engine

    # The interface over HTTP, with these options.
    # @api private
    def mount(options) = @mounts.compute_if_absent(options) { Native::Mount.new(Values.to_argument(options)) }

    # Work on a connection of the host's. It does not open the engine: which database is the engine's is known once it was used.
    # @api private
    def session = @engine.session

    private

    # Jobs know the client of the process alone.
    def run_in_jobs(created, connection = nil)
      Jobs.enqueue(created, connection) if Jobs.wanted? && equal?(Tasker.client)
      created
    end

    def call(verb, arguments = {})
      Values.from_json(@engine.call(verb, Values.to_argument(arguments)))
    ensure
      Logs.tell
    end

    def record(verb, arguments = {}) = Record.new(call(verb, arguments))

    def records(verb, arguments = {}) = Record.all(call(verb, arguments))
  end
end
