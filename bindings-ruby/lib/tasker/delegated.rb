# frozen_string_literal: true

module Tasker
  # What is not known here is asked of the record, which is loaded for it. Without ActiveRecord there is none, and it is unknown.
  # @api private
  module Delegated
    # @return [ActiveRecord::Base] the record, loaded at first access
    def record
      @record ||= load_record
    end

    def respond_to_missing?(name, include_private = false)
      # The conversions that Ruby itself asks for are no reason to go to the database.
      return super if name.start_with?("to_")

      (!record.nil? && record.respond_to?(name)) || super
    end

    private

    def method_missing(name, ...)
      return super if name.start_with?("to_") || record.nil? || !record.respond_to?(name)

      record.public_send(name, ...)
    end
  end
end
