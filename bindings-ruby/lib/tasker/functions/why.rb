# frozen_string_literal: true

module Tasker
  module Functions
    # Why a task or a step does not go on: the reason, since when, and the one step that has to move first. The reasons are listed
    # in docs/reference/sql-functions.md; more may come.
    class Why < FunctionWrapper
      attribute :task_id, :string
      # The number of the step; nil in the answer for the task.
      attribute :step_no, :integer
      attribute :name, :string
      attribute :handler, :string
      attribute :state, :string
      attribute :reason, :string
      attribute :since, :datetime
      # From when it may be claimed.
      attribute :next_at, :datetime
      attribute :blocked_by_step_no, :integer
      attribute :blocked_by, :string
      attribute :blocked_by_reason, :string
      attribute :attempts, :integer
      attribute :retry_limit, :integer
      # What else is known: `worker`, `deadline_at`, `pauses`, `failure`, `hanging`, `ahead`, `operator`, `counts`.
      attribute :detail, default: -> { {} }

      class << self
        # @param task_id [String]
        # @return [Array<Why>] the task first, then its steps by number
        # @raise [ActiveRecord::StatementInvalid] there is no such task
        def for_task(task_id) = call_function("why($1::uuid)", task_id)

        # @param task_id [String]
        # @param step_no [Integer]
        # @return [Why]
        # @raise [ActiveRecord::StatementInvalid] there is no such step
        def for_step(task_id, step_no) = call_function("why($1::uuid, $2::int)", task_id, step_no).first
      end

      # @return [Boolean] whether it is told of the task as a whole
      def of_task? = step_no.nil?

      # @param member [String, Symbol]
      # @return [Object, nil] a member of `detail`
      def [](member) = detail[member.to_s]

      # PostgreSQL's answer comes as text.
      # @api private
      def detail=(value)
        super(value.is_a?(String) ? ActiveSupport::JSON.decode(value) : value)
      end
    end
  end
end
