# frozen_string_literal: true

module Tasker
  module Http
    # A stream of events on a connection that the server has handed over: it has a thread of its own, so that it takes none of the
    # server's.
    # @api private
    class EventStream
      def initialize(exchange)
        @exchange = exchange
      end

      # @param connection [#write, #close] of the client
      # @return [Thread]
      def call(connection)
        @handed_over = true
        Thread.new { write_to(connection) }.tap do |thread|
          thread.name = "tasker-events"
          thread.report_on_exception = false
        end
      end

      # The server closes what it hands over, too; the thread goes on then.
      def close
        @exchange.close unless @handed_over
      end

      private

      def write_to(connection)
        @exchange.each do |chunk|
          connection.write(chunk)
          connection.flush
        end
      rescue SystemCallError, IOError
        # The client has gone away.
      rescue StandardError => e
        Tasker.logger.error { "[tasker] a stream of events has ended: #{e.class}: #{e.message}" }
      ensure
        connection.close
      end
    end
  end
end
