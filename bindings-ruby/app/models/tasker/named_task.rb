# frozen_string_literal: true

module Tasker
  # A version of a workflow, as it was registered. Versions are in the order of their numbers: 10.0.0 comes after 2.0.0.
  class NamedTask < ApplicationRecord
    include EngineRecord

    DEFAULT_VERSION = "0.1.0"
    DEFAULT_NAMESPACE = "default"

    self.table_name = "#{schema}.named_tasks"
    self.primary_key = :named_task_id
    alias_attribute :task_namespace_id, :namespace_id

    written_by_engine create: "use Tasker.client.register_template", update: "register the template anew",
      destroy: "what was registered stays"

    belongs_to :task_namespace, foreign_key: :namespace_id, inverse_of: :named_tasks
    # What new tasks are made from.
    belongs_to :plan, optional: true
    has_many :tasks
    has_many :step_templates, through: :plan
    has_many :named_tasks_named_steps, inverse_of: :named_task
    has_many :named_steps, through: :named_tasks_named_steps

    # @!method self.in_namespace(namespace_name)
    scope :in_namespace, ->(namespace_name) { where(task_namespace: TaskNamespace.where(name: namespace_name)) }

    # @!method self.with_version(version)
    scope :with_version, ->(version) { where(version:) }

    # @!method self.latest_versions
    #   Of every name in every namespace the latest.
    scope :latest_versions, lambda {
      latest = unscoped.select("distinct on (namespace_id, name) named_task_id").order(:namespace_id, :name, version_order: :desc)
      where(named_task_id: latest)
    }

    class << self
      # @param namespace_name [String, Symbol]
      # @param task_name [String, Symbol]
      # @return [NamedTask, nil] its latest version
      def find_latest_version(namespace_name, task_name)
        in_namespace(namespace_name).where(name: task_name).order(version_order: :desc).first
      end

      # @param namespace_name [String, Symbol]
      # @param task_name [String, Symbol]
      # @param version [String]
      # @return [Boolean]
      def version_exists?(namespace_name, task_name, version)
        in_namespace(namespace_name).exists?(name: task_name, version:)
      end

      # Finds what is registered. It creates nothing: a named task without steps would be of no use.
      #
      # @param name [String, Symbol]
      # @param namespace_name [String, Symbol]
      # @param version [String]
      # @return [NamedTask]
      # @raise [ReadOnlyRecordError] there is no such named task
      def find_or_create_by_full_name!(name:, namespace_name: DEFAULT_NAMESPACE, version: DEFAULT_VERSION)
        in_namespace(namespace_name).find_by(name:, version:) || refuse_write(:create)
      end
    end

    # @return [String]
    def namespace_name = task_namespace.name

    # @return [String] `namespace.name@version`
    def full_name = "#{qualified_name}@#{version}"

    # @return [String] `namespace.name`
    def qualified_name = "#{namespace_name}.#{name}"

    # @return [Boolean]
    def default_namespace? = task_namespace.default?

    # @return [Hash] the template, as it was registered
    def configuration = plan&.configuration || {}

    # @return [ActiveSupport::HashWithIndifferentAccess] the same
    def config = configuration.with_indifferent_access

    # @return [true] steps that do not wait for each other run side by side, always
    def concurrent? = true

    # @raise [ReadOnlyRecordError]
    def update_config!(_config) = self.class.refuse_write(:update)

    # Lets nothing of any of its versions begin until {#resume!}; what runs goes on.
    #
    # @param by [String, nil] who does it
    # @param reason [String, nil] why
    # @return [self]
    def pause!(by: nil, reason: nil) = through_engine { |client| client.pause(namespace: namespace_name, name:, by:, reason:) }

    # @return [self]
    def resume!(by: nil, reason: nil) = through_engine { |client| client.resume(namespace: namespace_name, name:, by:, reason:) }
  end
end
