# frozen_string_literal: true

module Tasker
  # A record that only the engine writes. Some have attributes that can be saved all the same: {.written_by_engine} names them, and
  # saving goes through the verb of the engine that changes them. Every other write raises and names the verb that is meant.
  module EngineRecord
    extend ActiveSupport::Concern

    # What ActiveRecord calls the ways of writing past its records, and what each of them does.
    # @api private
    BULK_WRITES = {
      insert_all: :create, insert_all!: :create, upsert_all: :create,
      update_all: :update, touch_all: :update, update_counters: :update, delete_all: :destroy
    }.freeze

    included do
      class_attribute :saved_attributes, instance_accessor: false, default: [].freeze
      class_attribute :verbs_instead, instance_accessor: false, default: {}.freeze
    end

    class_methods do
      # Says what can be saved, and which verbs are meant by every other write.
      #
      # @param saves [Array<Symbol>] attributes that `update_through_engine` knows how to change
      # @param instead [Hash{Symbol => String}] for `create`, `update` and `destroy` the verbs
      def written_by_engine(saves: [], **instead)
        self.saved_attributes = saves.map(&:to_s).freeze
        self.verbs_instead = instead.freeze
      end

      # @api private
      # @raise [ReadOnlyRecordError]
      def refuse_write(action, attributes = nil)
        done = {create: "created", update: "saved", destroy: "deleted"}.fetch(action)
        what = attributes ? "#{attributes.join(", ")} of a #{name}" : "a #{name}"
        besides = " (#{saved_attributes.join(", ")} can be saved)" if action == :update && saved_attributes.any?
        raise ReadOnlyRecordError, "#{what} cannot be #{done} here, only by the engine: #{verbs_instead.fetch(action)}#{besides}"
      end

      BULK_WRITES.each do |method, action|
        define_method(method) { |*, **| refuse_write(action) }
      end

      private

      # Whatever relation of this model comes about, it comes from here.
      def relation = super.extending!(BulkWrites)
    end

    # @return [Boolean] whether nothing of it can be saved
    def readonly? = self.class.saved_attributes.empty? || super

    # Saves what can be saved, by the engine's verb: in ActiveRecord's transaction where one is open, else in one of the engine's.
    #
    # @return [true]
    # @raise [ReadOnlyRecordError] something else was changed, or the record is new; it names the verb to use
    # @raise [EngineError] as the verb
    def save!(**)
      self.class.refuse_write(:create) if new_record?
      refused = changed_attribute_names_to_save - self.class.saved_attributes
      self.class.refuse_write(:update, refused) if refused.any?

      changes = changes_to_save.to_h { |name, (_, value)| [name.to_sym, value] }
      through_engine { |client| update_through_engine(client, changes) } if changes.any?
      true
    end
    alias_method :save, :save!

    # What goes past validations and callbacks goes past the engine, too.
    # @raise [ReadOnlyRecordError]
    def update_columns(*) = self.class.refuse_write(:update)

    # @raise [ReadOnlyRecordError]
    def touch(*, **) = self.class.refuse_write(:update)

    # @raise [ReadOnlyRecordError]
    def destroy = self.class.refuse_write(:destroy)

    # @raise [ReadOnlyRecordError]
    def delete = self.class.refuse_write(:destroy)

    # The engine has connections of its own, which do not see what a transaction of ActiveRecord's wrote, and would wait for what
    # it locked.
    #
    # @return [self] as the engine left it
    def through_engine
      model = self.class
      yield model.connection_pool.with_connection(&:transaction_open?) ? TransactionVerbs.new(model) : Tasker.client
      reload
    end
  end
end
