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
        @analysis = @shape = nil
      end

      # @return [Boolean]
      def has_cycles? = cycles.any?

      # @return [Array<Array<String>>] each a circle that ends where it begins
      def cycles = shape["cycles"].map { |cycle| names_of([*cycle, cycle.first]) }

      # @return [Array<String>]
      def topology = names_of(shape["order"])

      # @return [Hash{String => Integer}]
      def levels = topology.zip(shape["levels"].values_at(*shape["order"])).to_h

      # @return [Array<String>] steps that wait for none
      def roots = names_of(shape["roots"])

      # @return [Array<String>] steps for which none waits
      def leaves = names_of(shape["sinks"])

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
        levels = self.levels
        widths = levels.values.tally.values
        {
          total_steps: templates.size,
          total_dependencies: edges.size,
          has_cycles: has_cycles?,
          max_depth: levels.values.max || 0,
          parallel_branches: widths.max || 1
        }
      end

      # As the engine sees it, by the places of the steps. What a step waits for that is no step is the engine's to refuse.
      def shape
        @shape ||= begin
          places = templates.each_with_index.to_h { |template, place| [template.name, place] }
          parents = templates.map { |template| template.all_dependencies.filter_map { |parent| places[parent] } }
          Values.from_json(Native.shape(Values.to_argument({parents:})))
        end
      end

      def names_of(places) = places.map { |place| templates[place].name }
    end
  end
end
