# frozen_string_literal: true

module Tasker
  # One move in the trail of a task or a step; the initial `pending` is its first. Its number, `sort_key`, counts from 0.
  module Transition
    extend ActiveSupport::Concern

    included do
      include EngineRecord

      written_by_engine create: "use the verbs of the task and its steps (cancel!, retry!, resolve!)",
        update: "the trail never changes", destroy: "the trail goes with its task"

      # @!method self.recent
      #   Newest first.
      scope :recent, -> { reorder(sort_key: :desc) }

      # @!method self.to_state(state)
      scope :to_state, ->(state) { where(to_state: state) }

      # @!method self.with_metadata_key(key)
      scope :with_metadata_key, ->(key) { where("jsonb_exists(#{quoted_table_name}.metadata, ?)", key.to_s) }

      # @!method self.with_metadata_value(key, value)
      scope :with_metadata_value, lambda { |key, value|
        where("#{quoted_table_name}.metadata @> ?::jsonb", {key => value}.to_json)
      }

      # @!method self.in_time_range(start_time, end_time)
      scope :in_time_range, ->(start_time, end_time) { where(created_at: start_time..end_time) }
    end

    class_methods do
      # @param state [String, Symbol]
      # @return [Transition, nil] the last move to it
      def most_recent_to_state(state) = to_state(state).recent.first

      # @return [Hash] `total_transitions`, `states`, `recent_activity` (of the last 24 hours), `average_time_between_transitions`
      #   (seconds)
      def statistics
        trail = unscope(:order)
        {
          total_transitions: trail.count,
          states: trail.group(:to_state).count,
          recent_activity: trail.in_time_range(24.hours.ago, Time.current).count,
          average_time_between_transitions: trail.average_time_between
        }
      end

      # @api private
      # @return [Float, nil] seconds: what lies between neighbours adds up to what lies between the first and the last
      def average_time_between
        count, first, last = pick(Arel.sql("count(*)"), Arel.sql("min(created_at)"), Arel.sql("max(created_at)"))
        (last - first) / (count - 1) if count.to_i > 1
      end
    end

    # @return [Float, nil] seconds since the move before; nil for the first
    def duration_since_previous
      before = trail.where(sort_key: ...sort_key).maximum(:created_at)
      created_at - before if before
    end

    # @return [Boolean]
    def error_transition? = to_state == "error"

    # @return [Boolean]
    def completion_transition? = Stateful::DONE.include?(to_state)

    # @return [Boolean]
    def cancellation_transition? = to_state == "cancelled"

    # @param key [String, Symbol]
    # @return [Boolean]
    def has_metadata?(key) = metadata.key?(key.to_s)

    # @param key [String, Symbol]
    # @param default [Object] where there is no such key
    # @return [Object]
    def get_metadata(key, default = nil) = metadata.fetch(key.to_s, default)

    # @return [Hash] the metadata, with what can be told besides
    def formatted_metadata
      metadata.merge(
        "duration_since_previous" => duration_since_previous,
        "transition_description" => description,
        "transition_timestamp" => created_at.iso8601
      )
    end
  end
end
