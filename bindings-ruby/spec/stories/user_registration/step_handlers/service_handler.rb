# frozen_string_literal: true

module UserRegistration
  # What the calls of this team have in common: the adapter, keys for what must not happen twice, and answers in JSON.
  class ServiceHandler < Tasker::StepHandler::Api
    def initialize(config: nil)
      super { |connection| connection.adapter(*UserRegistration.adapter) }
    end

    # Whatever is no response are results already.
    def process_results(step, response, _initial_results)
      step.results = response.respond_to?(:body) ? results_of(JSON.parse(response.body, symbolize_names: true)) : response
    rescue JSON::ParserError, KeyError => e
      raise Tasker::PermanentError.new(
        "#{config.url} answered something unknown: #{e.message}", error_code: "RESULT_PROCESSING_FAILED"
      )
    end

    private

    # The same attempt again is the same request: services remember keys.
    def post(path, body, step)
      connection.post(path, JSON.generate(body), "Idempotency-Key" => "#{step.task_id}/#{step.name}")
    end

    def account(sequence) = sequence.find_step_by_name("create_user_account").results
  end
end
