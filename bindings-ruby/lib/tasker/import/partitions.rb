# frozen_string_literal: true

module Tasker
  class Import
    # Partitions of the trail for the time before the first one that there is. Without them a long history would lie in the DEFAULT
    # partition, which has to stay small: the engine adds no partitions beside one that would have to be looked through for long.
    # Retention drops them by age as it drops all others. A short history may lie in DEFAULT.
    # @api private
    class Partitions
      # From so many bytes of transitions on, half of what makes the engine stop adding partitions.
      THRESHOLD_BYTES = 32 * 1024 * 1024
      # A partition holds 30 days.
      WIDTH_SECONDS = 30 * 86_400

      # @param database [Database]
      def initialize(database, threshold_bytes: THRESHOLD_BYTES)
        @database = database
        @threshold_bytes = threshold_bytes
      end

      # @return [Array<String>] the names of those that were made
      def create
        return [] if @database.value("trail_bytes") < @threshold_bytes

        missing = @database.transaction(read_only: true) { @database.rows("trail_ranges", WIDTH_SECONDS) }
        missing.each_slice(2) { |both| create_both(both) }.map { |row| row["name"] }
      end

      private

      # They belong to whom the schema belongs to: its functions drop them.
      def create_both(rows)
        @database.transaction do
          @database.execute("lock_import")
          @database.execute_text("set local role #{rows.first["owner"]}")
          rows.each { |row| @database.execute_text(row["command"]) }
        end
      end
    end
  end
end
