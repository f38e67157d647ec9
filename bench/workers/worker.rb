# frozen_string_literal: true

# The worker of `tasker bench --runtime ruby`: does what lines on its standard input say. `go` starts it, `task REQUEST` creates a task
# and waits for its end, `tell` asks for what it has used, `stop` ends it.

require "json"
require "optparse"
require "concurrent/atomic/atomic_fixnum"
require "tasker"

PATIENCE_SECONDS = 120

options = {}
OptionParser.new do |parser|
  parser.on("--handler NAME") { |name| options[:handler] = name }
  parser.on("--handler-kind KIND") # Ruby has one kind.
  parser.on("--schema NAME") { |name| options[:schema] = name }
  parser.on("--concurrency COUNT", Integer) { |count| options[:concurrency] = count }
end.parse!

def say(answer) = $stdout.tap { |out| out.puts(answer) }.flush

# From before the request to the end of the task, in milliseconds.
def run_task(client, request)
  started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  created = client.create_task(request.delete("name"), **request.compact.transform_keys(&:to_sym))
  client.wait_state(created.task_id, until_states: ["complete"], within_seconds: PATIENCE_SECONDS)
  (Process.clock_gettime(Process::CLOCK_MONOTONIC) - started) * 1000
end

# What it has used so far.
def usage(calls)
  peak = File.read("/proc/self/status")[/^VmHWM:\s+(\d+)/, 1]
  {statements: nil, calls: calls.value, peak_rss_mb: peak && peak.to_i / 1024.0}.to_json
end

calls = Concurrent::AtomicFixnum.new
handlers = Tasker::Handlers.new
handlers.add(options.fetch(:handler)) do
  calls.increment
  {ok: true}
end

Tasker::Client.open(schema: options.fetch(:schema), application_name: "tasker-bench") do |client|
  client.named_tasks
  say("ready")
  exit unless $stdin.gets == "go\n"

  worker = Tasker::Worker.new(client, handlers, concurrency: options.fetch(:concurrency))
  while (line = $stdin.gets)
    word, request = line.chomp.split(" ", 2)
    case word
    when "task" then say(run_task(client, JSON.parse(request)))
    when "tell" then say(usage(calls))
    else break
    end
  end
  worker.stop
end
say(usage(calls))
$stdin.read
