/** What the verbs of a client are asked with. */

import type { State, WorkerHealth } from './records.js';

/** A request for a task. */
export interface TaskRequest {
  /** The namespace of the template; `default` when left out. */
  readonly namespace?: string | undefined;
  /** Its version; the latest when left out. */
  readonly version?: string | undefined;
  /** The input: an object that JSON can say. */
  readonly context?: object | undefined;
  /** A UUIDv7 of the caller's own. */
  readonly taskId?: string | undefined;
  /** Who asks. */
  readonly initiator?: string | undefined;
  /** From where. */
  readonly sourceSystem?: string | undefined;
  /** Why. */
  readonly reason?: string | undefined;
  /** Words to find it by. */
  readonly tags?: readonly string[] | undefined;
  /** Steps that are skipped where their template allows it. */
  readonly bypassSteps?: readonly string[] | undefined;
  /** 0 (first) to 9 (last); the steps' own when left out. */
  readonly priority?: number | undefined;
  /** When it was asked for. */
  readonly requestedAt?: Date | string | undefined;
  /** The same key again is the same task. */
  readonly idempotencyKey?: string | undefined;
  /** For how long it is, in seconds. */
  readonly idempotencyTtlSeconds?: number | undefined;
  /** What a duplicate gets: the task that is there (`return`, the default), or an error (`reject`). */
  readonly onDuplicate?: 'return' | 'reject' | undefined;
  /** The W3C trace that it belongs to. */
  readonly traceparent?: string | undefined;
}

/** A request for a task among many. */
export interface NamedTaskRequest extends TaskRequest {
  /** The name of the template. */
  readonly name: string;
}

/** How to wait for a task. */
export interface WaitOptions {
  /** Until it is in one of these states; until it has ended, well or badly, when left out. */
  readonly until?: readonly State[] | undefined;
  /** For how long, in seconds; 60 when left out. */
  readonly withinSeconds?: number | undefined;
  /** Ends the wait, not the task: the promise is rejected with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Who does something, and why: for the audit trail. */
export interface Operator {
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
}

/** What counts how much in the analysis of a graph, by the engine's names: `{ impact_multipliers: { blocked_penalty: 0 } }`. */
export type AnalysisWeights = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** A step of a task: its name, or its number. */
export type StepSelector = string | number;

/** How to retry a step. */
export interface RetryOptions extends Operator {
  /** Gives it its whole budget of attempts back; else it gets one more. */
  readonly resetAttempts?: boolean | undefined;
}

/** What to change about a task. */
export interface TaskUpdate extends Operator {
  readonly tags?: readonly string[] | undefined;
  readonly priority?: number | undefined;
}

/** What to change about a step. */
export interface StepUpdate extends Operator {
  readonly retryLimit?: number | undefined;
  readonly inputs?: object | undefined;
}

/** What to pause, or to resume: a task, a named task or a whole namespace, or a handler. */
export type PauseScope =
  | { readonly taskId: string; readonly namespace?: never; readonly name?: never; readonly handler?: never }
  | {
      readonly namespace: string;
      readonly name?: string | undefined;
      readonly taskId?: never;
      readonly handler?: never;
    }
  | { readonly handler: string; readonly taskId?: never; readonly namespace?: never; readonly name?: never };

/** A part of a list. */
export interface Page<Cursor> {
  /** The last one of the page before. */
  readonly after?: Cursor | undefined;
  /** At most this many; 50 when left out, 1,000 at the most. */
  readonly limit?: number | undefined;
}

/** Which tasks to list. */
export interface TaskFilter extends Page<string> {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly status?: readonly State[] | undefined;
  /** All of these. */
  readonly tags?: readonly string[] | undefined;
  /** Created from then on. */
  readonly since?: Date | string | undefined;
  readonly createdBefore?: Date | string | undefined;
  readonly paused?: boolean | undefined;
  /** With a step whose last failure has this code. */
  readonly errorCode?: string | undefined;
}

/** Which steps of a task to list. */
export interface StepFilter extends Page<number> {
  readonly status?: readonly State[] | undefined;
  readonly handler?: string | undefined;
  readonly errorCode?: string | undefined;
}

/** Which workers to list. */
export interface WorkerFilter extends Page<number> {
  readonly workerId?: number | undefined;
  readonly health?: readonly WorkerHealth[] | undefined;
  readonly handler?: string | undefined;
  /** Also those that ended. */
  readonly ended?: boolean | undefined;
}

/** Which names to list. */
export interface NameFilter extends Page<string> {
  /** Only what contains this text. */
  readonly containing?: string | undefined;
}

/** Which steps to find, of all tasks. */
export interface StepSearch extends Page<readonly [taskId: string, stepNo: number]> {
  /** Of tasks of this namespace, name, version, with all of these tags. */
  readonly namespace?: string | undefined;
  readonly taskName?: string | undefined;
  readonly version?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  /** Of tasks created from then on. */
  readonly since?: Date | string | undefined;
  readonly createdBefore?: Date | string | undefined;
  readonly taskId?: string | undefined;
  /** Only of tasks that have not ended well. */
  readonly ofOpenTasks?: boolean | undefined;
  /** Of these names. */
  readonly names?: readonly string[] | undefined;
  readonly handler?: string | undefined;
  readonly status?: readonly State[] | undefined;
  readonly errorCode?: string | undefined;
  /** Only failed steps that wait for their next attempt, or only those that will not be tried again. */
  readonly waiting?: boolean | undefined;
}

/** How to count. */
export interface CountOptions {
  /** Counting ends here. */
  readonly most?: number | undefined;
}

/** What can be done to many tasks. */
export type BulkVerb = 'cancel' | 'retry' | 'resolve' | 'pause' | 'resume';

/** What can be done to many steps. */
export type StepVerb = 'cancel' | 'retry' | 'resolve' | 'update';

/** How to do it. */
export interface StepVerbOptions extends RetryOptions {
  /** With `resolve`: what each step counts as having returned. */
  readonly results?: unknown;
  /** With `update`: how many attempts there may be in total. */
  readonly retryLimit?: number | undefined;
}

/** How to register a template. */
export interface RegisterOptions {
  /** Also a content that was replaced before. */
  readonly force?: boolean | undefined;
  /** The section of `environments`; `TASKER_ENV` when left out. */
  readonly environment?: string | undefined;
}

/** A template as an object: the same keys as in YAML. */
export interface TemplateObject {
  readonly name: string;
  readonly step_templates: readonly { readonly name: string; readonly [key: string]: unknown }[];
  readonly [key: string]: unknown;
}
