# frozen_string_literal: true

require_relative "models_helper"

RSpec.describe Tasker::ApplicationRecord do
  after { Tasker::Configuration.reset! }

  def configure(**options)
    Tasker.configure { |config| config.database { |database| options.each { |name, value| database.public_send(:"#{name}=", value) } } }
  end

  # A class of its own, to connect.
  let(:record) do
    Class.new(described_class) do
      self.abstract_class = true

      class << self
        attr_reader :connected
        attr_accessor :logger

        def connects_to(**how) = @connected = how
      end
    end
  end

  it "has its tables in Tasker's schema" do
    expect(Tasker::Task.table_name).to eq("tasker.task_records")
    expect(described_class.schema).to eq("tasker")
    configure(schema: "jobs")
    expect(described_class.schema).to eq("jobs")
  end

  it "reads and writes in a schema of another name, whatever the search path" do
    program = <<~RUBY
      require "rspec"
      require "./spec/models/models_helper"
      Tasker.client.migrate
      Tasker.client.register_template({name: "order", step_templates: [{name: "only", handler: "only"}]})
      ActiveRecord::Base.establish_connection(ENV.fetch("TASKER_DATABASE_URL"))
      ActiveRecord::Base.connection.schema_search_path = "pg_catalog"
      task = Tasker::Task.create_with_defaults!(name: "order", context: {})
      Tasker::TaskAnnotation.annotate(task, "first", 1)
      task.with_lock { task.task_annotations.create!(annotation_type: Tasker::AnnotationType.find_or_create_by!(name: "second"), annotation: 2) }
      only = Tasker::WorkflowStep.joins(:named_step, :task).where(task: {complete: false}, name: "only").sole
      puts [Tasker::Task.table_name, only.task.annotation_types.map(&:name), only.updated_at == task.created_at].join(" ")
    RUBY
    told, = run_program(program, TASKER_DATABASE_URL: Databases.at(Databases.create), TASKER_SCHEMA: "jobs")
    expect(told).to eq("jobs.task_records first second true\n")
  end

  it "stays with the default database unless told otherwise" do
    configure(name: "tasker")
    record.configure_database_connections
    expect(record.connected).to be_nil
  end

  it "connects to the database that the configuration names" do
    configure(enable_secondary_database: true, name: "tasker")
    allow(record).to receive(:database_configuration_exists?).with("tasker").and_return(true)
    record.configure_database_connections
    expect(record.connected).to eq(database: {writing: :tasker, reading: :tasker})
  end

  it "warns where database.yml has no such database" do
    record.logger = instance_double(Logger, warn: true)
    configure(enable_secondary_database: true, name: "elsewhere")
    record.configure_database_connections
    expect(record.connected).to be_nil
    expect(record.logger).to have_received(:warn).with(/no database 'elsewhere'/)
  end

  it "loads every model" do
    names = Dir[File.expand_path("../../app/models/tasker/**/*.rb", __dir__)].map do |path|
      path[%r{app/models/(.*)\.rb}, 1].camelize
    end
    expect(names.map(&:constantize)).to all(be_a(Module))
  end
end
