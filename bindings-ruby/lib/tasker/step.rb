# frozen_string_literal: true

module Tasker
  # One attempt of one step, as its handler sees it. All of it came along with the attempt, so that reading it asks the database
  # nothing; a context or results over 64 KiB are fetched at first access.
  #
  # Whatever else is asked of it, it loads its {WorkflowStep} and asks that.
  class Step
    include Delegated

    # @return [String] the id of the task, a UUID
    attr_reader :task_id
    # @return [Integer] the number of the step, from 1 in template order
    attr_reader :step_no
    # @return [Integer] the claim
    attr_reader :claim_no
    # @return [String]
    attr_reader :name
    # @return [String]
    attr_reader :task_name
    # @return [String]
    attr_reader :namespace
    # @return [String]
    attr_reader :version
    # @return [Integer] the attempt, from 1
    attr_reader :attempt
    # @return [String] the name of the handler
    attr_reader :handler
    # @return [Array<String>] names of the direct parents
    attr_reader :parents
    # @return [Float, nil] when the attempt is given up, in seconds of `Process::CLOCK_MONOTONIC`; nil where it has no timeout
    attr_reader :deadline

    alias_method :workflow_step_id, :step_no
    alias_method :attempts, :attempt

    # Made by a worker, or by a test.
    # @api private
    def initialize(message, host)
      @task_id, @step_no, @claim_no = message.values_at("task_id", "step_no", "claim_no")
      @name, @task_name, @namespace, @version = message.values_at("step_name", "task_name", "namespace", "version")
      @attempt, @handler, @parents = message.values_at("attempt", "handler", "parents")
      @message = message
      @host = host
      @cancellation = Cancellation.new
      seconds = message["timeout_seconds"]
      @deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + seconds if seconds
    end

    # @return [Hash, Object] the task's input, with string or symbol keys alike
    # @raise [DatabaseUnavailableError] it had to be fetched, and could not be
    def context
      return @context if defined?(@context)

      given = @message["context"]
      @context = Values.indifferent(given.nil? ? Values.from_json(@host.fetch_context(task_id)) : given)
    end
    alias_method :inputs, :context

    # @return [Hash, nil] the handler's configuration in the template
    def config
      return @config if defined?(@config)

      @config = Values.indifferent(@message["config"])
    end

    # With a name, what another step of the task returned: any that has ended well, not only a direct parent. Without one, what
    # this attempt has assigned; once its handler has returned, what it returned.
    #
    # @param step [String, Symbol, nil] the name of that step
    # @return [Hash, Object] with string or symbol keys alike
    # @raise [KeyError] there is no such step, or it has not ended well
    # @raise [DatabaseUnavailableError] it had to be fetched, and could not be
    def results(step = nil)
      return @own_results ||= Values.indifferent(@returned.nil? ? {} : @returned) if step.nil?

      results_of(step.to_s) do
        raise KeyError.new(
          "the step '#{step}' has no results for '#{name}' to read: it does not exist, or it has not ended well; " \
          "depend on it to be sure",
          receiver: self,
          key: step
        )
      end
    end

    # Assigns the results of the attempt; what the handler returns is ignored then.
    def results=(value)
      @assigned = true
      @own_results = Values.indifferent(value)
    end

    # What the handler returned.
    # @api private
    def returned=(value)
      @own_results = nil
      @returned = value
    end

    # @return [Boolean] whether the handler has assigned results, or put something into them
    def assigned? = @assigned || (@own_results.respond_to?(:any?) && @own_results.any?) || false

    # @return [Boolean] whether the outcome counts for nothing any more: cancelled, its deadline passed, or taken over. Stop then
    def cancelled? = @cancellation.cancelled?

    # Sleeps until the attempt is cancelled, so many seconds at the most.
    #
    # @param seconds [Numeric, nil]
    # @return [Boolean] whether it is cancelled
    def wait_cancelled(seconds = nil) = @cancellation.wait(seconds)

    # Completes the step on a connection of yours, in its transaction: what you write there and the step take effect once.
    #
    # Once that is committed the step is complete, whatever becomes of this process; what the handler returns counts for nothing.
    # If it is rolled back without an exception, the attempt has failed and may be tried again.
    #
    # @param connection [PG::Connection, ActiveRecord::ConnectionAdapters::AbstractAdapter, Class] it leads to the engine's
    #   database; a class of ActiveRecord means its connection
    # @param results [Object] what the step returns
    # @return [void]
    # @raise [AttemptLostError] the attempt is over: taken over, cancelled or resolved meanwhile. Let it roll back
    # @raise [InvalidArgumentError] the results are too large
    # @raise [ConfigInvalidError] the database of the connection has no Tasker
    def complete_in(connection, results = nil)
      attempt = {task_id:, step_no:, claim_no:}
      Conversation.new(@host.session, connection).carry_out("complete", attempt:, results:)
      @completed_itself = true
      nil
    end

    # Completes the step with what the block returns, in one transaction of ActiveRecord's with what the block writes.
    #
    #   step.complete_in_transaction { {payment_id: Payment.create!(amount:).id} }
    #
    # @param model [Class] whose connection is used; it leads to the engine's database
    # @return [Object] what the block returned
    # @raise [AttemptLostError] the attempt is over meanwhile; everything is rolled back
    def complete_in_transaction(model = Tasker.connection_class)
      model.transaction(requires_new: false) do
        results = yield
        complete_in(model, assigned? ? self.results : results)
        results
      end
    end

    # @return [TaskDelegate] the task, as `process(task, sequence, step)` gets it
    def task = @task ||= TaskDelegate.new(self)

    # @return [StepSequence] the steps of the task, as `process(task, sequence, step)` gets them
    def sequence = @sequence ||= StepSequence.new(self)

    # What another step returned, or what the block gives where it has not ended well.
    # @api private
    def results_of(step)
      came_along = @message["dependencies"]
      return indifferent_dependency(step) if came_along.key?(step)

      @fetched ||= Values.from_json(@host.fetch_results(task_id)).transform_values { |results| Values.indifferent(results) }
      @fetched.fetch(step) { yield }
    end

    # @api private
    def cancel = @cancellation.cancel

    # @api private
    def completed_itself? = @completed_itself || false

    # @api private
    def key = [task_id, step_no, claim_no]

    # For people.
    def to_s = "#{namespace}.#{task_name}.#{name} attempt #{attempt} of task #{task_id}"

    # For people.
    def inspect = "#<Tasker::Step #{self}>"

    private

    def indifferent_dependency(step)
      (@dependencies ||= {})[step] ||= Values.indifferent(@message["dependencies"][step])
    end

    def load_record = Tasker.model(:WorkflowStep)&.find([task_id, step_no])
  end
end
