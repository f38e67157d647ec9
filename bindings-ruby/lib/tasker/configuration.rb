# frozen_string_literal: true

require "monitor"

module Tasker
  # The configuration of this process: blocks of options. {Types::BaseConfig} says what becomes of each.
  #
  #   Tasker.configure do |config|
  #     config.engine { |engine| engine.identity_strategy = :hash }
  #     config.backoff { |backoff| backoff.max_backoff_seconds = 120 }
  #   end
  #
  # A configuration never changes: configuring makes another and puts it in the place of the first, so that whoever reads sees one
  # or the other, and never half of each.
  class Configuration
    autoload :Block, "tasker/configuration/block"
    autoload :Draft, "tasker/configuration/draft"

    # The blocks, and what they are made of.
    BLOCKS = {
      auth: Types::AuthConfig,
      backoff: Types::BackoffConfig,
      cache: Types::CacheConfig,
      database: Types::DatabaseConfig,
      dependency_graph: Types::DependencyGraphConfig,
      engine: Types::EngineConfig,
      execution: Types::ExecutionConfig,
      health: Types::HealthConfig,
      retention: Types::RetentionConfig,
      telemetry: Types::TelemetryConfig
    }.freeze

    @lock = Monitor.new

    class << self
      # The configuration of this process; with a block, after the block has changed it.
      #
      # @yieldparam config [Draft]
      # @return [Configuration]
      # @raise [ConfigurationError] an option is unknown, or of the wrong type
      def configuration
        return current unless block_given?

        @lock.synchronize do
          draft = Draft.new(current)
          yield draft
          @current = draft.build
        end
      end

      # Goes back to the defaults, as tests do.
      #
      # @return [Configuration]
      def reset!
        @lock.synchronize { @current = new }
      end

      private

      def current = @current || @lock.synchronize { @current ||= new }
    end

    # @param blocks [Hash{Symbol => Types::BaseConfig}] those that are not the defaults
    def initialize(**blocks)
      @blocks = BLOCKS.to_h { |name, type| [name, blocks.fetch(name) { type.new }] }.freeze
      freeze
    end

    # @!method auth
    #   @return [Types::AuthConfig]
    # @!method backoff
    #   @return [Types::BackoffConfig]
    # @!method cache
    #   @return [Types::CacheConfig]
    # @!method database
    #   @return [Types::DatabaseConfig]
    # @!method dependency_graph
    #   @return [Types::DependencyGraphConfig]
    # @!method engine
    #   @return [Types::EngineConfig]
    # @!method execution
    #   @return [Types::ExecutionConfig]
    # @!method health
    #   @return [Types::HealthConfig]
    # @!method retention
    #   @return [Types::RetentionConfig]
    # @!method telemetry
    #   @return [Types::TelemetryConfig]
    BLOCKS.each_key do |name|
      define_method(name) do |&change|
        raise ConfigurationError, "change the configuration inside Tasker.configure { |config| config.#{name} { … } }" if change

        @blocks.fetch(name)
      end
    end
    alias_method :authentication, :auth

    # @return [Hash{Symbol => Hash}]
    def to_h = @blocks.transform_values(&:to_h)

    # The engine's settings among what was configured, block by block: what {Client} takes. What was left to its default is left
    # to *tasker.yaml* and to the environment, too.
    #
    # @return [Hash{String => Hash}]
    # @raise [ConfigurationError] options do not fit together
    def to_settings
      validate!
      given = @blocks.each_value.map(&:given_settings).reduce({}, :merge)
      given.each_with_object({}) do |(setting, value), settings|
        block, name = setting.split(".", 2)
        (settings[block] ||= {})[name] = value
      end
    end

    # @return [String, nil] the schema of Tasker's tables; nil where nothing was configured
    def schema_name = database.schema

    # @return [Hash{String => String}] options that were configured and have no effect, with the reasons
    def without_effect
      @blocks.each_with_object({}) do |(block, options), found|
        options.without_effect.each { |name, reason| found["#{block}.#{name}"] = reason }
      end
    end

    # Checks what options say together. Clients do, before they are made.
    #
    # @return [true]
    # @raise [ConfigurationError] with everything that does not fit together
    def validate!
      problems = @blocks.flat_map { |name, block| block.problems.map { |problem| "#{name}: #{problem}" } }
      return true if problems.empty?

      raise ConfigurationError, "the configuration does not fit together:\n#{problems.map { |problem| "- #{problem}" }.join("\n")}"
    end
    alias_method :validate_required_settings, :validate!

    def ==(other) = other.is_a?(Configuration) && other.to_h == to_h
  end
end
