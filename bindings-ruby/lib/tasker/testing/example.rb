# frozen_string_literal: true

require "active_support/core_ext/hash/deep_merge"

module Tasker
  module Testing
    # What one example of a test framework has: a connection, a transaction, and a {Test} in it that knows the handlers and
    # templates of the process. Nothing of it is made before it is used.
    #
    # The transaction is the one that is open on the connection, as that of transactional fixtures; where none is, one is begun,
    # and rolled back when the example ends.
    class Example
      # @return [Object] the test case that it belongs to
      attr_reader :owner

      # @param owner [Object] the test case
      # @yieldreturn [Object] the connection to run on
      def initialize(owner = nil, &connection)
        @owner = owner
        @connect = connection || -> { Database.connection }
      end

      # @return [Object] the connection
      def connection = @connection ||= Testing.outside { @connect.call }

      # @return [Boolean] whether the connection is in a transaction
      def transaction_open? = Database.open?(connection)

      # @return [Test] in the transaction, with the handlers and templates of the process
      # @raise [EngineError] as for {Test#initialize} and {Test#register}
      def test = begun.tap { Tasker.templates.register_all(client) }

      # @return [Test] the same, whatever templates it has
      # @api private
      def begun
        @test ||= begin
          @roll_back ||= Database.begin_on(connection)
          Test.new(connection, schema:, settings:)
        end
      end

      # @return [ExampleClient] what {Tasker.client} is while the transaction is open
      def client = @client ||= ExampleClient.new(self)

      # Ends it.
      #
      # @return [void]
      def finish
        @roll_back&.call
      ensure
        @roll_back = @test = @client = @connection = nil
        Testing.current = nil if Testing.current.equal?(self)
      end

      # @api private
      def schema = Tasker.schema

      private

      # Those of the process; but a test knows to the second when an attempt is due.
      def settings = Tasker.configuration.to_settings.deep_merge("backoff" => {"jitter_enabled" => false})
    end

    # While an example is in a transaction, what the application asks of {Tasker.client} is done in that transaction, and what it
    # runs is run in it.
    # @api private
    module InExample
      # @return [Example, nil]
      def self.example = (Testing.current if Testing.current&.transaction_open?)

      # For {Tasker}.
      module OfClient
        def client = InExample.example&.client || super
      end

      # For {Running}.
      module OfRunning
        def run_task(task_id, wait: false, annotate: true, **)
          test = InExample.example&.test
          return super unless test

          before = test.report(task_id).executions.size
          report = test.telling_task_handlers(annotate) { wait ? test.run_to_end(task_id) : test.run_until_idle(task_id) }
          executed = report.executions.drop(before).map(&:step)
          Running::Run.new(task_id:, status: report.status, executed: executed.freeze, next_ready_at: report.next_due_at)
        end
      end

      Tasker.singleton_class.prepend(OfClient)
      Running.singleton_class.prepend(OfRunning)
    end
  end
end
