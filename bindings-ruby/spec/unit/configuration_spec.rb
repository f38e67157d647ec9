# frozen_string_literal: true

require_relative "unit_helper"

RSpec.describe Tasker::Configuration do
  # Every option that the ancestor had, with its default.
  ancestors_options = {
    auth: {
      authentication_enabled: false, authenticator_class: nil, current_user_method: :current_user,
      authenticate_user_method: :authenticate_user!, authorization_enabled: false,
      authorization_coordinator_class: "Tasker::Authorization::BaseCoordinator", user_class: nil, strategy: :none
    },
    database: {name: nil, enable_secondary_database: false},
    telemetry: {
      enabled: true, service_name: "tasker", filter_mask: "[FILTERED]", structured_logging_enabled: true,
      correlation_id_header: "X-Correlation-ID", log_level: "info", log_format: "json", metrics_enabled: true,
      metrics_endpoint: "/tasker/metrics", metrics_format: "prometheus", metrics_auth_required: false,
      performance_monitoring_enabled: true, slow_query_threshold_seconds: 1.0, memory_threshold_mb: 100, event_sampling_rate: 1.0,
      filtered_events: [], max_stored_samples: 1000, metrics_retention_hours: 24
    },
    engine: {
      task_handler_directory: "tasks", task_config_directory: "tasker/tasks", default_module_namespace: nil,
      identity_strategy: :default, identity_strategy_class: nil, custom_events_directories: ["config/tasker/events"]
    },
    health: {
      status_endpoint_requires_auth: true, ready_requires_authentication: false, status_requires_authentication: true,
      readiness_timeout_seconds: 5.0, cache_duration_seconds: 15
    },
    dependency_graph: {
      impact_multipliers: {
        downstream_weight: 5, blocked_weight: 15, path_length_weight: 10, completed_penalty: 15, blocked_penalty: 25,
        error_penalty: 30, retry_penalty: 10
      },
      severity_multipliers: {error_state: 2.0, exhausted_retry_bonus: 0.5, dependency_issue: 1.2},
      penalty_constants: {retry_instability: 3, non_retryable: 10, exhausted_retry: 20},
      severity_thresholds: {critical: 100, high: 50, medium: 20},
      duration_estimates: {base_step_seconds: 30, error_penalty_seconds: 60, retry_penalty_seconds: 30}
    },
    backoff: {
      default_backoff_seconds: [1, 2, 4, 8, 16, 32], max_backoff_seconds: 300, backoff_multiplier: 2.0, jitter_enabled: true,
      jitter_max_percentage: 0.1, reenqueue_delays: {has_ready_steps: 0, waiting_for_dependencies: 45, processing: 10},
      default_reenqueue_delay: 30, buffer_seconds: 5
    },
    execution: {
      min_concurrent_steps: 3, max_concurrent_steps_limit: 12, concurrency_cache_duration: 30, batch_timeout_base_seconds: 30,
      batch_timeout_per_step_seconds: 5, max_batch_timeout_seconds: 120,
      connection_pressure_factors: {low: 0.8, moderate: 0.6, high: 0.4, critical: 0.2}, health_assessment_cache_duration: 30,
      connection_health_log_level: "debug"
    },
    cache: {
      default_ttl: 300, adaptive_ttl_enabled: true, performance_tracking_enabled: true, hit_rate_smoothing_factor: 0.9,
      access_frequency_decay_rate: 0.95, min_adaptive_ttl: 30, max_adaptive_ttl: 3600, dashboard_cache_ttl: 120,
      cache_pressure_threshold: 0.8, adaptive_calculation_interval: 30
    }
  }

  def configure(&) = Tasker.configure(&)

  ancestors_options.each do |block, options|
    it "has every option of the ancestor's block #{block}, with its default" do
      expect(Tasker.configuration.public_send(block).to_h).to include(options)
    end

    it "takes every option of the ancestor's block #{block}" do
      configure { |config| config.public_send(block).assign(options) }
      expect(Tasker.configuration.public_send(block).to_h).to include(options)
    end
  end

  it "says of every option what becomes of it" do
    uses = described_class::BLOCKS.values.flat_map { |type| type.options.values.map(&:use) }.uniq
    expect(uses).to contain_exactly(:setting, :used, :later, :ignored)
    expect(described_class::BLOCKS.values.flat_map { |type| type.options.values.map(&:about) }).to all(match(/\S/))
  end

  it "has the name of a setting for every setting, in its block" do
    described_class::BLOCKS.each do |name, type|
      settings = type.options.values.select { |option| option.use == :setting }
      expect(settings.map(&:about)).to eq(settings.map { |setting| "#{name}.#{setting.name}" })
    end
  end

  it "has every setting of the engine, with the engine's default" do
    reference = File.read(File.expand_path("../../../docs/reference/configuration.md", __dir__))
    engine = reference.scan(/^\| `(\w+\.\w+)` \| `(.+?)` \| .*\| (.*) \|$/).reject { |*, meaning| meaning.start_with?("accepted") }
    engine = engine.to_h { |setting, default, _| [setting, JSON.parse(default)] }
    ours = described_class::BLOCKS.each_value.flat_map { |type| type.options.values.select { |option| option.use == :setting } }
    expect(engine.size).to be > 30
    expect(ours.to_h { |option| [option.about, JSON.parse(Tasker::Values.to_json(option.default))] }).to eq(engine)
  end

  it "takes a block with a block, and a block with setters" do
    configure do |config|
      config.engine { |engine| engine.identity_strategy = :hash }
      config.backoff.max_backoff_seconds = 120
    end
    expect(Tasker.configuration.engine.identity_strategy).to eq(:hash)
    expect(Tasker.configuration.backoff.max_backoff_seconds).to eq(120)
  end

  it "begins a second time where the first ended" do
    configure { |config| config.backoff.max_backoff_seconds = 120 }
    configure { |config| config.backoff.jitter_enabled = false }
    expect(Tasker.configuration.backoff.to_h).to include(max_backoff_seconds: 120, jitter_enabled: false)
  end

  it "knows authentication as auth, as the ancestor did" do
    configure { |config| config.authentication.authenticator_class = "MyAuthenticator" }
    expect(Tasker.configuration.authentication).to be(Tasker.configuration.auth)
    expect(Tasker.configuration.auth.authenticator_class).to eq("MyAuthenticator")
  end

  describe "what is wrong" do
    def message_of
      configure { |config| yield config }
      raise "it was taken"
    rescue Tasker::ConfigurationError => e
      e.message
    end

    it "is a block that is not there" do
      expect(message_of { |config| config.engin { nil } })
        .to start_with("there is no block 'engin' in the configuration; did you mean 'engine'?")
    end

    it "is an option that is not there" do
      expect(message_of { |config| config.engine.identity_stratgy = :hash })
        .to eq("there is no option 'engine.identity_stratgy'; did you mean 'identity_strategy'?")
    end

    it "is a value of another type" do
      expect(message_of { |config| config.backoff.max_backoff_seconds = "120" })
        .to eq('backoff.max_backoff_seconds must be a number, not "120" (String)')
    end

    it "is a word that is none of those that count" do
      expect(message_of { |config| config.engine.identity_strategy = :uuid })
        .to eq("engine.identity_strategy must be one of :default, :hash, :key, :custom, not :uuid (Symbol)")
    end

    it "is a key of a table that is not there" do
      expect(message_of { |config| config.dependency_graph.severity_thresholds = {critcal: 1} })
        .to eq("dependency_graph.severity_thresholds: there is no key 'critcal' here; did you mean 'critical'?")
    end

    it "is what is refused, with the reason" do
      expect(message_of { |config| config.execution.gc_trigger_duration_threshold = 1 }).to match(/cannot be set: a constant/)
      expect(message_of { |config| config.auth.enabled = true })
        .to start_with("auth.enabled cannot be set: its name is authentication_enabled")
    end

    it "leaves the configuration as it was" do
      before = Tasker.configuration
      message_of do |config|
        config.backoff.max_backoff_seconds = 1
        config.backoff.max_backoff_seconds = "1"
      end
      expect(Tasker.configuration).to be(before)
    end
  end

  it "does not change in place" do
    config = Tasker.configuration
    expect([config, config.engine, config.backoff.default_backoff_seconds]).to all(be_frozen)
    expect { config.engine.identity_strategy = :hash }
      .to raise_error(FrozenError, /set engine.identity_strategy inside Tasker.configure/)
    expect { config.engine { |engine| engine } }.to raise_error(Tasker::ConfigurationError, /inside Tasker.configure/)
  end

  it "is one or the other for readers while it is swapped" do
    configure { |config| config.backoff.assign(max_backoff_seconds: 1, default_reenqueue_delay: 1) }
    options = %i[max_backoff_seconds default_reenqueue_delay]
    seen = Thread.new { Array.new(2000) { Tasker.configuration.backoff.to_h.values_at(*options) } }
    2.upto(50) { |n| configure { |config| config.backoff.assign(max_backoff_seconds: n, default_reenqueue_delay: n) } }
    expect(seen.value.map(&:uniq).map(&:size)).to all(eq(1))
  end

  describe "#to_settings" do
    it "has nothing where nothing was configured, so that files and the environment count" do
      expect(Tasker.configuration.to_settings).to eq({})
    end

    it "has what was configured, by the engine's names" do
      configure do |config|
        config.backoff.assign(default_backoff_seconds: [1, 5], jitter_enabled: false, buffer_seconds: 9)
        config.execution { |execution| execution.lease_seconds = 60 }
        config.engine { |engine| engine.identity_strategy = :hash }
        config.retention { |retention| retention.finished_seconds = 86_400 }
      end
      expect(Tasker.configuration.to_settings).to eq({
        "backoff" => {"default_backoff_seconds" => [1, 5], "jitter_enabled" => false},
        "execution" => {"lease_seconds" => 60},
        "engine" => {"identity_strategy" => :hash},
        "retention" => {"finished_seconds" => 86_400}
      })
    end

    it "has what was set to its default, for then somebody means it" do
      configure { |config| config.backoff.max_backoff_seconds = 300 }
      expect(Tasker.configuration.to_settings).to eq({"backoff" => {"max_backoff_seconds" => 300}})
    end

    it "is refused where options do not fit together, with all of them" do
      configure do |config|
        config.auth.authentication_enabled = true
        config.engine.identity_strategy = :custom
      end
      expect { Tasker.configuration.to_settings }.to raise_error(Tasker::ConfigurationError) { |error|
        expect(error.message).to include("- auth: Authentication is enabled but no authenticator_class is specified")
        expect(error.message).to include("- engine: Custom identity strategy selected but no identity_strategy_class provided")
      }
    end
  end

  it "checks bounds" do
    configure { |config| config.execution.assign(min_concurrent_steps: 5, max_concurrent_steps_limit: 2) }
    expect { Tasker.configuration.validate! }
      .to raise_error(Tasker::ConfigurationError, /min_concurrent_steps \(5\) must not be above max_concurrent_steps_limit \(2\)/)
  end

  it "lowers the number of threads without a word on the lower bound" do
    configure { |config| config.execution.max_concurrent_steps_limit = 2 }
    expect(Tasker.configuration.validate!).to be(true)
  end

  it "tells which options were set and have no effect, and why" do
    configure { |config| config.execution.batch_timeout_base_seconds = 60 }
    expect(Tasker.configuration.without_effect).to match({"execution.batch_timeout_base_seconds" => /no batches/})
  end

  it "has the schema for clients" do
    expect(Tasker.configuration.schema_name).to be_nil
    configure { |config| config.database.schema = "jobs" }
    expect(Tasker.configuration.schema_name).to eq("jobs")
  end

  it "goes back to the defaults" do
    configure { |config| config.backoff.max_backoff_seconds = 1 }
    described_class.reset!
    expect(Tasker.configuration).to eq(described_class.new)
  end

  it "adds and sets directories of events on a copy" do
    engine = Tasker.configuration.engine
    expect(engine.add_custom_events_directories("a", ["b"]).custom_events_directories).to eq(["config/tasker/events", "a", "b"])
    expect(engine.set_custom_events_directories(["a"]).custom_events_directories).to eq(["a"])
  end
end
