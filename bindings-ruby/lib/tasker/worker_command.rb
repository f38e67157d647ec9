# frozen_string_literal: true

require "logger"
require "optparse"
require "tasker/command"

module Tasker
  # `tasker worker`: a process that runs the steps of workflows until SIGTERM or Ctrl-C.
  class WorkerCommand
    HELP = <<~TEXT
      usage: tasker worker [FILE...] [options]

      Runs the steps of workflows whose handlers this application has: the Rails application in the current folder, and the Ruby
      and YAML files that are named (of a folder, all of them).
    TEXT
    EXAMPLES = <<~TEXT

      examples:
        bin/tasker worker                          the Rails application in this folder
        bin/tasker worker --concurrency 20         with more handlers at once; ActiveRecord's pool has to be as large
        RAILS_ENV=production bin/tasker worker     as a service runs it
        tasker worker handlers/                    without Rails: files that call Tasker.handler, and templates

      SIGTERM or Ctrl-C stop it: handlers may finish within execution.shutdown_grace_seconds, the rest goes back without counting
      as an attempt. The same once more ends it at once; its steps come back when its lease is over.
    TEXT
    SIGNALS = %w[INT TERM].freeze

    class << self
      # Loads an application and works for it.
      #
      # @param arguments [Array<String>] after `tasker worker`
      # @return [Integer] the exit status
      def run(arguments)
        options = {}
        files = parser(options).parse(arguments)
        return help if options.delete(:help)

        missing = files.find { |file| !File.exist?(file) }
        return refuse("there is no file #{missing}") if missing
        return refuse("there is no Rails application in this folder, and no file is named") unless load_all(files)

        new(**options).call
      rescue OptionParser::ParseError => e
        refuse(e.message)
      end

      private

      def parser(options = {})
        OptionParser.new(HELP, 22) do |parser|
          parser.separator ""
          parser.on("-c", "--concurrency N", Integer, "how many handlers run at once (12)") { |n| options[:concurrency] = n }
          parser.on("--database-url URL", "the database; else that of the application") { |url| options[:database_url] = url }
          parser.on("--schema NAME", "the schema of Tasker's tables (tasker)") { |name| options[:schema] = name }
          parser.on("--name NAME", "what the worker is called; else host and process") { |name| options[:name] = name }
          parser.on("-h", "--help", "print this") { options[:help] = true }
          parser.separator EXAMPLES
        end
      end

      def help
        puts parser
        0
      end

      def refuse(problem)
        warn "error: #{problem}\n\n#{HELP}\n`tasker worker --help` tells more."
        2
      end

      # @return [Boolean] whether there was anything to load
      def load_all(files)
        in_rails = Command.load_application
        # What it says would be lost otherwise.
        Tasker.logger = Logger.new($stderr) unless in_rails
        files.flat_map { |file| File.directory?(file) ? inside(file) : file }.each { |file| load_file(file) }
        in_rails || files.any?
      end

      # Templates last: they name classes.
      def inside(folder)
        %w[**/*.rb **/*.{yml,yaml}].flat_map { |pattern| Dir.glob(pattern, base: folder) }.map { |file| File.join(folder, file) }
      end

      def load_file(file)
        return TaskBuilder.from_yaml(file).build if file.end_with?(".yml", ".yaml")

        require File.expand_path(file)
      end
    end

    # @param concurrency [Integer, nil] how many handlers run at once; else as the configuration says
    # @param name [String, nil] for people; host and process when left out
    # @param database_url [String, nil] else that of {Tasker.client}
    # @param schema [String, nil] else that of {Tasker.client}
    def initialize(concurrency: nil, name: nil, database_url: nil, schema: nil)
      @concurrency = concurrency
      @name = name
      @place = {database_url:, schema:}.compact
      @signalled = []
    end

    # Works until it is told to stop.
    #
    # @return [Integer] the exit status
    def call
      stopping_by_signal do
        use_place
        show_log
        work
      end
      0
    rescue Tasker::Error => e
      say "error: #{e.message}"
      1
    end

    private

    # Handlers that create tasks do so in the same database.
    def use_place
      return if @place.empty?

      configuration = Tasker.configuration
      Tasker.client = Client.new(schema: configuration.database.schema, settings: configuration.to_settings, **@place)
    end

    def work
      @worker = Worker.new(Tasker.client, concurrency: @concurrency, name: @name)
      # The signal may have come meanwhile.
      @worker.request_stop if @signalled.any?
      say "worker #{@worker.status.worker_id} runs #{Tasker.handlers.names.sort.join(", ")}; Ctrl-C stops it"
      @worker.run
      say "stopped"
    end

    # The same signal twice: a terminal and a supervisor may well send one each.
    def stopping_by_signal
      before = SIGNALS.to_h { |signal| [signal, trap(signal) { stop_by(signal) }] }
      yield
    ensure
      before&.each { |signal, handler| trap(signal, handler || "DEFAULT") }
    end

    # In a trap, where neither a lock nor a logger may be used.
    def stop_by(signal)
      if @signalled.include?(signal)
        say "SIG#{signal} again: ending at once"
        exit!(128 + Signal.list[signal])
      end
      @signalled << signal
      say "SIG#{signal}: handlers may finish; once more ends at once"
      @worker&.request_stop
    end

    # In development the log is read where the process runs, as that of `rails server` is.
    def show_log
      return unless defined?(::Rails.logger) && ::Rails.env.development?
      return if ActiveSupport::Logger.logger_outputs_to?(::Rails.logger, $stdout, $stderr)

      # As it is said, where the output goes to a supervisor.
      $stdout.sync = true
      console = ActiveSupport::Logger.new($stdout, level: ::Rails.logger.level, formatter: ::Rails.logger.formatter)
      ::Rails.logger.broadcast_to(console)
    end

    def say(text) = warn("#{Time.now.utc.strftime("%FT%TZ")} #{text}")
  end
end
