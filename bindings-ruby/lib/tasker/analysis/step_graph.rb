# frozen_string_literal: true

module Tasker
  module Analysis
    # The graph of a task: which step waits for which. Everything is computed along one topological order, never by walking paths, so
    # that the number of steps and edges counts and not the number of ways through them.
    class StepGraph
      # @return [Hash{Integer => Array<Integer>}] by step those that wait for it
      attr_reader :children
      # @return [Hash{Integer => Array<Integer>}] by step those that it waits for
      attr_reader :parents
      # @return [Array<Integer>] the steps, each after those that it waits for
      attr_reader :order

      # @param children [Hash{Integer => Array<Integer>}] every step with those that wait for it
      def initialize(children)
        @children = children
        @parents = children.transform_values { [] }
        children.each { |step, dependents| dependents.each { |dependent| @parents[dependent] << step } }
        @order = topological_order
        @places = @order.each_with_index.to_h
      end

      # @return [Array<Integer>] the steps that wait for nothing
      def roots = children.keys.select { |step| parents[step].empty? }

      # @return [Array<Integer>] the steps that nothing waits for
      def leaves = children.keys.select { |step| children[step].empty? }

      # @return [Hash{Integer => Integer}] by step how many the longest way to it has before it
      def levels
        @levels ||= order.each_with_object({}) do |step, levels|
          levels[step] = parents[step].map { |parent| levels[parent] + 1 }.max || 0
        end
      end

      # @return [Integer] how many ways lead from a root to a leaf; it may have many digits
      def path_count
        ways = order.each_with_object({}) { |step, counts| counts[step] = [parents[step].sum { |parent| counts[parent] }, 1].max }
        leaves.sum { |leaf| ways[leaf] }
      end

      # @return [Array<Integer>] everything that waits for a step, directly or not
      def downstream(step)
        reached = reach[step]
        order.select { |one| reached[@places[one]] == 1 }
      end

      # @param among [Array<Integer>, nil] only these count
      # @return [Integer] how many steps wait for a step, directly or not
      def downstream_count(step, among: nil)
        reached = reach[step]
        reached &= mask(among) if among
        reached.to_s(2).count("1")
      end

      private

      # Kahn's: a step is placed when all that it waits for are.
      def topological_order
        open = parents.transform_values(&:size)
        order = open.select { |_, count| count.zero? }.keys
        order.each do |step|
          children[step].each { |dependent| order << dependent if (open[dependent] -= 1).zero? }
        end
      end

      # By step the set of those that wait for it, a bit for each place in the order: united a machine word at a time.
      def reach
        @reach ||= order.reverse_each.with_object({}) do |step, reach|
          reach[step] = children[step].reduce(0) { |set, child| set | reach[child] | (1 << @places[child]) }
        end
      end

      def mask(steps)
        @masks ||= {}.compare_by_identity
        @masks[steps] ||= steps.reduce(0) { |set, step| set | (1 << @places[step]) }
      end
    end
  end
end
