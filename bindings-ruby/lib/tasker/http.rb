# frozen_string_literal: true

module Tasker
  # The engine's interface over HTTP (REST, its description, probes) inside a server that is there already: no second port, and no
  # second process. In Rails, mount {Tasker::Engine}. Elsewhere it is a Rack application:
  #
  #   # config.ru
  #   map("/tasker") { run Tasker.http(Tasker::Client.new) }
  #
  # Nothing of the interface is written in Ruby: what comes here goes to the engine, which answers as `tasker serve` does.
  module Http
    autoload :App, "tasker/http/app"
    autoload :Body, "tasker/http/body"
    autoload :EventStream, "tasker/http/event_stream"
    autoload :Exchange, "tasker/http/exchange"
    autoload :Head, "tasker/http/head"
    autoload :Principal, "tasker/http/principal"

    # The engine could not end the answer that it had begun: what was sent is not all of it.
    class BrokenAnswerError < Error; end

    # @param path [String] below the mount
    # @return [Boolean] whether nobody has to say there who they are, as at probes
    def self.open?(path) = (@open_paths ||= Native.open_paths.freeze).include?(path)
  end
end
