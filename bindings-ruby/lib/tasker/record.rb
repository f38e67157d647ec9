# frozen_string_literal: true

require "active_support/hash_with_indifferent_access"

module Tasker
  # An object that the engine answered: a Hash with string or symbol keys alike, whose members can be read by name, too.
  #
  #   client.task(id).status
  #
  # Which members there are stands in the reference; later versions may add some.
  class Record < ActiveSupport::HashWithIndifferentAccess
    # @api private
    def self.all(answers) = answers.map { |answer| new(answer) }

    # Members of a member are plain: `Hash` with indifferent access.
    def respond_to_missing?(name, include_private = false)
      key?(name) || super
    end

    private

    def method_missing(name, *arguments)
      return self[name] if arguments.empty? && key?(name)
      return super if name.end_with?("=", "!", "?") || !arguments.empty?

      raise NoMethodError.new("there is no '#{name}' here; there is #{keys.sort.join(", ")}", name, receiver: self)
    end
  end

  # What became of a request for a task.
  #
  # @!attribute [r] task_id
  #   @return [String] the task: the new one, or the one that an identical request made before
  # @!attribute [r] created
  #   @return [Boolean] whether it is new
  # @!attribute [r] pruned
  #   @return [Boolean] whether it was made before and has been deleted since
  Created = Data.define(:task_id, :created, :pruned) do
    alias_method :created?, :created
    alias_method :pruned?, :pruned

    # @api private
    def self.of(answer) = new(task_id: answer["task_id"], created: answer["created"], pruned: answer["pruned"])
  end
end
