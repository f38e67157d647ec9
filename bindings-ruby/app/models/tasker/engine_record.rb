# frozen_string_literal: true

module Tasker
  # A record that only the engine writes. Some can be created all the same, or have attributes that can be saved:
  # {.written_by_engine} says which, and saving goes through the verb of the engine that is meant for it. Every other write raises
  # and names the verb.
  module EngineRecord
    extend ActiveSupport::Concern

    # What ActiveRecord calls the ways of writing past its records, and what each of them does.
    # @api private
    BULK_WRITES = {
      insert_all: :create, insert_all!: :create, upsert_all: :create,
      update_all: :update, touch_all: :update, update_counters: :update, delete_all: :destroy
    }.freeze

    included do
      class_attribute :creatable, instance_accessor: false, default: false
      class_attribute :saved_attributes, instance_accessor: false, default: [].freeze
      class_attribute :verbs_instead, instance_accessor: false, default: {}.freeze
    end

    class_methods do
      # Says what can be saved, and which verbs are meant by every other write.
      #
      # @param saves [Array<Symbol>] attributes that `update_through_engine` knows how to change
      # @param creates [Boolean] whether `create_through_engine` knows how to make one, and gives its id
      # @param instead [Hash{Symbol => String}] for `create`, `update` and `destroy` the verbs
      def written_by_engine(saves: [], creates: false, **instead)
        self.creatable = creates
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
    def readonly? = (new_record? ? !self.class.creatable : self.class.saved_attributes.empty?) || super

    # Saves what can be saved, by the engine's verb: in ActiveRecord's transaction where one is open, else in one of the engine's.
    #
    # @param validate [Boolean] whether a new record has to be valid
    # @return [true]
    # @raise [ReadOnlyRecordError] something else was changed, or none can be created here; it names the verb to use
    # @raise [ActiveRecord::RecordInvalid] a new record is not valid
    # @raise [EngineError] as the verb
    def save!(validate: true, **)
      return create_or_refuse(validate) if new_record?

      refused = changed_attribute_names_to_save - self.class.saved_attributes
      self.class.refuse_write(:update, refused) if refused.any?

      changes = changes_to_save.to_h { |name, (_, value)| [name.to_sym, value] }
      through_engine { |client| update_through_engine(client, changes) } if changes.any?
      true
    end

    # As {#save!}.
    #
    # @return [Boolean] false where a new record is not valid
    def save(**options)
      save!(**options)
    rescue ActiveRecord::RecordInvalid
      false
    end

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

    private # rubocop:disable Lint/UselessAccessModifier -- it takes the one in the block above for one of this module

    def create_or_refuse(validate)
      self.class.refuse_write(:create) unless self.class.creatable
      raise ActiveRecord::RecordInvalid.new(self) if validate && invalid?

      through_engine { |client| self.id = create_through_engine(client) }
      true
    end
  end
end
