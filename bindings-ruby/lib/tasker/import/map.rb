# frozen_string_literal: true

module Tasker
  class Import
    # The table `tasker_import_map`: for each task of the ancestor's the id that it has now, and in which order its steps are
    # numbered. It lies beside the ancestor's tables and stays after them, for an application that has written down their ids:
    #
    #   update orders set task_id = m.task_id from tasker_import_map m where m.old_task_id = orders.old_task_id
    #
    # What stands in it has come over, with everything that belongs to it: a batch and its lines are one transaction.
    # @api private
    class Map
      # At how many tasks one statement looks that searches for the next ones.
      LOOKED_AT = 5_000

      # @param database [Database]
      def initialize(database)
        @database = database
      end

      # @return [void]
      def create
        @database.transaction { @database.execute("create_map") } unless there?
      end

      # @return [Boolean]
      def there? = @database.value("map_exists", @database.source_schema)

      # @return [Integer] how many tasks have come over
      def size = there? ? @database.value("map_size") : 0

      # How many tasks have not come over yet.
      #
      # @param part [Symbol, nil] of `:open` or `:ended`
      # @return [Integer, Hash{Symbol => Integer}] without a part, the number of each
      def remaining(part = nil)
        statement = there? ? "remaining" : "remaining_at_first"
        found = @database.transaction(read_only: true) { @database.rows(statement) }.to_h { |row| row.values_at("part", "tasks") }
        counts = PARTS.to_h { |one| [one, found.fetch(one.to_s, 0)] }
        part ? counts.fetch(part) : counts
      end

      # Batches of tasks that have not come over yet, oldest first.
      #
      # @param part [Symbol] `:open` or `:ended`
      # @param size [Integer]
      # @yieldparam ids [Array<Integer>] their old ids
      # @return [void]
      def each_batch(part, size)
        found = []
        each_page("next_tasks", LOOKED_AT, part.to_s) do |rows|
          found.concat(@database.integers(rows.first["task_ids"]))
          yield found.shift(size) while found.size >= size
          rows.first["last"]
        end
        yield found if found.any?
      end

      # Batches of tasks that have come over, oldest first.
      #
      # @param size [Integer]
      # @yieldparam ids [Hash{Integer => String}] the id of each by its old id
      # @return [void]
      def each_imported(size)
        each_page("imported_tasks", size) do |rows|
          ids = rows.to_h { |row| row.values_at("old_task_id", "task_id") }
          yield ids if ids.any?
          ids.keys.last
        end
      end

      private

      # The block gives the id after which the next page begins, nil at the end.
      def each_page(statement, *parameters)
        after = 0
        while after
          after = yield @database.transaction(read_only: true) { @database.rows(statement, after, *parameters) }
        end
      end
    end
  end
end
