# frozen_string_literal: true

require_relative "rails_helper"

# What is generated is run: by the tests that were generated with it.
RSpec.describe "A Rails application with RSpec" do
  before(:all) do
    @application = Application.new("--skip-test", gems: %w[rspec-rails faraday])
    @application.rails("generate", "rspec:install")
    @application.rails("generate", "tasker:install")
    steps = %w[validate_cart process_payment ship_order]
    @application.rails("generate", "tasker:workflow", "ecommerce", "process_order", *steps)
    @application.rails("db:prepare")
  end

  after(:all) { @application.destroy }

  let(:application) { @application }

  # What RSpec says of a generated spec.
  def passes(name) = application.run("bundle", "exec", "rspec", "spec/tasks/#{name}_spec.rb")

  it "is installed" do
    expect(application.run("bin/tasker", "--version")).to include(Tasker::VERSION)
    expect(application.read("config/initializers/tasker.rb")).to include("Tasker.configure do |config|")
    expect(Dir.children(application.path("db/migrate"))).to contain_exactly(match(/_create_tasker_schema\.tasker\.rb\z/))
    expect(application.run("bin/tasker", "task", "list", "--json")).to include("[")
  end

  it "is Zeitwerk-clean" do
    expect(application.rails("zeitwerk:check")).to include("All is good!")
  end

  it "has a workflow, and a spec that runs it" do
    expect(passes("ecommerce/process_order")).to include("4 examples, 0 failures")
    expect(application.there?("app/tasks/ecommerce/process_order/process_payment.rb")).to be(true)
  end

  it "gets a step, which follows the last one, and a spec that runs it" do
    application.rails("generate", "tasker:workflow", "ecommerce", "restock", "count_goods", "order_goods")
    application.rails("generate", "tasker:step_handler", "ecommerce", "restock", "StoreGoods")
    expect(application.read("config/tasker/tasks/ecommerce/restock.yaml")).to include(<<-YAML)
  - name: store_goods
    depends_on_step: order_goods
    handler_class: Ecommerce::Restock::StoreGoods
    YAML
    expect(passes("ecommerce/restock/store_goods")).to include("2 examples, 0 failures")
  end

  it "gets a step that calls a service" do
    application.rails("generate", "tasker:workflow", "ecommerce", "refund", "check", "pay")
    application.rails("generate", "tasker:step_handler", "ecommerce", "refund", "notify", "--api", "--depends-on", "check")
    expect(application.read("config/tasker/tasks/ecommerce/refund.yaml"))
      .to include("depends_on_step: check\n    handler_class: Ecommerce::Refund::Notify")
    expect(passes("ecommerce/refund/notify")).to include("2 examples, 0 failures")
  end

  it "refuses a step of a workflow that is not there, and one that is there already" do
    expect(application.rails("generate", "tasker:step_handler", "ecommerce", "return_order", "pay", fails: true))
      .to include("there is no config/tasker/tasks/ecommerce/return_order.yaml", "generate tasker:workflow ecommerce return_order")
    expect(application.rails("generate", "tasker:step_handler", "ecommerce", "process_order", "ship_order", fails: true))
      .to include("has a step 'ship_order' already")
  end

  it "gets a workflow whose steps run beside one another" do
    application.rails("generate", "tasker:workflow", "analytics", "report", "orders:", "users:", "summary:orders,users")
    expect(application.read("config/tasker/tasks/analytics/report.yaml")).to include("depends_on_steps: [orders, users]")
    expect(passes("analytics/report")).to include("4 examples, 0 failures")
  end

  it "gets a workflow of the default namespace, which has no module" do
    application.rails("generate", "tasker:workflow", "default", "clean_up")
    expect(application.read("app/tasks/clean_up/fetch_data.rb")).to include("class CleanUp::FetchData < Tasker::StepHandler::Base")
    expect(passes("clean_up")).to include("4 examples, 0 failures")
  end

  it "gets a task handler with its steps, as the gem had it up to 1.0" do
    options = %w[--namespace-name=payments --module-namespace=Backoffice]
    application.rails("generate", "tasker:task_handler", "RefundOrder", *options)
    expect(application.read("app/tasks/backoffice/payments/refund_order.rb")).to include(
      "class Backoffice::Payments::RefundOrder < Tasker::ConfiguredTask", "class FetchData < Tasker::StepHandler::Api"
    )
    expect(passes("backoffice/payments/refund_order")).to include("2 examples, 0 failures")
  end

  it "gets authenticators of each kind and a coordinator, and specs that run them" do
    %w[custom devise jwt api_token omniauth].each { |type| application.rails("generate", "tasker:authenticator", "by_#{type}", "--type", type) }
    application.rails("generate", "tasker:authorization_coordinator", "staff")
    expect(application.rails("zeitwerk:check")).to include("All is good!")
    expect(application.run("bundle", "exec", "rspec", "spec/tasker")).to match(/18 examples, 0 failures(, 3 pending)?/)
  end

  it "gives back what it got, but for a step in a template" do
    application.rails("generate", "tasker:workflow", "shop", "count", "order_goods")
    application.rails("generate", "tasker:step_handler", "shop", "count", "count_goods")
    expect(application.rails("destroy", "tasker:step_handler", "shop", "count", "count_goods"))
      .to include("take the step 'count_goods' out of config/tasker/tasks/shop/count.yaml")
    expect(application.there?("config/tasker/tasks/shop/count.yaml")).to be(true)
    FileUtils.rm_rf(application.path("config/tasker/tasks/shop"))
  end

  it "teaches its generators by example" do
    %w[install workflow step_handler task_handler authenticator authorization_coordinator].each do |generator|
      expect(application.rails("generate", "tasker:#{generator}", "--help")).to include("bin/rails generate tasker:#{generator}")
    end
  end
end
