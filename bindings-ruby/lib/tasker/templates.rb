# frozen_string_literal: true

require "monitor"

module Tasker
  # The templates that this process brings along: those of its task handlers and of its YAML files. Workers, and whoever creates a
  # task, register them with the engine before they begin, once for each client.
  #
  #   Tasker.templates.register_all(client)
  class Templates
    include Enumerable

    autoload :Entry, "tasker/templates/entry"
    autoload :Key, "tasker/templates/key"

    # Begins with none.
    def initialize
      @entries = {}.freeze
      @registered = ObjectSpace::WeakMap.new
      @lock = Monitor.new
    end

    # Remembers a template, in the place of one of the same key.
    #
    # @param key [Key]
    # @yieldreturn [Object] the task handler; asked for when the template is needed, since a class registers itself before its body
    #   has come to an end
    # @return [Key]
    def add(key, &handler)
      entry = Entry.new(key, handler)
      @lock.synchronize { @entries = @entries.merge(key => entry).freeze }
      key
    end

    # @param key [Key]
    # @return [void]
    def delete(key)
      @lock.synchronize { @entries = @entries.except(key).freeze }
    end

    # Forgets all of them, as Rails does before it loads the application again.
    #
    # @return [void]
    def clear!
      @lock.synchronize { @entries = {}.freeze }
    end

    # @return [Array<Key>]
    def keys = @entries.keys

    # @return [Entry, nil]
    def [](key) = @entries[key]

    # @yieldparam source [String, Pathname, Hash] what {Client#register_template} takes
    def each
      return to_enum unless block_given?

      @entries.each_value { |entry| entry.source&.then { |source| yield source } }
    end

    # @return [Integer]
    def size = @entries.size

    # @return [Boolean]
    def empty? = @entries.empty?

    # Registers what is not yet registered with a client. It costs nothing where nothing has changed.
    #
    # @param client [Client]
    # @return [void]
    # @raise [InvalidTemplateError] a template is refused, with everything that is wrong
    # @raise [InvalidTaskHandlerConfig] several are
    # @raise [DatabaseUnavailableError] PostgreSQL cannot be reached
    def register_all(client)
      entries = @entries
      known = @registered[client]
      return if entries.equal?(known)

      refusals = entries.each_value.reject { |entry| known && known[entry.key].equal?(entry) }
        .filter_map { |entry| refusal(client, entry) }
      refuse(refusals)
      @registered[client] = entries
      nil
    end

    # Registers everything again with a client whose database was emptied.
    #
    # @param client [Client]
    # @return [void]
    def register_again(client)
      @registered[client] = {}.freeze
      register_all(client)
    end

    # The configuration that a step of a template in code has, where it is an object of the application's own: such a one never goes
    # through the database.
    #
    # @return [Object, nil]
    # @api private
    def config_object(namespace, name, version, step)
      @entries[Key.new(namespace:, name:, version:)]&.config_objects&.fetch(step, nil)
    end

    private

    # What is wrong with one template is told together with what is wrong with the others.
    def refusal(client, entry)
      source = entry.source
      client.register_template(source) if source
      nil
    rescue InvalidTemplateError, InvalidTaskHandlerConfig => e
      e
    end

    def refuse(refusals)
      return if refusals.empty?
      raise refusals.first if refusals.one?

      raise InvalidTaskHandlerConfig, "#{refusals.size} templates are refused:\n#{refusals.map(&:message).join("\n")}"
    end
  end
end
