# frozen_string_literal: true

module Tasker
  class Task
    # Scopes. None of them joins, so that all of them go together.
    module Search
      extend ActiveSupport::Concern

      included do
        # @!method by_current_state(state = nil)
        #   Tasks in a state; all of them without one.
        scope :by_current_state, ->(state = nil) { where(state:) if state.present? }

        # @!method active
        #   Tasks that have not ended.
        scope :active, -> { where(state: %w[pending in_progress]) }

        # @!method created_since(since_time)
        scope :created_since, ->(since_time) { where(arel_table[:created_at].gt(since_time)) }

        # @!method completed_since(since_time)
        #   Tasks of which the last step was done since.
        scope :completed_since, ->(since_time) { where(state: Stateful::DONE).ended_since(since_time) }

        # @!method failed_since(since_time)
        #   Tasks that came to a stop since because something failed for good.
        scope :failed_since, ->(since_time) { where(state: "error").ended_since(since_time) }

        # @!method ended_since(since_time)
        scope :ended_since, ->(since_time) { where(arel_table[:completed_at].gt(since_time)) }

        # @!method in_namespace(namespace_name)
        scope :in_namespace, ->(namespace_name) { where(named_task: NamedTask.in_namespace(namespace_name)) }

        # @!method with_task_name(task_name)
        scope :with_task_name, ->(task_name) { where(named_task: NamedTask.where(name: task_name)) }

        # @!method with_version(version)
        scope :with_version, ->(version) { where(named_task: NamedTask.with_version(version)) }

        # @!method by_annotation(name, key, value)
        #   Tasks that have an annotation of this type with this value under this key; a text finds a number that is written so.
        scope :by_annotation, lambda { |name, key, value|
          where(task_id: TaskAnnotation.of_type(name).with_value(key, value).select(:task_id))
        }

        # @!method with_all_associated
        #   Tasks with everything that belongs to them, in a fixed number of queries.
        scope :with_all_associated, lambda {
          preload({named_task: :task_namespace}, {workflow_steps: %i[named_step parents children]},
            {task_annotations: :annotation_type}, :task_transitions)
        }
      end
    end
  end
end
