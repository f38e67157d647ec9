# frozen_string_literal: true

require "psych"
require "thor"

module Tasker
  module Generators
    # The text of a template, to which a step is added. Everything else, comments among it, stays as it is.
    class TemplateText
      # @param text [String] YAML
      # @param file [String] for messages
      def initialize(text, file)
        @lines = text.lines(chomp: true)
        @file = file
        @steps = steps_in(Psych.parse(text))
      end

      # @return [Array<String>] the names of the steps
      def step_names = @steps.children.filter_map { |step| value_of(step, "name")&.value }

      # @param step [String] lines of YAML, without indentation
      # @return [String] the text with the step at the end of its list
      def with_step(step)
        last = last_node(@steps)
        # A text block ends where the next line begins.
        place = last.end_line + (last.end_column.zero? ? 0 : 1)
        indentation = " " * (@steps.children.first.start_column - 2)
        added = step.lines(chomp: true).map { |line| indentation + line }
        [*@lines.first(place), *("" if spaced?), *added, *@lines.drop(place)].join("\n") << "\n"
      end

      private

      def steps_in(document)
        steps = document && value_of(document.root, "step_templates")
        return steps if steps.is_a?(Psych::Nodes::Sequence) && steps.style != Psych::Nodes::Sequence::FLOW && steps.children.any?

        raise Thor::Error, "#{@file} has no list of step_templates to add the step to"
      end

      def value_of(node, key)
        return unless node.is_a?(Psych::Nodes::Mapping)

        node.children.each_slice(2).find { |name, _| name.value == key }&.last
      end

      def last_node(node)
        block = node.children&.any? && node.style != node.class::FLOW
        block ? last_node(node.children.last) : node
      end

      # Whether blank lines stand between the steps.
      def spaced?
        second = @steps.children[1]
        second && @lines[second.start_line - 1].strip.empty?
      end
    end
  end
end
