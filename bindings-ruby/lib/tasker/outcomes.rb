# frozen_string_literal: true

module Tasker
  # What came of an attempt, as the engine takes it: the text of a JSON object.
  module Outcomes
    module_function

    # The handler returned. What JSON cannot say is a permanent failure, with the reason.
    def completed(step, results)
      return outcome(step, outcome: "completed_elsewhere") if step.completed_itself?

      text = Values.to_json(results)
      %({"task_id":"#{step.task_id}","step_no":#{step.step_no},"claim_no":#{step.claim_no},"outcome":"completed","results":#{text}})
    rescue Values::NotSerializable => e
      outcome(
        step,
        outcome: "failed",
        message: "what the handler returned cannot be stored: #{said(e)}",
        error_class: e.class.name,
        error_code: "result_not_serializable",
        retryable: false
      )
    rescue Exception => e # rubocop:disable Lint/RescueException -- what a value does when it is looked at is the handler's doing
      failed(step, e)
    end

    # The handler raised: what is none of Tasker's own errors may be tried again.
    def failed(step, error)
      outcome(step, **failure(step, error))
    rescue Exception => e # rubocop:disable Lint/RescueException -- whatever an exception is made of, its attempt ends
      unreportable(step, e)
    end

    # The engine does not take what came of the attempt: a failure that says so, and may be tried again.
    def unreportable(step, problem)
      message = "what came of the attempt could not be reported: #{said(problem)}"
      outcome(step, outcome: "failed", message:, error_class: problem.class.name, retryable: true)
    end

    # The attempt is handed back, and does not count.
    def released(step) = outcome(step, outcome: "released")

    def failure(step, error)
      if step.completed_itself?
        # Refused where the transaction was committed: the step stays complete. Else it is what went wrong.
        Tasker.logger.warn { "#{step} raised after it had completed itself: #{said(error)}" }
      end
      failure = {outcome: "failed", message: said(error), error_class: class_of(error), backtrace: backtrace(error), retryable: true}
      return failure unless error.is_a?(RetryableError) || error.is_a?(PermanentError)

      {
        **failure,
        retryable: error.retryable?,
        retry_after: seconds(error.retry_after),
        error_code: error.error_code && readable(error.error_code.to_s),
        details: details(error.context)
      }.compact
    end

    def outcome(step, **kind)
      Values.to_json({task_id: step.task_id, step_no: step.step_no, claim_no: step.claim_no, **kind})
    end

    def details(context)
      return if context.nil? || (context.respond_to?(:empty?) && context.empty?)

      Values.from_json(Values.to_json(context))
    rescue Exception # rubocop:disable Lint/RescueException -- details are the handler's, and may do anything
      {unserializable: shown(context)}
    end

    def shown(value)
      readable(value.inspect)
    rescue Exception # rubocop:disable Lint/RescueException
      "#{value.class}, which cannot be shown"
    end

    # A number of seconds; what is none is left out, and the step's own backoff decides.
    def seconds(value)
      seconds = Float(value, exception: false) || (value.to_f if value.respond_to?(:to_f) && value.is_a?(Numeric))
      seconds if seconds&.finite?
    end

    def said(error)
      message = readable(error.message.to_s)
      message.empty? ? class_of(error) : message
    rescue Exception # rubocop:disable Lint/RescueException -- an exception whose own message fails still has a class
      "#{class_of(error)}, whose message cannot be read"
    end

    # A class without a name is told by the nearest that has one.
    def class_of(error)
      error.class.ancestors.find(&:name).name
    end

    def backtrace(error)
      lines = error.backtrace
      readable(lines.join("\n")) if lines
    end

    # A text that every language can read.
    def readable(text)
      text = text.encode(Encoding::UTF_8, invalid: :replace, undef: :replace)
      text.valid_encoding? ? text : text.scrub
    end

    private_class_method :failure, :outcome, :details, :shown, :seconds, :said, :class_of, :backtrace, :readable
  end
end
