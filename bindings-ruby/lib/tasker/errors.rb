# frozen_string_literal: true

module Tasker
  # What everything that Tasker raises is.
  class Error < StandardError; end

  # A setting is missing, unknown, or of the wrong type.
  class ConfigurationError < Error; end

  # What a handler says about its attempt, and what is done in the wrong order.
  class ProceduralError < Error; end

  # A task handler's configuration does not say what it has to.
  class InvalidTaskHandlerConfig < ConfigurationError; end

  # The attempt has failed, and may be tried again.
  #
  #   raise Tasker::RetryableError.new("the bank is closed", retry_after: 60)
  class RetryableError < ProceduralError
    # @return [Numeric, nil] seconds until the next attempt; the step's backoff decides where it is nil
    attr_reader :retry_after
    # @return [Hash] for programs and people; stored with the failure
    attr_reader :context
    # @return [String, nil] for programs
    attr_reader :error_code

    # @param message [String]
    # @param retry_after [Numeric, nil] seconds until the next attempt
    # @param context [Hash] stored with the failure
    # @param error_code [String, nil]
    def initialize(message = nil, retry_after: nil, context: {}, error_code: nil)
      super(message)
      @retry_after = retry_after
      @context = context
      @error_code = error_code
    end

    # @return [Boolean] whether the attempt may be tried again
    def retryable? = true
  end

  # The step has failed for good: it is not tried again.
  #
  #   raise Tasker::PermanentError.new("no such card", error_code: "PAYMENT_DECLINED")
  class PermanentError < ProceduralError
    # @return [String, nil] for programs
    attr_reader :error_code
    # @return [Hash] for programs and people; stored with the failure
    attr_reader :context

    # @param message [String]
    # @param error_code [String, nil]
    # @param context [Hash] stored with the failure
    def initialize(message = nil, error_code: nil, context: {})
      super(message)
      @error_code = error_code
      @context = context
    end

    # @return [nil] there is no next attempt
    def retry_after = nil

    # @return [Boolean] whether the attempt may be tried again
    def retryable? = false
  end

  # Something went wrong in the engine, or it refused a call. There is one class for each kind; kinds and codes are the same in
  # every language.
  class EngineError < Error
    # @return [String] the kind, in snake case
    attr_reader :kind
    # @return [Integer] the number of the kind
    attr_reader :code
    # @return [Object, nil] for programs
    attr_reader :details

    # @param message [String]
    # @param kind [String]
    # @param code [Integer]
    # @param retryable [Boolean] whether the very same call may succeed later
    # @param details [Object, nil]
    def initialize(message = nil, kind: "internal", code: 9001, retryable: false, details: nil)
      super(message)
      @kind = kind
      @code = code
      @retryable = retryable
      @details = details
    end

    # @return [Boolean] whether the very same call may succeed later
    def retryable? = @retryable

    # Made by the native half.
    # @api private
    def self.of(message, kind, code, retryable, details)
      new(message, kind:, code:, retryable:, details: Values.from_json(details))
    end
  end

  # An argument is missing, of the wrong shape, or out of range.
  class InvalidArgumentError < EngineError; end

  # A template does not parse, or breaks a rule; `details` lists every problem with its place.
  class InvalidTemplateError < EngineError; end

  # The steps of a template wait for each other in a circle.
  class CycleDetectedError < InvalidTemplateError; end

  # No template of that namespace, name and version is registered.
  class UnknownNamedTaskError < EngineError; end

  # A worker was given work whose handler it does not have.
  class UnknownHandlerError < EngineError; end

  # The context of a task breaks the schema of its template; `details` lists every mistake.
  class InvalidContextError < EngineError; end

  # A setting is unknown, of the wrong type, or contradicts another; or a connection leads elsewhere than the engine.
  class ConfigInvalidError < EngineError; end

  # What was named does not exist.
  class NotFoundError < EngineError; end

  # It exists already, and the caller asked for that to be an error.
  class AlreadyExistsError < EngineError; end

  # An idempotency key was used before, with other content.
  class IdempotencyMismatchError < AlreadyExistsError; end

  # The state of the task or step does not allow this.
  class IllegalTransitionError < EngineError; end

  # The attempt is over: taken over, cancelled or resolved meanwhile. Roll back.
  class AttemptLostError < EngineError; end

  # The caller did not say who it is.
  class UnauthenticatedError < EngineError; end

  # The caller, or the database user, may not do this.
  class ForbiddenError < EngineError; end

  # PostgreSQL cannot be reached, or went away.
  class DatabaseUnavailableError < EngineError; end

  # Something took longer than it was allowed to.
  class WaitTimeoutError < EngineError; end

  # The schema in the database is not the one that this version needs: migrate.
  class SchemaMismatchError < EngineError; end

  # The worker was asked to stop, and takes no more work.
  class ShuttingDownError < EngineError; end

  # A worker was used in a process that was forked from the one it belongs to.
  class ForkedProcessError < EngineError; end

  # A defect of Tasker.
  class InternalError < EngineError; end
end
