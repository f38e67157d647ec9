/** What became of tasks under test. */

import { notFound } from '../errors.js';
import { record } from '../names.js';
import type { State, StepRecord, TaskRecord } from '../records.js';

/** One attempt of one step. */
export interface Execution {
  /** The name of the step. */
  readonly step: string;
  /** The attempt, from 1. */
  readonly attempt: number;
  /** Whether the handler ran. */
  readonly handlerRan: boolean;
  readonly outcome: 'completed' | 'failed' | 'completed_elsewhere' | 'released' | 'worker_lost';
  /** The message of its failure. */
  readonly error?: string;
  /** What the database said to it. */
  readonly recorded: 'recorded' | 'already_recorded' | 'refused' | 'never';
  /** When it was claimed, on the test's clock. */
  readonly beganAt: string;
}

/** As the engine tells it. */
export interface ToldReport {
  readonly task: object;
  readonly steps: readonly object[];
  readonly executions: readonly object[];
  readonly now: string;
  readonly next_due_at: string | null;
}

/** A task under test. */
export class TestReport {
  readonly task: TaskRecord;
  /** Its steps, by number. */
  readonly steps: readonly StepRecord[];
  /** The attempts so far, in order. */
  readonly executions: readonly Execution[];
  /** The time of the test. */
  readonly now: string;
  /** When something of the task is ready next; `null` where nothing will be without an operator. */
  readonly nextDueAt: string | null;

  /** @internal */
  constructor(told: ToldReport) {
    this.task = record(told.task);
    this.steps = record(told.steps);
    this.executions = record(told.executions);
    this.now = told.now;
    this.nextDueAt = told.next_due_at;
  }

  /** The state of the task. */
  get status(): State {
    return this.task.status;
  }

  /**
   * A step by its name.
   *
   * @throws {@link NotFoundError} The task has no such step.
   */
  step(name: string): StepRecord {
    const found = this.steps.find((step) => step.name === name);
    if (found !== undefined) return found;
    const names = this.steps.map((step) => step.name).join(', ');
    throw notFound(`the task has no step '${name}'; its steps are ${names}`);
  }

  /** How often the handler of a step was executed. */
  executionsOf(step: string): number {
    return this.executions.filter((one) => one.step === step && one.handlerRan).length;
  }
}

/** A point at which the process dies. */
export interface CrashPoint {
  /** The name of the step. */
  readonly step: string;
  /** The attempt, from 1. */
  readonly attempt: number;
  readonly when: 'before_handler' | 'after_handler' | 'after_recorded';
}

/** What became of one variant. */
export interface VariantReport {
  /** Where the process died; `null` for the undisturbed run. */
  readonly crash: CrashPoint | null;
  /** The state that the task ended in. */
  readonly status: State;
  /** How often the handler of each step was executed. */
  readonly executions: { readonly [step: string]: number };
  /** What is wrong, in words; empty where all is right. */
  readonly problems: readonly string[];
}

/** What became of each variant, the undisturbed run first. */
export class CrashReport {
  readonly variants: readonly VariantReport[];

  /** @internal */
  constructor(variants: readonly VariantReport[]) {
    this.variants = variants;
  }

  /** The variants in which something is wrong. */
  get broken(): readonly VariantReport[] {
    return this.variants.filter(({ problems }) => problems.length > 0);
  }

  /** Whether the workflow is right wherever its process dies. */
  get isRight(): boolean {
    return this.broken.length === 0;
  }

  /** The most that the handler of a step was executed in one variant. */
  mostExecutionsOf(step: string): number {
    return Math.max(0, ...this.variants.map(({ executions }) => executions[step] ?? 0));
  }

  /** What is wrong, and where the process died, line by line. */
  toString(): string {
    const points = this.variants.length - 1;
    if (this.isRight) return `right at each of ${points} points at which its process can die`;
    return [
      `wrong in ${this.broken.length} of ${points + 1} runs, ${points} of them with a crash:`,
      ...this.broken.flatMap(({ crash, problems }) => [`- ${told(crash)}:`, ...problems.map((one) => `    ${one}`)]),
    ].join('\n');
  }
}

function told(crash: CrashPoint | null): string {
  if (crash === null) return 'undisturbed';
  const { step, attempt, when } = crash;
  return `the process died ${when.replaceAll('_', ' ')} of '${step}' (attempt ${attempt})`;
}
