# frozen_string_literal: true

module Tasker
  # What the engine says goes to {Tasker.logger}, on a thread of Ruby's.
  # @api private
  module Logs
    LEVELS = {"error" => :error, "warn" => :warn, "info" => :info, "debug" => :debug, "trace" => :debug}.freeze

    module_function

    # Tells what the engine has said since the last time.
    def tell
      text = Native.take_logs
      return if text.empty?

      Values.from_json(text).each do |record|
        Tasker.logger.public_send(LEVELS.fetch(record["level"])) do
          fields = record["fields"].map { |name, value| " #{name}=#{value}" }.join
          "[tasker] #{record["message"]}#{fields}"
        end
      end
    end
  end
end
