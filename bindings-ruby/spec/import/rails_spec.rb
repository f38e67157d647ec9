# frozen_string_literal: true

require_relative "import_helper"
require_relative "../rails/rails_helper"

# An application that moves over, step by step as the guide says.
RSpec.describe "A Rails application that had tasker-engine 1.0" do
  before(:all) do
    @application = Application.new("--skip-test")
    @application.rails("generate", "tasker:install")
    @application.rails("generate", "tasker:workflow", "shop", "order", "validate", "charge", "ship")
    @application.rails("db:prepare")
    @tasks = with_connection { |connection| Histories.leave(Ancestor.new(connection).tap(&:create_tables)) }
  end

  after(:all) { @application.destroy }

  let(:application) { @application }
  let(:tasks) { @tasks }

  # The connection to the database of the application.
  def with_connection
    settings = @application.place("development")
    ActiveRecord::Base.establish_connection(settings.merge("database" => "#{@application.database}_development"))
    yield ActiveRecord::Base.lease_connection
  ensure
    ActiveRecord::Base.connection_handler.clear_all_connections!(:all)
  end

  # Ruby for the record of a task.
  def task(name)
    "Tasker::Task.find(ActiveRecord::Base.connection.select_value(" \
      "'select task_id from tasker_import_map where old_task_id = #{tasks.fetch(name)}'))"
  end

  # Waits until as many tasks are complete.
  def wait_for_complete(names)
    old = names.map { |name| tasks.fetch(name) }.join(", ")
    done = <<~SQL
      select count(*) from tasker.tasks t join tasker_import_map m using (task_id)
      where m.old_task_id in (#{old}) and t.state = 'complete'
    SQL
    Timeout.timeout(Application::PATIENCE_SECONDS) { sleep(0.2) until application.query("development", done) == [names.size.to_s] }
  end

  it "moves over, as the guide says" do
    # See what would be imported. The templates of the application are known, registered or not.
    said = application.rails("generate", "tasker:migrate_from_engine", "--dry-run")
    expect(said).to include("Tasks to import: 5 pending", "analytics.report@0.1.0: extract, merge, orders, users")
    expect(said).to include("Nothing was written.")
    expect(said).not_to include("shop.order")
    expect(application.rails("tasker:import:dry_run")).to include("Tasks to import: 5 pending")

    # Import.
    application.rails("generate", "tasker:migrate_from_engine")
    said = application.rails("db:migrate")
    expect(said).to include("Imported 15 tasks", "Everything is what it was.", "analytics.report@0.1.0: analytics.report.extract")
    expect(application.read("db/schema.rb")).to include("create_table \"tasker_import_map\"", "create_table \"tasker_tasks\"")
    expect(application.rails("tasker:import")).to include("There was nothing left to import.")

    # Records know what was imported.
    expect(application.evaluate(<<~RUBY)).to eq([15, "a customer", "DHL", 1, %w[complete] * 3, %w[pending in_progress complete]])
      task = #{task(:finished)}
      [
        Tasker::Task.count, task.reason, task.task_annotations.first.annotation["carrier"],
        Tasker::Task.by_annotation("shipment", "boxes", 2).count, task.workflow_steps.map(&:status),
        task.task_transitions.map(&:to_state)
      ]
    RUBY
    expect(application.evaluate(<<~RUBY)).to match(["billing.refund@1.0.0", {}, a_string_including("refund_payment"), "DECLINED"])
      task = #{task(:other_namespace)}
      failed = #{task(:permanent)}.get_step_by_name(:charge)
      [task.full_name, task.named_task.configuration, task.inspect_execution.to_s, failed.results["error_code"]]
    RUBY

    # Start the new one.
    application.beside("bin/tasker", "worker", "--concurrency", "2") do
      wait_for_complete(%i[fresh waiting step_resolved interrupted])
    end
    expect(application.rails("tasker:import:verify")).to include("4 tasks have gone on since", "Everything is what it was.")

    # On a new machine there is nothing to import.
    application.rails("db:test:prepare")
    expect(application.rails("tasker:import", RAILS_ENV: "test")).to include("There was nothing left to import.")
  end
end
