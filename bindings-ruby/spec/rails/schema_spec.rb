# frozen_string_literal: true

require_relative "rails_helper"

# Whatever builds a database ends with a migrated schema of Tasker's, which stands in no dump.
RSpec.describe "Tasker's schema in a Rails application" do
  before(:all) do
    @application = Application.new
    @application.rails("generate", "tasker:install")
    @application.rails("generate", "tasker:workflow", "shop", "pay", "charge")
    @application.rails("generate", "model", "Order", "total:integer")
    @application.rails("db:create")
    @application.rails("db:migrate")
  end

  after(:all) { @application.destroy }

  let(:application) { @application }
  let(:schema) { application.read("db/schema.rb") }
  let(:structure) { application.read("db/structure.sql") }
  let(:as_sql) { {SCHEMA_FORMAT: "sql"} }

  def migrated?(database) = !application.query(database, "select to_regclass('tasker.workflow_steps')").first.nil?

  def anew(database)
    server = PG.connect(Databases.server)
    server.exec("drop database if exists \"#{application.database}_#{database}\" with (force)")
    server.exec("create database \"#{application.database}_#{database}\"")
  ensure
    server&.close
  end

  it "is made by a migration of one line" do
    migration = Dir[application.path("db/migrate/*create_tasker_schema*")].first
    expect(File.read(migration)).to include("def change = create_tasker_schema")
    expect(migrated?("development")).to be(true)
  end

  it "stands in neither dump" do
    expect(schema).to include('create_table "orders"')
    expect(schema).not_to include("tasker\"", "workflow_steps", "create_schema", "create_enum")

    application.rails("db:schema:dump", **as_sql)
    expect(structure).to include("CREATE TABLE public.orders")
    expect(structure).not_to match(/SCHEMA tasker|tasker\./)
  end

  context "with a search path that leads into it" do
    before { application.configure_databases { |all| all.each_value { |one| one["schema_search_path"] = "public,tasker" } } }
    after { application.configure_databases { |all| all.each_value { |one| one["schema_search_path"] = "public" } } }

    it "stands in neither dump" do
      application.rails("db:schema:dump")
      expect(schema).to include('create_table "orders"')
      expect(schema).not_to include("workflow_steps", "create_schema", "create_enum")

      application.rails("db:schema:dump", **as_sql)
      expect(structure).to include("CREATE TABLE public.orders")
      expect(structure).not_to match(/SCHEMA tasker|tasker\.workflow_steps/)
    end
  end

  it "stands in neither dump of all schemas" do
    application.write("config/initializers/dump_schemas.rb", "ActiveRecord.dump_schemas = :all\n")
    application.rails("db:schema:dump", **as_sql)
    expect(structure).to include("CREATE TABLE public.orders")
    expect(structure).not_to match(/SCHEMA tasker|tasker\./)
    application.rails("db:schema:dump")
    expect(schema).not_to include("workflow_steps")
  ensure
    FileUtils.rm_f(application.path("config/initializers/dump_schemas.rb"))
  end

  it "keeps flags of pg_dump that the application has" do
    application.write("config/initializers/flags.rb", <<~RUBY)
      ActiveRecord::Tasks::DatabaseTasks.structure_dump_flags = ["--no-comments"]
    RUBY
    expect(application.evaluate("ActiveRecord::Base; ActiveRecord::Tasks::DatabaseTasks.structure_dump_flags[:postgresql]"))
      .to eq(%w[--no-comments --exclude-schema=tasker])
    expect(application.evaluate("ActiveRecord::Base; ActiveRecord::Tasks::DatabaseTasks.structure_dump_flags[:mysql2]"))
      .to eq(%w[--no-comments])
  ensure
    FileUtils.rm_f(application.path("config/initializers/flags.rb"))
  end

  %w[db:schema:load db:test:prepare db:prepare db:reset db:setup].each do |task|
    it "is there after #{task}" do
      databases = (task == "db:test:prepare") ? %w[test] : %w[development test]
      databases.each { |database| anew(database) }
      application.rails(task)
      expect(databases).to all(satisfy { |database| migrated?(database) })
    end
  end

  it "is there after db:schema:load of a structure" do
    # With a search path that is set, Rails' own dump makes the schema public, which is there.
    application.write("config/initializers/format.rb", "ActiveRecord.schema_format = :sql\nActiveRecord.dump_schemas = :all\n")
    application.rails("db:schema:dump")
    # Of a pg_dump that is newer than the server.
    application.write("db/structure.sql", structure.sub(/^SET transaction_timeout.*\n/, ""))
    anew("test")
    application.rails("db:schema:load", RAILS_ENV: "test")
    expect(migrated?("test")).to be(true)
  ensure
    FileUtils.rm_f(application.path("config/initializers/format.rb"))
  end

  it "is there for tests, whose database was never prepared" do
    anew("test")
    expect(application.rails("test", "test/tasks")).to include("0 failures, 0 errors")
  end

  it "is there in the databases of tests that run in parallel" do
    application.write("test/parallel_test.rb", <<~RUBY)
      require "test_helper"

      class ParallelTest < ActiveSupport::TestCase
        parallelize(workers: 2, threshold: 1)
        include Tasker::SpecHelpers

        4.times do |number|
          test "number \#{number}" do
            name = ActiveRecord::Base.connection_db_config.database
            assert_match(/_test-\\d\\z/, name)
            assert_includes Tasker.framework_database_url, name
            assert_workflow_complete run_task_workflow("pay", namespace: "shop")
          end
        end
      end
    RUBY
    expect(application.rails("test", "test/parallel_test.rb")).to include("4 runs", "0 failures, 0 errors")
  end

  it "goes when the migration is rolled back, and comes back" do
    version = Dir.children(application.path("db/migrate")).grep(/create_tasker_schema/).first[/\d+/]
    application.rails("db:migrate:down", VERSION: version)
    expect(migrated?("development")).to be(false)
    application.rails("db:migrate:up", VERSION: version)
    expect(migrated?("development")).to be(true)
  end

  it "is brought up to date by a task" do
    expect(application.rails("tasker:migrate")).to match(/The schema "tasker" is at version \d+ \(nothing to do\)/)
  end

  it "is set up by the tasks of the ancestor's deployments" do
    expect(application.rails("tasker:install:database_objects")).to include("Nothing to copy")
    anew("development")
    application.rails("tasker:setup")
    expect(migrated?("development")).to be(true)
  end

  it "is no hindrance to dropping the database, though the engine is connected to it" do
    application.write("lib/tasks/live.rake", "task(live: :environment) { Tasker.client.list_tasks }\n")
    application.rails("live", "db:drop")
    expect { application.query("development", "select 1") }.to raise_error(PG::ConnectionBad)
    application.rails("db:prepare")
  end

  it "is refused where ActiveRecord would take its tables for the application's" do
    application.configure_databases { |all| all["test"]["schema_search_path"] = "tasker,public" }
    anew("test")
    expect(application.rails("db:migrate", RAILS_ENV: "test", fails: true))
      .to include('the search path of this connection begins with "tasker"', "set schema_search_path: public")
  ensure
    application.configure_databases { |all| all["test"]["schema_search_path"] = "public" }
  end
end

RSpec.describe "Tasker's schema in a database of its own" do
  before(:all) do
    @application = Application.new
    @application.configure_databases do |environments|
      %w[development test].each do |name|
        environments[name] = {
          "primary" => @application.place(name),
          "tasker" => @application.place("#{name}_tasker", migrations_paths: "db/tasker_migrate")
        }
      end
    end
    FileUtils.mkdir_p(@application.path("db/tasker_migrate"))
    @application.rails("generate", "tasker:install", "--database=tasker")
    @application.rails("generate", "tasker:workflow", "shop", "pay", "charge")
    @application.rails("db:create")
    @application.rails("db:migrate")
  end

  after(:all) { @application.destroy }

  let(:application) { @application }

  def there?(database) = !application.query(database, "select to_regclass('tasker.tasks')").first.nil?

  it "is there, and not in the other one" do
    expect(Dir.children(application.path("db/tasker_migrate"))).to contain_exactly(match(/create_tasker_schema/))
    expect(there?("development_tasker")).to be(true)
    expect(there?("development")).to be(false)
    expect(application.read("db/tasker_schema.rb")).not_to include("create_schema", "create_table")
  end

  it "is there after db:test:prepare, and what works in it does" do
    application.rails("db:test:prepare")
    expect(there?("test_tasker")).to be(true)
    expect(there?("test")).to be(false)
    expect(application.rails("test", "test/tasks")).to include("0 failures, 0 errors")
  end

  it "is there after each database was loaded by itself" do
    application.rails("db:schema:load:tasker", RAILS_ENV: "test")
    expect(there?("test_tasker")).to be(true)
  end

  it "is where the engine works" do
    expect(application.evaluate("Tasker.framework_database_url")).to include("development_tasker")
    expect(application.evaluate("Tasker::Task.count")).to eq(0)
  end
end
