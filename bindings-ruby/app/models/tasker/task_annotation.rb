# frozen_string_literal: true

module Tasker
  # What an application notes on a task, to find it by.
  #
  #   Tasker::TaskAnnotation.annotate(task, "shipment", "carrier" => "DHL")
  #   Tasker::Task.by_annotation("shipment", "carrier", "DHL")
  #
  # It can be created, by the engine's verb `annotate_task`, and never changes.
  class TaskAnnotation < ApplicationRecord
    include EngineRecord

    self.table_name = "#{schema}.task_annotations"
    self.primary_key = :task_annotation_id

    written_by_engine creates: true,
      create: "use create!, or Tasker::TaskAnnotation.annotate",
      update: "note another one by Tasker::TaskAnnotation.annotate",
      destroy: "an annotation goes with its task; Tasker::TaskAnnotation.annotate notes another one"

    belongs_to :task, optional: false
    belongs_to :annotation_type, optional: false

    validates :annotation, exclusion: {in: [nil], message: :blank}

    delegate :name, to: :annotation_type, prefix: true

    # @!method self.of_type(name)
    scope :of_type, ->(name) { where(annotation_type: AnnotationType.where(name: name.to_s.strip)) }

    # @!method self.with_value(key, value)
    #   Annotations that have this value under this key. A text is meant to find a number or a truth value that is written so, too.
    #   Index: task_annotations_content.
    scope :with_value, lambda { |key, value|
      [value, *written_so(value)]
        .map { |one| where("#{quoted_table_name}.annotation @> ?::jsonb", {key => one}.to_json) }
        .reduce(:or)
    }

    # Notes something on a task.
    #
    # @param task [Task, #task_id]
    # @param name [String, Symbol] the name of the type, which is made if need be
    # @param annotation [Hash, Object] what JSON can say, but nil
    # @return [TaskAnnotation]
    # @raise [ActiveRecord::RecordInvalid] there is no such task, or nothing to note
    # @raise [EngineError] as {Operating#annotate_task}
    def self.annotate(task, name, annotation)
      create!(task_id: task.task_id, annotation_type: AnnotationType.find_or_initialize_by(name: name.to_s.strip), annotation:)
    end

    # @api private
    # @return [Object, nil] the number or truth value that a text is the JSON of
    def self.written_so(value)
      return unless value.is_a?(String)

      read = JSON.parse(value)
      read unless read.is_a?(Enumerable) || read.is_a?(String)
    rescue JSON::ParserError
      nil
    end

    private

    # A type that is new is made with it.
    def create_through_engine(client)
      client.annotate_task(task_id, annotation_type.name, annotation).fetch("task_annotation_id")
    end
  end
end
