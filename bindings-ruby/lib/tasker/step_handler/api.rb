# frozen_string_literal: true

module Tasker
  module StepHandler
    # A handler that calls a service over HTTP. `process` returns the response, of Faraday's or a Hash with `status`, `headers` and
    # `body`, and the rules of {Orchestration::ResponseProcessor} say what it means; `Retry-After` is honoured. Where the service
    # cannot be reached, the attempt may be tried again. Whatever else `process` returns is the result as it is.
    #
    #   class FetchOrderHandler < Tasker::StepHandler::Api
    #     def process(task, _sequence, _step) = connection.get("/orders/#{task.context[:order_id]}")
    #
    #     def process_results(step, response, _initial_results)
    #       step.results = {order: response.body}
    #     end
    #   end
    #
    # Needs the gem faraday, which is loaded when {#connection} is first asked for.
    class Api < Base
      autoload :Config, "tasker/step_handler/api/config"
      autoload :Response, "tasker/step_handler/api/response"

      # @param config [Config, Hash, nil] the handler's configuration in the template
      # @yieldparam connection [Faraday::Connection] to be set up: middleware, adapter
      def initialize(config: nil, &connection_block)
        super(config: Config.from(config))
        @connection_block = connection_block
      end

      # @return [Faraday::Connection] made when it is first asked for
      # @raise [ArgumentError] the configuration has no usable `url`
      # @raise [LoadError] there is no gem faraday
      def connection
        @connection ||= Orchestration::ConnectionBuilder.new.build_connection(config, &@connection_block)
      end

      # Stores a response as `{status, headers, body}`; a body in JSON as what it says.
      def process_results(step, process_output, initial_results)
        super(step, Response.of(process_output)&.to_results || process_output, initial_results)
      end

      private

      def output_of_process(task, sequence, step)
        super.tap { |output| judge(step, output) }
      rescue => e
        # Middleware such as `raise_error` raises what would have been judged.
        judge(step, response_in(e))
        raise
      end

      def judge(step, output)
        response_processor.process_response(step, output) if Response.of(output)
      end

      def response_in(error)
        error.response if defined?(::Faraday::Error) && error.is_a?(::Faraday::Error)
      end

      def response_processor = Orchestration::ResponseProcessor.new(config:)
    end
  end
end
