# frozen_string_literal: true

module Tasker
  class Import
    # One batch of tasks, in one transaction: with their steps, their trail and their annotations, by statements over the whole
    # batch. Nothing of it passes through this process but ids and numbers.
    #
    # What the batch is about stands in two temporary tables: `import_task`, and `import_step` with what becomes of each step. The
    # rows of the engine are made of them and of the ancestor's.
    # @api private
    class Batch
      # How long to wait for somebody who writes into the ancestor's tables.
      LOCK_TIMEOUT_MS = 10_000
      # What is written, in this order.
      ROWS = %w[insert_tasks insert_steps insert_step_history insert_task_history insert_own_moves insert_annotations].freeze

      # @param database [Database]
      # @param pause_before [Time, nil] open tasks that were created before are paused
      def initialize(database, pause_before)
        @database = database
        @plans = Plans.new(database)
        @pause_before = pause_before&.getutc&.iso8601(6)
      end

      # @param ids [Array<Integer>] old ids, none of which has come over yet
      # @return [Numbers]
      # @raise [Refused] somebody writes into the ancestor's tables
      def import(ids)
        @database.transaction(by_key: true) do
          begin_batch
          read(ids)
          unserved = @plans.place
          write
          Numbers.new(**@database.document("batch_numbers").symbolize_keys, unserved:)
        end
      end

      private

      def begin_batch
        @database.execute_text("set local lock_timeout = #{LOCK_TIMEOUT_MS}")
        @database.execute("begin_batch")
      rescue ::ActiveRecord::LockWaitTimeout
        raise Refused,
          "somebody writes into the ancestor's tables, or imports them: stop every process of tasker-engine 1.0, web and jobs, " \
          "and import again. What has come over so far stays"
      end

      def read(ids)
        @database.rows("read_tasks", @database.array(ids), @pause_before)
        @database.rows("read_steps")
        @database.execute("analyze_batch")
      end

      def write
        @database.execute("insert_map")
        ROWS.each { |statement| @database.execute(statement) }
        @database.execute("settle")
      end
    end
  end
end
