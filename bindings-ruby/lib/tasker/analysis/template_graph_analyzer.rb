# frozen_string_literal: true

module Tasker
  module Analysis
    # What the steps of a template say about its graph, before anything of it has run.
    #
    #   handler.dependency_graph[:topology] # => ["validate", "charge", "ship"]
    class TemplateGraphAnalyzer
      # @return [Array<Types::StepTemplate>]
      attr_reader :templates

      # @param templates [Array<Types::StepTemplate>]
      def initialize(templates)
        @templates = templates
        clear_cache!
      end

      # @return [Hash{Symbol => Object}] `nodes`, `edges`, `topology` (names, parents first), `cycles` (lists of names), `levels`
      #   (names with the length of the longest way to them), `roots`, `leaves`, `summary`. Where there is a cycle, topology and
      #   levels are empty
      def analyze
        @analysis ||= {nodes:, edges:, topology:, cycles:, levels:, roots:, leaves:, summary:}
      end

      # Forgets what was found, for templates that have changed.
      #
      # @return [void]
      def clear_cache!
        @parents = templates.to_h { |template| [template.name, template.all_dependencies] }
        @analysis = @topology = @levels = @cycles = nil
      end

      # @return [Boolean]
      def has_cycles? = cycles.any?

      # @return [Array<Array<String>>] each a circle that ends where it begins
      def cycles = @cycles ||= find_cycles

      # Kahn's algorithm; where the order is free, it is that of the template.
      #
      # @return [Array<String>]
      def topology = @topology ||= (has_cycles? ? [] : sort)

      # @return [Hash{String => Integer}]
      def levels
        @levels ||= topology.each_with_object({}) do |name, levels|
          levels[name] = known_parents(name).map { |parent| levels[parent] + 1 }.max || 0
        end
      end

      # @return [Array<String>] steps that wait for none
      def roots = @parents.select { |_, parents| parents.empty? }.keys

      # @return [Array<String>] steps for which none waits
      def leaves = @parents.keys - @parents.values.flatten

      private

      def nodes
        templates.map do |template|
          {
            name: template.name,
            description: template.description,
            handler_class: template.handler_class_name || template.handler,
            dependencies: template.all_dependencies,
            dependency_count: template.all_dependencies.size
          }
        end
      end

      def edges
        templates.flat_map do |template|
          template.all_dependencies.map do |parent|
            {from: parent, to: template.name, type: template.depends_on_step == parent ? "single" : "multiple"}
          end
        end
      end

      def summary
        widths = levels.values.tally.values
        {
          total_steps: templates.size,
          total_dependencies: edges.size,
          has_cycles: has_cycles?,
          max_depth: levels.values.max || 0,
          parallel_branches: widths.max || 1
        }
      end

      # What a step waits for that is no step is the engine's to refuse.
      def known_parents(name) = @parents.fetch(name).select { |parent| @parents.key?(parent) }

      def sort
        waiting = @parents.keys.to_h { |name| [name, known_parents(name).size] }
        children = @parents.keys.flat_map { |name| known_parents(name).map { |parent| [parent, name] } }.group_by(&:first)
        ready = waiting.select { |_, count| count.zero? }.keys
        sorted = []
        while (name = ready.shift)
          sorted << name
          (children[name] || []).each do |_, child|
            waiting[child] -= 1
            ready << child if waiting[child].zero?
          end
        end
        sorted
      end

      def find_cycles
        done = Set.new
        @parents.keys.filter_map { |name| cycle_from(name, [], done) }
      end

      # The first circle on the ways back from a step.
      def cycle_from(name, way, done)
        return [*way[way.index(name)..], name] if way.include?(name)
        return if done.include?(name)

        cycle = known_parents(name).lazy.filter_map { |parent| cycle_from(parent, [*way, name], done) }.first
        done << name
        cycle
      end
    end
  end
end
