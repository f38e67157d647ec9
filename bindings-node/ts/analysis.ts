/** Where a task stands in its graph. Later versions may add members. */

import type { State } from './records.js';

/** How bad, or how good. */
export type Rating = 'Critical' | 'High' | 'Medium' | 'Low';

/** What lies on the critical paths of a task, what could run side by side, how far failures reach, and what holds up most. */
export interface DependencyAnalysis {
  readonly taskId: string;
  readonly dependencyGraph: DependencyGraph;
  readonly criticalPaths: CriticalPaths;
  readonly parallelismOpportunities: Parallelism;
  readonly errorChains: ErrorChains;
  readonly bottlenecks: Bottlenecks;
  /** When the task was looked at, by the clock of the database. */
  readonly analysisTimestamp: string;
  readonly taskExecutionSummary: ExecutionSummary;
}

/** Which step waits for which, by number. */
export interface DependencyGraph {
  readonly nodes: { readonly id: number; readonly name: string; readonly level: number }[];
  readonly edges: {
    readonly from: number;
    readonly to: number;
    readonly fromName: string;
    readonly toName: string;
  }[];
  /** For each step the steps that wait for it. */
  readonly adjacencyList: Readonly<Record<string, number[]>>;
  /** For each step the steps that it waits for. */
  readonly reverseAdjacencyList: Readonly<Record<string, number[]>>;
  /** For each step the length of the longest way to it. */
  readonly dependencyLevels: Readonly<Record<string, number>>;
}

/** The ways from a root to a leaf. */
export interface CriticalPaths {
  /** `null` where they are more than 2⁵³. */
  readonly totalPaths: number | null;
  /** In steps. */
  readonly longestPathLength: number;
  /** The five most critical ones, the most critical first. */
  readonly paths: TaskPath[];
  readonly rootNodes: number[];
  readonly leafNodes: number[];
}

/** A way from a root to a leaf. */
export interface TaskPath {
  readonly path: number[];
  readonly length: number;
  readonly stepNames: string[];
  readonly completedSteps: number;
  readonly blockedSteps: number;
  readonly errorSteps: number;
  readonly retrySteps: number;
  readonly readySteps: number;
  /** Seconds, by estimates: nothing was measured. */
  readonly estimatedDuration: number;
  readonly bottlenecks: {
    readonly stepId: number;
    readonly stepName: string;
    readonly reason: string;
    readonly severity: number;
    readonly impact: string;
  }[];
  readonly criticalityScore: number;
  readonly completionPercentage: number;
}

/** What could run side by side. */
export interface Parallelism {
  readonly totalSteps: number;
  readonly totalLevels: number;
  readonly maxParallelSteps: number;
  readonly currentParallelOpportunities: number;
  readonly blockedParallelOpportunities: number;
  readonly overallCompletion: number;
  readonly levels: {
    readonly level: number;
    readonly totalSteps: number;
    readonly readySteps: number;
    readonly blockedSteps: number;
    readonly errorSteps: number;
    readonly completedSteps: number;
    readonly stepNames: string[];
    readonly parallelismPotential: Rating;
    readonly bottleneckRisk: Rating;
  }[];
  /** Percentage of the levels in which more than one step is ready. */
  readonly parallelismEfficiency: number;
}

/** How far failures reach. */
export interface ErrorChains {
  readonly totalErrorSteps: number;
  readonly totalSteps: number;
  readonly errorPercentage: number;
  /** One that two failures block counts twice. */
  readonly totalBlockedByErrors: number;
  readonly mostCriticalError: ErrorChain | null;
  /** At most 50, the worst first. */
  readonly errorChains: ErrorChain[];
  readonly recoveryPriority: {
    readonly stepName: string;
    readonly priorityLevel: Rating;
    readonly reason: string;
    readonly recommendedAction: string;
  }[];
  readonly taskHealth: string;
}

/** A failure and what it reaches. */
export interface ErrorChain {
  readonly errorStepId: number;
  readonly errorStepName: string;
  readonly errorAttempts: number;
  readonly retryLimit: number;
  readonly retryAnalysis: {
    readonly exhausted: boolean;
    readonly remainingAttempts: number;
    readonly inBackoff: boolean;
    readonly nextRetryAt: string | null;
    readonly retryable: boolean;
  };
  readonly downstreamSteps: number[];
  readonly blockedDownstreamSteps: number;
  readonly totalDownstreamSteps: number;
  readonly totalImpact: number;
  readonly recoveryStrategies: {
    readonly strategy: string;
    readonly priority: Rating;
    readonly description: string;
  }[];
}

/** What holds up most. */
export interface Bottlenecks {
  readonly totalBottlenecks: number;
  readonly criticalBottlenecks: number;
  /** One that two block counts twice. */
  readonly totalBlockedSteps: number;
  /** The ten worst, the worst first. */
  readonly bottlenecks: Bottleneck[];
  readonly taskHealth: string;
  readonly taskCompletion: number;
  readonly failedStepsRatio: number;
  readonly overallImpact: 'Severe' | 'High' | 'Medium' | 'Low' | 'None';
}

/** A step that holds up others. */
export interface Bottleneck {
  readonly stepId: number;
  readonly stepName: string;
  readonly currentState: State;
  readonly attempts: number;
  readonly retryLimit: number;
  readonly dependenciesSatisfied: boolean;
  readonly downstreamStepsCount: number;
  readonly blockedDownstreamCount: number;
  readonly impactScore: number;
  readonly severity: Rating;
  /** `Permanent Failure`, `Active Error`, `Dependency Block`, `Retry Exhaustion` or `Non-Retryable`. */
  readonly bottleneckType: string;
  readonly resolutionStrategy: string;
  readonly estimatedResolutionTime: string;
}

/** The analysis in some numbers. */
export interface ExecutionSummary {
  readonly totalSteps: number;
  readonly totalDependencies: number;
  readonly dependencyLevels: number;
  readonly longestPathLength: number;
  readonly criticalBottlenecksCount: number;
  readonly errorChainsCount: number;
  readonly parallelismEfficiency: number;
  readonly overallHealth: 'critical' | 'warning' | 'healthy';
  /** What to do, most urgent first. */
  readonly recommendations: string[];
}
