# frozen_string_literal: true

require "open3"
require "rbconfig"

# Programs of their own, with the very gem that is tested.
module Programs
  # Runs a program; what it said, and how it ended.
  #
  # @param before [Array<String>] what runs the interpreter
  # @return [Array(String, Process::Status)]
  def run_program(text, before: [], **environment)
    environment = environment.transform_keys(&:to_s)
    Open3.capture2e(environment, *before, RbConfig.ruby, "-W2", *load_path, "-e", text)
  end

  # Starts a program whose standard output is read by the block.
  #
  # @yieldparam output [IO]
  # @yieldparam pid [Integer]
  def with_program(text, **environment)
    reader, writer = IO.pipe
    pid = spawn(environment.transform_keys(&:to_s), RbConfig.ruby, *load_path, "-e", text, out: writer)
    writer.close
    yield reader, pid
  ensure
    reader&.close
    begin
      Process.kill(:KILL, pid)
      Process.wait(pid)
    rescue Errno::ESRCH, Errno::ECHILD
      # It has ended, and was waited for.
    end
  end

  private

  def load_path = $LOAD_PATH.flat_map { |folder| ["-I", folder.to_s] }
end
