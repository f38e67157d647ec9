# frozen_string_literal: true

require "fileutils"
require "open3"
require "pg"
require "securerandom"
require "tmpdir"
require "uri"
require "yaml"

# A Rails application that is made for a spec, outside of the repository, with databases of its own. It uses the gem as it is
# installed, or from its folder where it is not, and a deprecation is an error there.
class Application
  GEM = (File.expand_path("../../..", __dir__) if Gem::Specification.find_all_by_name("tasker-engine").empty?)
  # What needs the network, or what no spec looks at.
  SKIPPED = %w[
    bundle git asset-pipeline javascript hotwire jbuilder system-test bootsnap action-cable action-mailbox action-text
    active-storage dev-gems brakeman rubocop ci docker
  ].map { |part| "--skip-#{part}" }.freeze
  # What an application must not know of the process that tests it.
  UNKNOWN = %w[BUNDLE_GEMFILE BUNDLE_BIN_PATH BUNDLER_VERSION RUBYOPT RAILS_ENV TASKER_DATABASE_URL TASKER_TEST_SERVER].freeze
  PATIENCE_SECONDS = 30

  attr_reader :root, :database

  # @param gems [Array<String>] besides Rails' own
  # @param options [Array<String>] of `rails new`
  def initialize(*options, gems: [])
    @database = "rails_#{SecureRandom.hex(6)}"
    @folder = Dir.mktmpdir("tasker-rails-")
    @root = File.join(@folder, "shop")
    execute(["rails", "new", "shop", "--database=postgresql", *SKIPPED, *options], chdir: @folder)
    write("Gemfile", gemfile(gems))
    execute(%w[bundle install --local --quiet])
    write("config/database.yml", {"development" => place("development"), "test" => place("test")}.to_yaml)
    write("config/initializers/deprecations.rb", "Rails.application.deprecators.behavior = :raise\n")
  end

  # Runs a command in it.
  #
  # @return [String] what it said
  # @raise [RuntimeError] it failed; with `fails: true`, it did not
  def run(*command, fails: false, **environment) = execute(command, fails:, environment:)

  def rails(*arguments, **) = run("bin/rails", *arguments, **)

  # What the last line of some Ruby gives, in the application.
  #
  # @return [Object] what JSON can say of it
  def evaluate(ruby, **environment)
    rails("runner", <<~RUBY, **environment).lines.grep(/\A=> /).last.delete_prefix("=> ").then { |json| JSON.parse(json) }
      result = begin
      #{ruby}
      end
      puts "=> \#{result.to_json}"
    RUBY
  end

  # Runs a command beside a block, and kills it if it still runs afterwards.
  #
  # @yieldparam running [Running]
  def beside(*command, **environment)
    running = Running.new(command, root, unknown.merge(environment.transform_keys(&:to_s)))
    yield running
  ensure
    running&.finish
  end

  def read(path) = File.read(path(path))

  def path(path) = File.join(root, path)

  def there?(path) = File.exist?(path(path))

  def write(path, text)
    FileUtils.mkdir_p(File.dirname(path(path)))
    File.write(path(path), text)
  end

  # Changes config/database.yml.
  #
  # @yieldparam environments [Hash]
  def configure_databases
    environments = YAML.load_file(path("config/database.yml"))
    yield environments
    write("config/database.yml", environments.to_yaml)
  end

  # A database of its own.
  def place(name, **more)
    uri = URI(Databases.server)
    query = URI.decode_www_form(uri.query.to_s).to_h
    {
      "adapter" => "postgresql", "database" => "#{database}_#{name}", "pool" => 5, "schema_search_path" => "public",
      "host" => query["host"] || uri.host, "port" => (query["port"] || uri.port)&.to_i,
      "username" => uri.user || query["user"], "password" => uri.password, **more.transform_keys(&:to_s)
    }.compact
  end

  # What a query says in one of its databases: the first column.
  def query(name, sql)
    connection = PG.connect(Databases.at("#{database}_#{name}"))
    connection.exec(sql).column_values(0)
  ensure
    connection&.close
  end

  def destroy
    FileUtils.rm_rf(@folder)
    server = PG.connect(Databases.server)
    names = server.exec_params("select datname from pg_database where datname like $1", ["#{database}%"]).column_values(0)
    names.each { |name| server.exec("drop database #{server.quote_ident(name)} with (force)") }
  ensure
    server&.close
  end

  # A command that runs beside the spec.
  class Running
    attr_reader :pid

    def initialize(command, root, environment)
      @log = File.join(root, "tmp", "#{File.basename(command.first)}-#{SecureRandom.hex(4)}.log")
      FileUtils.mkdir_p(File.dirname(@log))
      @pid = spawn(environment, *command, chdir: root, out: @log, err: [:child, :out], pgroup: true)
    end

    # What it has said so far.
    def output = File.read(@log)

    # Waits until it has said something.
    def wait_for(pattern)
      within_patience("#{pattern.inspect}:\n#{output}") { output.match?(pattern) }
    end

    def signal(name, pid = @pid) = Process.kill(name, pid)

    # Waits until it has ended.
    #
    # @return [Process::Status]
    def wait
      within_patience("its end:\n#{output}") { @status ||= Process.wait2(@pid, Process::WNOHANG)&.last }
      @status
    end

    def finish
      return if @status

      Process.kill(:KILL, -@pid)
      Process.wait(@pid)
    rescue Errno::ESRCH, Errno::ECHILD
      # It has ended meanwhile.
    end

    private

    def within_patience(what)
      ending = now + PATIENCE_SECONDS
      until yield
        raise "waited #{PATIENCE_SECONDS} s for #{what}\n#{output}" if now > ending

        sleep 0.05
      end
    end

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  private

  def execute(command, fails: false, environment: {}, chdir: root)
    said, status = Open3.capture2e(unknown.merge(environment.transform_keys(&:to_s)), *command, chdir:)
    return said if status.success? != fails

    raise "#{command.join(" ")} #{fails ? "did not fail" : "failed"}:\n#{said}"
  end

  def unknown = UNKNOWN.to_h { |name| [name, nil] }.merge("TASKER_GEM" => GEM)

  def gemfile(gems)
    <<~RUBY
      source "https://gems.invalid" # nobody asks it

      gem "rails"
      gem "pg"
      gem "puma"
      gem "tasker-engine"#{", path: #{GEM.inspect}" if GEM}
      #{gems.map { |name| "gem #{name.inspect}" }.join("\n")}
    RUBY
  end
end
