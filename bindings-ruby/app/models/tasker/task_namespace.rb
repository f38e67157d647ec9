# frozen_string_literal: true

module Tasker
  # A namespace: what keeps the named tasks of different teams apart. Registering a template makes the one that it names.
  class TaskNamespace < ApplicationRecord
    include EngineRecord

    self.table_name = "#{schema}.namespaces"
    self.primary_key = :namespace_id
    alias_attribute :task_namespace_id, :namespace_id

    written_by_engine create: "registering a template makes the namespace that it names (Tasker.client.register_template)",
      update: "a namespace has its name for good", destroy: "what was registered stays"

    has_many :named_tasks, foreign_key: :namespace_id, inverse_of: :task_namespace
    has_many :tasks, through: :named_tasks

    # @!method self.custom
    #   All but the default one.
    scope :custom, -> { where.not(name: NamedTask::DEFAULT_NAMESPACE) }

    class << self
      # @return [TaskNamespace] the one for templates that name none; not saved as long as there is none of those
      def default = find_or_initialize_by(name: NamedTask::DEFAULT_NAMESPACE)

      # @param name [String, Symbol, nil]
      # @return [TaskNamespace] the default one where there is none of that name
      def find_by_name_or_default(name) = (find_by(name:) if name.present?) || default
    end

    # @return [Boolean]
    def default? = name == NamedTask::DEFAULT_NAMESPACE

    # @return [String]
    def full_name = name

    # Lets nothing in it begin until {#resume!}; what runs goes on.
    #
    # @param by [String, nil] who does it
    # @param reason [String, nil] why
    # @return [self]
    def pause!(by: nil, reason: nil) = through_engine { |client| client.pause(namespace: name, by:, reason:) }

    # @return [self]
    def resume!(by: nil, reason: nil) = through_engine { |client| client.resume(namespace: name, by:, reason:) }
  end
end
