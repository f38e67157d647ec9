# frozen_string_literal: true

# The scripted worker of Ruby: plays what a scenario says through the public handler API. See tests/scenarios-runner/PROTOCOL.md.

require "json"
require "logger"
require "pathname"
require "tasker"

RUNTIME = "ruby"

# Ends this process, as by `kill -9`.
def die = Process.kill(:KILL, Process.pid)

# The script, and where executions are marked.
class Stage
  def initialize(entries, calls)
    @entries = entries
    @calls = calls
  end

  # One execution: counted, chosen, played, its end marked.
  def play(step)
    number = count(step)
    begin
      Performance.new(entry(step, number), step).result
    ensure
      mark(step, number, "end", File::WRONLY | File::CREAT)
    end
  end

  private

  # Takes the next number; whoever makes the file first has it, in whatever process.
  def count(step)
    (1..).find do |number|
      mark(step, number, "start", File::WRONLY | File::CREAT | File::EXCL)
    rescue Errno::EEXIST
      false
    end
  end

  def mark(step, number, which, mode)
    mark = {template: step.task_name, step: step.name, at: Time.now.to_f, pid: Process.pid}
    File.open(@calls / "#{step.task_id}.#{step.step_no}.#{number}.#{which}", mode) { |file| file.write(mark.to_json) }
  end

  def entry(step, number)
    entries = @entries["#{step.task_name}.#{step.name}"] || @entries[step.name] || [{}]
    entries[[number, entries.size].min - 1]
  end
end

# What an entry of the script says, done.
class Performance
  def initialize(entry, step)
    @entry = entry
    @step = step
  end

  def result
    check_context
    take_time
    die if @entry["exit_process"]
    raise failure if @entry["raise"]

    returned
  end

  private

  def check_context
    (@entry["fail_unless_context"] || {}).each do |key, value|
      next if @step.context[key] == value

      raise Tasker::PermanentError, "the context lacks #{key}: #{value.to_json}"
    end
  end

  def take_time
    seconds = @entry.fetch("sleep_ms") { return } / 1000.0
    return sleep(seconds) unless @entry["cancellable"]

    raise Tasker::RetryableError, "cancelled" if @step.wait_cancelled(seconds)
  end

  def failure
    message = @entry.fetch("message", "raised by the script")
    error_code, context = @entry["error_code"], @entry["details"]
    case @entry["raise"]
    when "permanent" then Tasker::PermanentError.new(message, error_code:, context:)
    when "retryable" then Tasker::RetryableError.new(message, retry_after: @entry["retry_after"], error_code:, context:)
    else IOError.new(message)
    end
  end

  def returned
    case @entry.transform_keys(&:to_sym)
    in {return: value} then value
    in {return_context: true} then @step.context
    in {return_context: part} then @step.context[part]
    in {return_dependency: step} then @step.results(step)
    in {return_bytes: size} then "x" * size
    in {return_unserializable: true} then {%w[a pair] => "is no key"}
    else {ok: true}
    end
  end
end

# When our standard input ends the runner is gone, and nobody would ever stop us.
Thread.new do
  $stdin.read
  die
end

directory = Pathname(ENV.fetch("TASKER_SCENARIO_DIR"))
name = ENV.fetch("TASKER_SCENARIO_WORKER")
script = JSON.parse((directory / "script.json").read)
stage = Stage.new(script["handlers"], directory / "calls")
handlers = Tasker::Handlers.new
script["handler_names"].fetch(RUNTIME, []).each { |handler| handlers.add(handler) { |step| stage.play(step) } }
Tasker.logger = Logger.new($stderr)
options = {concurrency: ENV["TASKER_SCENARIO_CONCURRENCY"]&.to_i}.compact
Tasker::Client.open(settings: script["settings"], application_name: name) do |client|
  worker = Tasker::Worker.new(client, handlers, name:, **options)
  trap("TERM") { worker.request_stop }
  (directory / "workers" / "#{name}.ready").write("")
  worker.run
end
