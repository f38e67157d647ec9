# frozen_string_literal: true

module Tasker
  class Import
    # Compares tasks that have come over with where they came from. Both sides are asked the same questions, each over its own
    # tables: nothing that wrote the rows has a part in it. Asked is what the ancestor left: on our side where the history ends,
    # which is before whatever the import or a worker did afterwards.
    # @api private
    class Checksums
      # What came of a batch.
      #
      # @!attribute [r] source
      #   @return [String] md5 over everything on the ancestor's side, in the order of ids
      # @!attribute [r] target
      #   @return [String] the same on ours
      # @!attribute [r] counts
      #   @return [Hash{Array(String, String) => Array(Integer, Integer)}] by kind and state the numbers of both sides
      # @!attribute [r] differences
      #   @return [Array<Difference>]
      # @!attribute [r] went_on
      #   @return [Integer] tasks on which something has happened since
      Answer = Data.define(:source, :target, :counts, :differences, :went_on)

      # @param database [Database]
      def initialize(database)
        @database = database
      end

      # @param ids [Hash{Integer => String}] the id of each task by its old id
      # @return [Answer]
      def of(ids)
        parameters = [@database.array(ids.keys), *ids.values.minmax]
        found = @database.transaction(read_only: true, by_key: true) { @database.document("compare", *parameters) }
        Answer.new(
          source: found["source"], target: found["target"], went_on: found["went_on"],
          counts: found["counts"].to_h { |kind, state, there, here| [[kind, state], [there, here]] },
          differences: found["differences"].map { |one| Difference.new(**one.symbolize_keys) }
        )
      end
    end
  end
end
