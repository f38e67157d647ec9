# frozen_string_literal: true

module Tasker
  module Types
    # A block of {Tasker::Configuration}: a table of options.
    #
    # Each option says what becomes of it: it is a **setting** of the engine, it is **used** by this gem, it is **later** used by a
    # part that is not there yet, or it is **ignored** for a reason. What is **refused** cannot be set at all, and says why.
    class BaseConfig < Value
      # What becomes of an option.
      #
      # @!attribute [r] use
      #   @return [Symbol] :setting, :used, :later or :ignored
      # @!attribute [r] about
      #   @return [String] the engine's setting ("backoff.max_backoff_seconds"); who uses it; or why it has no effect
      Option = Data.define(:name, :kind, :default, :use, :about)

      class << self
        # @return [Symbol] the name of the block
        attr_reader :block_name

        # @return [Hash{Symbol => Option}]
        def options = @options ||= {}

        # @return [Hash{Symbol => String}] what cannot be set, and why
        def refusals = @refusals ||= {}

        private

        def block(name)
          @block_name = name
        end

        # @param as [String, nil] the engine's setting, where it has another name
        def setting(name, kind, default, as: "#{block_name}.#{name}") = option(name, kind, default, :setting, as)

        def used(name, kind, default, by:) = option(name, kind, default, :used, by)

        def later(name, kind, default, by:) = option(name, kind, default, :later, by)

        def ignored(name, kind, default, why:) = option(name, kind, default, :ignored, why)

        def refused(*names, why:)
          names.each { |name| refusals[name] = why }
        end

        def option(name, kind, default, use, about)
          default = Kind.frozen_copy(default)
          attribute(name, kind, default:)
          options[name] = Option.new(name:, kind:, default:, use:, about:)
          define_method(:"#{name}=") { |_value| refuse_change(name) }
        end
      end

      # @return [Hash{String => Object}] the engine's settings among what was given, by their full names
      def given_settings
        self.class.options.each_value.select { |option| option.use == :setting && given?(option.name) }
          .to_h { |option| [option.about, public_send(option.name)] }
      end

      # @return [Hash{Symbol => String}] what was given and has no effect, with the reasons
      def without_effect
        self.class.options.each_value.select { |option| option.use == :ignored && given?(option.name) }
          .to_h { |option| [option.name, option.about] }
      end

      # @return [Array<String>] what does not fit together
      def problems = []

      # @return [true]
      # @raise [Tasker::ConfigurationError] with everything that does not fit together
      def validate!
        return true if problems.empty?

        raise ConfigurationError, problems.map { |problem| "#{self.class.block_name}: #{problem}" }.join("\n")
      end

      private

      def refuse_change(name)
        option = "#{self.class.block_name}.#{name}"
        raise FrozenError.new(
          "the configuration does not change in place: set #{option} inside Tasker.configure { |config| … }", receiver: self
        )
      end

      # A problem for each number that is not above zero.
      def not_positive(*names)
        names.reject { |name| public_send(name).nil? || public_send(name).positive? }
          .map { |name| "#{name} must be above 0, not #{public_send(name)}" }
      end

      # A problem for each number that is not from 0 to 1.
      def no_fraction(*names)
        names.reject { |name| (0..1).cover?(public_send(name)) }
          .map { |name| "#{name} is a fraction from 0 to 1, not #{public_send(name)}" }
      end
    end
  end
end
