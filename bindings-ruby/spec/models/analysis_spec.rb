# frozen_string_literal: true

require_relative "models_helper"

RSpec.describe Tasker::Analysis do
  describe Tasker::Analysis::RuntimeGraphAnalyzer, :models do
    let(:steps) { {a: [], b: [:a], c: [:a], d: [:b], e: %i[c d], f: [:e]} }
    let(:task) { task_of(steps) }

    it "describes the graph" do
      graph = task.dependency_graph[:dependency_graph]
      expect(graph[:nodes].first).to eq(id: 1, name: "a", level: 0)
      expect(graph[:edges]).to include(from: 1, to: 3, from_name: "a", to_name: "c")
      expect(graph[:adjacency_list][1]).to eq([2, 3])
      expect(graph[:reverse_adjacency_list][5]).to contain_exactly(3, 4)
      expect(graph[:dependency_levels]).to eq(1 => 0, 2 => 1, 3 => 1, 4 => 2, 5 => 3, 6 => 4)
      expect(task.runtime_analyzer.build_dependency_graph).to eq(graph)
    end

    it "finds the longest and the most critical path" do
      paths = task.dependency_graph[:critical_paths]
      expect(paths).to include(total_paths: 2, longest_path_length: 5, root_nodes: [1], leaf_nodes: [6])
      expect(paths[:paths].first).to include(
        path: [1, 2, 4, 5, 6], step_names: %w[a b d e f], length: 5, completed_steps: 0, blocked_steps: 4, ready_steps: 1,
        estimated_duration: 150, completion_percentage: 0.0, criticality_score: 5 * 10 + 4 * 25 + 150 / 60.0 * 2
      )
    end

    it "ranks paths as scoring each of them would" do
      register("wide", {a: [], b: [], c: %i[a b], d: %i[a b], e: %i[c d], f: [:c], g: %i[e f]})
      wide = create_task("wide")
      run_failing(wide, "b", retryable: false)
      analysis = wide.dependency_graph
      scores = walks(analysis[:dependency_graph][:adjacency_list], analysis[:critical_paths][:root_nodes])
        .map { |walk| score(walk, wide) }.sort.reverse
      told = analysis[:critical_paths][:paths].map { |path| path[:criticality_score] }
      expect(analysis[:critical_paths][:total_paths]).to eq(scores.size)
      told.zip(scores).each { |mine, right| expect(mine).to be_within(1e-9).of(right) }
      expect(told.size).to eq(5)
    end

    it "takes no longer for a graph of more paths than could be walked" do
      layers = (0...12).map { |layer| %w[x y z].map { |name| :"#{name}#{layer}" } }
      register("lattice", layers.each_with_index.flat_map { |layer, number|
        layer.map { |name| [name, number.zero? ? [] : layers[number - 1]] }
      }.to_h)
      lattice = create_task("lattice")
      started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      paths = lattice.dependency_graph[:critical_paths]
      expect(Process.clock_gettime(Process::CLOCK_MONOTONIC) - started).to be < 2
      expect(paths).to include(total_paths: 3**12, longest_path_length: 12)
      expect(paths[:paths].size).to eq(5)
      expect(paths[:paths].map { |path| path[:path] }.uniq.size).to eq(5)
    end

    it "tells what could run side by side" do
      complete(claim(task)["a"])
      parallelism = task.dependency_graph[:parallelism_opportunities]
      expect(parallelism).to include(
        total_steps: 6, total_levels: 5, max_parallel_steps: 2, current_parallel_opportunities: 2, blocked_parallel_opportunities: 3,
        parallelism_efficiency: 20.0
      )
      expect(parallelism[:levels][1]).to include(step_names: %w[b c], parallelism_potential: "High", bottleneck_risk: "Low")
      expect(parallelism[:levels][2]).to include(parallelism_potential: "Low", bottleneck_risk: "High")
    end

    it "tells how far a failure reaches, and what to do" do
      complete(claim(task)["a"])
      run_failing(task, "b", retryable: false)
      chains = task.dependency_graph[:error_chains]
      expect(chains).to include(total_error_steps: 1, error_percentage: 16.7, total_blocked_by_errors: 3)
      expect(chains[:most_critical_error]).to include(
        error_step_name: "b", downstream_steps: [4, 5, 6], total_impact: 3 * 15 + 3 * 5 + 3,
        recovery_strategies: [include(strategy: "Investigate Root Cause")]
      )
      expect(chains[:recovery_priority]).to eq([
        {step_name: "b", priority_level: "High", reason: "Blocks 3 steps after it", recommended_action: "Investigate Root Cause"}
      ])
    end

    it "tells a failure that is tried again, and one that has used up its attempts" do
      run_failing(task, "a", retry_after: 60.0)
      strategies = -> { task.dependency_graph[:error_chains][:error_chains].first[:recovery_strategies].map { |one| one[:strategy] } }
      expect(strategies.call).to eq(["Wait for Backoff"])
      expect(task.dependency_graph[:error_chains][:most_critical_error][:retry_analysis])
        .to include(in_backoff: true, remaining_attempts: 2, next_retry_at: a_value > Time.current)
      move_clock(61)
      expect(strategies.call).to eq(["Monitor Retries"])
      2.times do
        run_failing(task, "a", retry_after: 60.0)
        move_clock(61)
      end
      expect(strategies.call).to eq(["Manual Resolution", "Increase Retry Limit"])
    end

    it "finds what holds up most" do
      complete(claim(task)["a"])
      run_failing(task, "b", retryable: false)
      bottlenecks = task.dependency_graph[:bottlenecks]
      expect(bottlenecks).to include(total_bottlenecks: 1, critical_bottlenecks: 1, total_blocked_steps: 3, overall_impact: "High")
      expect(bottlenecks[:bottlenecks].first).to include(
        step_name: "b", impact_score: ((3 * 5 + 3 * 15) * 2.0 + 3 + 10).round, severity: "Critical", bottleneck_type: "Permanent Failure",
        downstream_steps_count: 3, blocked_downstream_count: 3
      )
    end

    it "says all of it in some numbers" do
      expect(task.dependency_graph[:task_execution_summary]).to include(
        total_steps: 6, total_dependencies: 6, dependency_levels: 5, longest_path_length: 5, error_chains_count: 0, overall_health: "warning"
      )
    end

    it "judges by the weights of the configuration" do
      Tasker.configure { |config| config.dependency_graph.impact_multipliers = {path_length_weight: 1000} }
      expect(task.dependency_graph[:critical_paths][:paths].first[:criticality_score]).to be > 5000
    ensure
      Tasker::Configuration.reset!
    end

    it "finds nothing to hold up a task that has ended" do
      run(task)
      analysis = task.dependency_graph
      expect(analysis[:bottlenecks]).to include(total_bottlenecks: 0, overall_impact: "None")
      expect(analysis[:error_chains]).to include(error_chains: [], most_critical_error: nil)
    end

    it "looks anew each time, in three queries" do
      task
      expect(statements { task.dependency_graph }).to eq(3)
      run(task)
      expect(task.dependency_graph[:parallelism_opportunities][:overall_completion]).to eq(100)
    end

    def walks(children, steps)
      steps.flat_map { |step| children[step].empty? ? [[step]] : walks(children, children[step]).map { |walk| [step, *walk] } }
    end

    # By the words of the ancestor's rule.
    def score(walk, task)
      statuses = Tasker::StepReadinessStatus.for_task(task.task_id).index_by(&:workflow_step_id).values_at(*walk)
      context = Tasker::TaskExecutionContext.find(task.task_id)
      health = context.is_healthy? ? 1.0 : 1.5
      errors = statuses.select { |status| status.current_state == "error" }
      seconds = 30 * walk.size + 60 * errors.size + 30 * statuses.sum(&:attempts)
      weight = 10 * walk.size - 15 * statuses.count { |status| status.current_state == "complete" } +
        25 * statuses.count { |status| !status.dependencies_satisfied } * health + 30 * errors.size * health +
        10 * errors.count { |status| status.attempts.positive? } + 2 * seconds / 60.0
      [weight * (1 - 0.3 * context.completion_percentage.to_f / 100), 0].max
    end
  end
end
