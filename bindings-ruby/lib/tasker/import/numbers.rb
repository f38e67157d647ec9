# frozen_string_literal: true

module Tasker
  class Import
    # What one batch has brought over. Fields are numbers but for `unserved`, which says for each named task which handlers nobody
    # is known for: `{"payments.refund@1.0.0" => ["payments.refund.charge"]}`.
    # @api private
    Numbers = Data.define(
      :tasks, :steps, :moves, :annotations,
      :interrupted, :lost, :cancelled, :paused, :ready, :waiting, :unserved
    ) do
      # @return [Numbers]
      def self.none = new(**sums { 0 }, unserved: {})

      # @return [Hash{Symbol => Integer}] for each number what the block gives
      def self.sums = (members - [:unserved]).to_h { |member| [member, yield(member)] }

      # @return [Numbers] both together
      def +(other)
        sums = self.class.sums { |member| public_send(member) + other.public_send(member) }
        self.class.new(**sums, unserved: unserved.merge(other.unserved) { |_, one, two| one | two })
      end
    end
  end
end
