# frozen_string_literal: true

require "tmpdir"

RSpec.describe "Memory", :database do
  let(:program) { <<~RUBY }
    require "tasker"
    template = {name: "order", version: "1.0.0", step_templates: [{name: "pay", handler: "pay", default_retry_limit: 1}]}
    handlers = Tasker::Handlers.new
    handlers.add("pay") { |step| step.context[:fail] ? raise("no") : {paid: step.context[:amount]} }
    client = Tasker::Client.new(database_url: ENV.fetch("URL"))
    client.register_template(template)
    worker = Tasker::Worker.new(client, handlers, concurrency: 2)
    begin
      client.task("no id")
    rescue Tasker::InvalidArgumentError
      # As it should be.
    end
    ids = [{amount: 7}, {fail: true}].map { |context| client.create_task("order", context:).task_id }
    states = ids.map { |id| client.wait_state(id, within_seconds: 300) }
    worker.stop
    client.close
    abort(states.inspect) unless states == %w[complete error]
  RUBY

  it "bears a garbage collection at every allocation" do
    said, process = run_program(<<~RUBY, URL: database_url)
      require "tasker"
      client = Tasker::Client.new(database_url: ENV.fetch("URL"))
      client.list_tasks
      GC.stress = true
      client.list_tasks
      begin
        client.task("no id")
      rescue Tasker::InvalidArgumentError
        # As it should be.
      end
      session = client.session
      begin
        session.begin("{}")
      rescue Tasker::EngineError
        # As it should be.
      end
      GC.stress = false
      client.close
    RUBY
    expect(process).to be_success, said
  end

  it "bears that everything moves" do
    said, process = run_program("GC.auto_compact = true\n#{program}\nGC.compact", URL: database_url)
    expect(process).to be_success, said
  end

  it "is used and given back as valgrind wants it, wherever our library is involved" do
    Dir.mktmpdir do |folder|
      report = File.join(folder, "report.xml")
      # Ruby's garbage collector looks at whatever lies on the stack, which valgrind takes for the use of undefined values. The
      # engine's threads live as long as the process; what they hold by pointers into its middle is "possibly lost".
      valgrind = [
        "valgrind", "--quiet", "--xml=yes", "--xml-file=#{report}", "--undef-value-errors=no", "--num-callers=40",
        "--leak-check=full", "--show-leak-kinds=definite,indirect"
      ]
      environment = {"URL" => database_url, "RUBY_FREE_AT_EXIT" => "1"}
      said, process = run_program(program, before: valgrind, **environment)
      expect(process).to be_success, said
      ours = File.read(report).scan(%r{<error>.*?</error>}m).select { |error| error.include?("tasker_native") }
      expect(ours).to be_empty, ours.join("\n")
    end
  end
end
