# frozen_string_literal: true

require "spec_helper"
require "tmpdir"
require "tasker/worker_command"

RSpec.describe Tasker::WorkerCommand, :database do
  let(:folder) { Dir.mktmpdir("tasker-worker-") }

  before do
    File.write("#{folder}/pay.rb", 'Tasker.handler("pay") { |step| {paid: step.context[:amount]} }')
    File.write("#{folder}/order.yaml", "name: order\nstep_templates:\n  - {name: pay, handler: pay}\n")
  end

  after { FileUtils.rm_rf(folder) }

  # Runs the command as a program would.
  def command(*arguments) = "Dir.chdir(#{folder.inspect}); require 'tasker/command'; exit Tasker::Command.run(#{arguments.inspect})"

  it "works for the files of a folder, templates among them" do
    reader, writer = IO.pipe
    program = command("worker", ".", "--database-url", database_url, "--name", "one")
    pid = spawn(RbConfig.ruby, *load_path, "-e", program, err: writer)
    writer.close
    nil until reader.gets.match?(/worker \d+ runs pay/)
    expect(client.list_workers.map(&:name)).to eq(["one"])
    task = client.create_task("order", context: {amount: 7})
    expect(ended(task.task_id).status).to eq("complete")
    expect(client.step(task.task_id, "pay").results).to eq("paid" => 7)

    Process.kill(:INT, pid)
    expect(Process.wait2(pid).last).to be_success
    expect(reader.read).to include("SIGINT: handlers may finish", "stopped")
  end

  it "says what is missing" do
    said, status = run_program(command("worker"))
    expect(status.exitstatus).to eq(2)
    expect(said).to include("there is no Rails application in this folder, and no file is named")
  end

  it "refuses a file that is not there" do
    said, status = run_program(command("worker", "missing.rb"))
    expect(status.exitstatus).to eq(2)
    expect(said).to include("missing.rb")
  end

  it "refuses an option that is not there" do
    said, status = run_program(command("worker", "--concurency", "3"))
    expect([status.exitstatus, said]).to match([2, /invalid option: --concurency/])
  end

  it "says what went wrong in the engine" do
    said, status = run_program(command("worker", "pay.rb", "--database-url", "postgres:///nothing_there?host=/nowhere"))
    expect([status.exitstatus, said]).to match([1, /error: /])
  end

  it "teaches by example" do
    said, status = run_program(command("worker", "--help"))
    expect(status).to be_success
    expect(said).to include("examples:", "bin/tasker worker --concurrency 20")
  end
end
