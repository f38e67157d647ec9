# frozen_string_literal: true

require "digest"

module Tasker
  # What has one of the six states: a task, a step.
  module Stateful
    extend ActiveSupport::Concern

    # The states that count as done, and let what depends on them run.
    DONE = %w[complete resolved_manually].freeze

    included do
      # Queries know it by both names.
      alias_attribute :status, :state
      attribute :state, default: "pending"
    end

    class_methods do
      private

      def relation = super.extending!(CachedByRows)
    end

    # Relations of what has a state. Their cached copies go by all of their rows, as those of a record do.
    # @api private
    module CachedByRows
      private

      def compute_cache_version(_timestamp_column)
        "#{records.size}-#{Digest::SHA256.hexdigest(records.map(&:cache_version).join)}"
      end
    end

    # @return [String]
    def status = state

    # @return [Boolean]
    def pending? = state == "pending"

    # @return [Boolean]
    def in_progress? = state == "in_progress"

    # @return [Boolean] whether it is done, be it by an operator
    def complete? = DONE.include?(state)

    # @return [Boolean]
    def in_error? = state == "error"

    # @return [Boolean]
    def cancelled? = state == "cancelled"

    # What tells cached copies of it apart: its row as it was read. `updated_at` says only when its state changed, not its tags, a
    # pause or a limit.
    #
    # @return [String, nil]
    def cache_version = (Digest::SHA256.hexdigest(attributes_before_type_cast.to_s) if persisted?)
  end
end
