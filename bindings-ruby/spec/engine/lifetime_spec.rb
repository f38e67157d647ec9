# frozen_string_literal: true

RSpec.describe "A process with the engine", :database do
  let(:opened) { <<~RUBY }
    require "tasker"
    client = Tasker::Client.new(database_url: ENV.fetch("URL"))
    client.list_tasks
    handlers = Tasker::Handlers.new
    handlers.add("pay") { {} }
  RUBY

  {
    "by its last line" => ["", 0],
    "by exit" => ["exit 3", 3],
    "by an exception" => ["raise 'no'", 1],
    "by exit! beside a worker" => ["Tasker::Worker.new(client, handlers); exit!(4)", 4],
    "beside a worker that nobody stopped" => ["Tasker::Worker.new(client, handlers)", 0]
  }.each do |how, (program, status)|
    it "ends #{how}" do
      said, process = run_program(opened + program, URL: database_url)
      expect(process.exitstatus).to eq(status), said
    end
  end

  it "leaves a child that touches nothing alone, and one that opens anew" do
    said, process = run_program(opened + <<~RUBY, URL: database_url)
      worker = Tasker::Worker.new(client, handlers)
      idle = fork { GC.start }
      using = fork { client.list_tasks; Tasker::Worker.new(client, handlers).stop }
      refused = fork do
        worker.status
      rescue Tasker::ForkedProcessError => e
        exit(e.message.include?(Process.ppid.to_s) ? 7 : 8)
      end
      statuses = [idle, using, refused].map { |pid| Process.wait2(pid).last.exitstatus }
      worker.stop
      puts statuses.inspect
    RUBY
    expect(process).to be_success, said
    expect(said).to include("[0, 0, 7]")
  end

  it "drains on a signal" do
    client.register_template(chain("order", "pay"))
    with_program(opened + <<~RUBY, URL: database_url) do |output, pid|
      worker = Tasker::Worker.new(client, handlers)
      trap("TERM") { worker.request_stop }
      puts "ready"
      $stdout.flush
      worker.run
      puts "stopped"
    RUBY
      output.gets
      Process.kill(:TERM, pid)
      expect(output.read).to eq("stopped\n")
      expect(Process.wait2(pid).last).to be_success
    end
  end

  it "has no thread and no connection of a worker that was stopped" do
    handlers.add("pay") { {} }
    before = Thread.list
    working { nil }
    expect(Thread.list - before).to be_empty
  end

  it "hears of the engine in its own log" do
    lines = StringIO.new
    logger, Tasker.logger = Tasker.logger, Logger.new(lines)
    schema = {type: "object", required: ["order"]}
    client.register_template({**chain("order", "pay"), schema:})
    expect { client.create_task("order", context: {}) }.to raise_error(Tasker::InvalidContextError, /order/)
    expect(lines.string).to match(/\[tasker\] .*no task was created/)
  ensure
    Tasker.logger = logger
  end
end
