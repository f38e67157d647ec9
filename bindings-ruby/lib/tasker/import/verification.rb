# frozen_string_literal: true

require "digest/md5"

module Tasker
  class Import
    # What comparing has found: counts per state, a checksum over ids, states, results and all the rest on both sides, and every
    # difference by its name.
    class Verification
      # So many differences are kept, and told; the others are counted.
      MOST_DIFFERENCES = 100

      # @return [Hash{Array(String, String) => Array(Integer, Integer)}] by kind (`tasks`, `steps`, `moves of steps`, …) and state
      #   the numbers there and here
      attr_reader :counts
      # @return [Array<Difference>] the first of them
      attr_reader :differences
      # @return [Array<String>] names that the ancestor's catalogue has and the engine's has not
      attr_reader :catalogue
      # @return [Hash{Symbol => Integer}] how many tasks have not come over, `:open` and `:ended`; empty where not all were meant to
      attr_reader :remaining
      # @return [Integer] tasks on which something has happened since they came over
      attr_reader :went_on
      # @return [Integer] how many tasks and steps differ
      attr_reader :difference_count

      # @param catalogue [Array<String>]
      # @param remaining [Hash{Symbol => Integer}]
      def initialize(catalogue:, remaining:)
        @catalogue = catalogue
        @remaining = remaining
        @counts = Hash.new { |counts, key| counts[key] = [0, 0] }
        @differences = []
        @difference_count = 0
        @went_on = 0
        @source = Digest::MD5.new
        @target = Digest::MD5.new
      end

      # @param answer [Checksums::Answer] of the next batch
      # @return [void]
      def add(answer)
        @source << answer.source
        @target << answer.target
        answer.counts.each { |key, numbers| counts[key] = counts[key].zip(numbers).map(&:sum) }
        @difference_count += answer.differences.size
        @differences.concat(answer.differences.first(MOST_DIFFERENCES - differences.size))
        @went_on += answer.went_on
      end

      # @return [String] of all that the ancestor has
      def source_checksum = @source.hexdigest

      # @return [String] of all that the engine has
      def target_checksum = @target.hexdigest

      # @return [Boolean] whether everything came over, and is what it was
      def ok? = problems.empty?

      # @return [Array<String>] everything that is not as it should be
      def problems
        [
          *catalogue.map { |name| "#{name} is missing" },
          *remaining_problems, *count_problems, *difference_problems, *checksum_problems
        ]
      end

      # For people.
      def to_s
        lines = counts.sort.map { |(kind, state), (there, here)| count_line(kind, state, there, here) }
        lines << "  checksum  #{source_checksum} there, #{target_checksum} here"
        lines << "  #{went_on} tasks have gone on since, and are compared in what does not change" if went_on.positive?
        lines << (ok? ? "Everything is what it was." : "This is not what it was:")
        lines.concat(problems.map { |problem| "  #{problem}" })
        lines.join("\n")
      end

      private

      def count_line(kind, state, there, here)
        format("  %-18s %-18s %12d there %12d here", kind, state, there, here)
      end

      def remaining_problems
        names = {open: "tasks that have not ended", ended: "tasks of the history"}
        remaining.select { |_, count| count.positive? }
          .map { |part, count| "#{count} #{names.fetch(part)} have not come over: bin/rails tasker:import" }
      end

      def count_problems
        counts.filter_map do |(kind, state), (there, here)|
          "#{[kind, state].compact_blank.join(" ")}: #{there} there, #{here} here" if there != here
        end
      end

      def difference_problems
        more = difference_count - differences.size
        [*differences.map(&:to_s), *("and #{more} more" if more.positive?)]
      end

      def checksum_problems
        return [] if source_checksum == target_checksum

        ["the checksums differ"]
      end
    end
  end
end
