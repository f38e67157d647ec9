# frozen_string_literal: true

module Tasker
  module Http
    # The body of an answer, for Rack: each piece is made when it is taken.
    # @api private
    class Body
      def initialize(exchange)
        @exchange = exchange
      end

      def each(&) = @exchange.each(&)

      # The server calls it in any case, also where the client has gone away.
      def close = @exchange.close
    end
  end
end
