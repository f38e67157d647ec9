# frozen_string_literal: true

module Tasker
  module Types
    # A request for a task. `name` and `context` have to be given.
    #
    # A request without a version means the latest one.
    class TaskRequest < Value
      # What the engine takes besides the name.
      TAKEN = %i[
        namespace version context initiator source_system reason tags bypass_steps requested_at
        task_id priority idempotency_key idempotency_ttl_seconds on_duplicate traceparent
      ].freeze
      private_constant :TAKEN

      attribute :name, Kind::STRING
      attribute :namespace, Kind::STRING, default: "default"
      attribute :version, Kind::STRING.optional, default: nil
      attribute :context, Kind::HASH
      attribute :initiator, Kind::STRING, default: "unknown"
      attribute :source_system, Kind::STRING, default: "unknown"
      attribute :reason, Kind::STRING, default: "unknown"
      attribute :tags, Kind::STRINGS, default: [].freeze
      attribute :bypass_steps, Kind::STRINGS, default: [].freeze
      attribute :requested_at, Kind::TIME, default: -> { Time.now }
      # Kept for those who read them; the engine decides both.
      attribute :status, Kind::STRING, default: "pending"
      attribute :complete, Kind::BOOLEAN, default: false

      attribute :task_id, Kind::STRING.optional, default: nil
      attribute :priority, Kind::INTEGER.optional, default: nil
      attribute :idempotency_key, Kind::STRING.optional, default: nil
      attribute :idempotency_ttl_seconds, Kind::NUMBER.optional, default: nil
      attribute :on_duplicate, Kind.one_of(:return, :reject).optional, default: nil
      attribute :traceparent, Kind::STRING.optional, default: nil

      # @param request [TaskRequest, Hash]
      # @return [TaskRequest]
      def self.from(request) = request.is_a?(self) ? request : new(request)

      # @return [Hash{Symbol => Object}] the arguments of {Tasker::Client#create_task} besides the name. The time of the request
      #   is among them where it was given: otherwise the database's clock tells it
      def creation_arguments
        taken = given?(:requested_at) ? TAKEN : TAKEN - [:requested_at]
        taken.to_h { |name| [name, public_send(name)] }.compact
      end
    end
  end
end
