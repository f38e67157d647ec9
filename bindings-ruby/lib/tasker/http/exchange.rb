# frozen_string_literal: true

require "json"

module Tasker
  module Http
    # One request and its answer, on their way through the engine. The body of the request is read when the engine asks for it, and
    # the body of the answer is made as it is taken.
    # @api private
    class Exchange
      # How much of the body of a request is read at once.
      READ_BYTES = 65_536
      EVENT_STREAM = "text/event-stream"
      private_constant :READ_BYTES, :EVENT_STREAM

      # @return [Exception, nil] what kept the host from saying yes: what its coordinator has raised
      attr_reader :failure

      # Begins a request.
      #
      # @param client [Client]
      # @param options [Hash] of the mount
      # @param head [String] see {Head}
      # @param env [Hash] of Rack
      # @yieldparam question [Hash{String => String, nil}] `resource`, `action`, `resource_id`, `parent_id`
      # @yieldreturn [Boolean] whether it may be done
      # @return [Exchange]
      def self.begin(client, options, head, env, &) = new(client.mount(options).begin(client.engine, head), env, &)

      # The answer where the program is wrong: the log has why.
      #
      # @param why [String]
      # @param env [Hash] of Rack
      # @return [Exchange]
      def self.failed(why, env) = new(Native::Exchange.failed(why), env)

      # @param native [Native::Exchange]
      # @param env [Hash] of Rack
      def initialize(native, env, &decide)
        @native = native
        @env = env
        @decide = decide
        @read_bytes = 0
      end

      # The answer, for Rack. Waits until its head is known.
      #
      # @return [Array(Integer, Hash, #each)]
      def answer
        status, headers = head
        return [status, headers, Body.new(self)] unless headers["content-type"]&.start_with?(EVENT_STREAM) && @env["rack.hijack?"]

        # A thread of the server's is not kept for as long as the stream lasts.
        stream = EventStream.new(self)
        [status, {**headers, "rack.hijack" => stream.method(:call)}, stream]
      end

      # @yieldparam chunk [String]
      def each
        loop do
          name, value = follow
          case name
          when :chunk then yield value
          when :end then return @over = true
          else raise BrokenAnswerError, value
          end
        end
      ensure
        # Whoever has stopped taking pieces wants no more.
        close
        Logs.tell
      end

      # Gives the request up, unless it has been answered to its end.
      def close
        @native.cancel unless @over
      end

      private

      def head
        name, value = follow
        raise BrokenAnswerError, value.to_s unless name == :head

        @begun = JSON.parse(value)
        [@begun["status"], headers_of(@begun["headers"])]
      ensure
        # An interrupt has ended the wait.
        close unless @begun
      end

      # Does what the engine asks for, until the answer goes on.
      def follow
        loop do
          name, value = @native.next
          case name
          when :read then give_more
          when :decide then decide(JSON.parse(value))
          else return [name, value]
          end
        end
      end

      def give_more
        bytes = input&.read(READ_BYTES).to_s
        @read_bytes += bytes.bytesize
        return @native.write(bytes) unless bytes.empty?

        missing = Integer(@env["CONTENT_LENGTH"].to_s, 10, exception: false).to_i - @read_bytes
        missing.positive? ? cut_off(missing) : @native.finish
      end

      # Half a request is none. Not every server says that the client went away before the end.
      def cut_off(missing)
        @native.cancel
        why = "the body ends #{missing} bytes before its Content-Length"
        raise BrokenAnswerError, why if @begun

        @native = Native::Exchange.malformed(why)
      end

      # From its beginning: somebody may have looked into it before.
      def input
        return @input if defined?(@input)

        @input = @env["rack.input"]
        @input.rewind if @input.respond_to?(:rewind)
        @input
      end

      def decide(asked)
        @native.decide(asked["number"], asked["questions"].map { |question| may?(question) })
      rescue StandardError => e
        @failure = e
        @native.cannot_decide(asked["number"], "#{e.class}: #{e.message}")
      end

      def may?(question)
        @decide.call(question) ? true : false
      rescue Authorization::UnauthorizedError => e
        @failure = e
        false
      end

      # A header that comes more than once is one with commas, except for cookies, of which the engine sets none.
      def headers_of(pairs)
        pairs.each_with_object({}) { |(name, value), headers| headers[name] = [*headers[name], value].join(", ") }
      end
    end
  end
end
