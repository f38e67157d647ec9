/** What the engine answers. Times are RFC 3339 in UTC. Later versions may add members. */

import type { Json, JsonObject } from './values.js';

/** The states of tasks and steps. */
export type State = 'pending' | 'in_progress' | 'complete' | 'error' | 'cancelled' | 'resolved_manually';

/** What became of a request for a task. */
export interface Created {
  /** The task: the new one, or the one that an identical request made before. */
  readonly taskId: string;
  /** Whether it is new. */
  readonly created: boolean;
  /** Whether it was made before and has been deleted since. */
  readonly pruned: boolean;
}

/** A task, with its progress. */
export interface TaskRecord {
  readonly taskId: string;
  readonly name: string;
  readonly namespace: string;
  readonly version: string;
  /** `namespace.name@version`. */
  readonly fullName: string;
  readonly namedTaskId: number;
  readonly status: State;
  /** Whether it is `complete` or `resolved_manually`. */
  readonly complete: boolean;
  readonly initiator: string;
  readonly sourceSystem: string;
  readonly reason: string;
  readonly tags: string[];
  readonly bypassSteps: string[];
  readonly context: JsonObject;
  /** 0 (first) to 9 (last), where the request gave one. */
  readonly priority: number | null;
  readonly requestedAt: string;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly completedAt: string | null;
  /** Whether it is paused, by itself or by its namespace, named task or handlers. */
  readonly paused: boolean;
  readonly pausedAt: string | null;
  readonly totalSteps: number;
  readonly pendingSteps: number;
  readonly inProgressSteps: number;
  readonly completedSteps: number;
  readonly failedSteps: number;
  readonly readySteps: number;
  /** `has_ready_steps`, `processing`, `blocked_by_failures`, `all_complete` or `waiting_for_dependencies`. */
  readonly executionStatus: string;
  readonly recommendedAction: string;
  /** 0 to 100, two decimals. */
  readonly completionPercentage: number;
  /** `healthy`, `recovering`, `blocked` or `unknown`. */
  readonly healthStatus: string;
}

/** A step of a task. */
export interface StepRecord {
  readonly taskId: string;
  /** Its number inside the task, from 1. */
  readonly workflowStepId: number;
  readonly name: string;
  readonly namedStepId: number;
  readonly handler: string;
  readonly status: State;
  /** Attempts so far, the running one included. */
  readonly attempts: number;
  /** How many attempts there may be. */
  readonly retryLimit: number;
  readonly skippable: boolean;
  readonly retryable: boolean;
  /** Whether it is complete or resolved. */
  readonly processed: boolean;
  readonly processedAt: string | null;
  readonly inProcess: boolean;
  readonly backoffRequestSeconds: number | null;
  readonly lastAttemptedAt: string | null;
  /** When a failed step may be claimed again; `null` where it will not be tried again. */
  readonly nextRetryAt: string | null;
  /** Its own input where an operator gave one; else the context of the task. */
  readonly inputs: JsonObject;
  /** What it returned, or its last failure. */
  readonly results: Json;
  readonly childrenIds: number[];
  readonly parentsIds: number[];
  readonly siblingsIds: number[];
  readonly claimNo: number;
  /** How many processes died while they held it. */
  readonly workerLosses: number;
  readonly paused: boolean;
  readonly priority: number;
}

/** A step in a list: without its inputs and results. */
export interface StepSummary {
  readonly taskId: string;
  readonly workflowStepId: number;
  readonly name: string;
  readonly handler: string;
  readonly status: State;
  readonly attempts: number;
  readonly retryLimit: number;
  readonly lastAttemptedAt: string | null;
  /** When the last attempt ended, or the step was resolved or cancelled. */
  readonly endedAt: string | null;
  readonly nextRetryAt: string | null;
  /** The message of the last failure, where the step is in `error`. */
  readonly error: string | null;
  readonly errorCode: string | null;
}

/** A step that was found among those of all tasks. */
export interface FoundStep extends StepSummary {
  /** Its task, as `namespace.name@version`. */
  readonly fullName: string;
}

/** One batch of what is done to many. */
export interface Batch<Outcome, Cursor> {
  readonly outcomes: Outcome[];
  /** Where the next batch begins; `null` where there is none. */
  readonly after: Cursor | null;
}

/** What became of one task of many. */
export interface BulkOutcome {
  readonly taskId: string;
  /** `null` where it was done; else why not. */
  readonly refusal: string | null;
}

/** What became of one step of many. */
export interface StepOutcome extends BulkOutcome {
  readonly workflowStepId: number;
}

/** Whether a step would be claimed now, and why. */
export interface Readiness {
  readonly workflowStepId: number;
  readonly taskId: string;
  readonly namedStepId: number;
  readonly name: string;
  readonly currentState: State;
  readonly dependenciesSatisfied: boolean;
  readonly retryEligible: boolean;
  readonly readyForExecution: boolean;
  readonly lastFailureAt: string | null;
  readonly nextRetryAt: string | null;
  readonly totalParents: number;
  readonly completedParents: number;
  readonly attempts: number;
  readonly retryLimit: number;
  readonly backoffRequestSeconds: number | null;
  readonly lastAttemptedAt: string | null;
}

/** One move of a task or a step, from the audit trail. */
export interface Transition {
  readonly taskId: string;
  /** Its step; `null` for the task itself. */
  readonly workflowStepId: number | null;
  /** Counts from 0 (the initial `pending`). */
  readonly sortKey: number;
  readonly fromState: State | null;
  readonly toState: State;
  readonly createdAt: string;
  /** Who, why, and what else was known, with the names that it is stored under (`error_class`, …). */
  readonly metadata: JsonObject;
}

/** What an operator did where no state moved. */
export interface OperatorAction {
  /** Later ones have higher ones. */
  readonly actionId: number;
  /** The task; `null` where it was done to a namespace, a named task or a handler that the task belongs to. */
  readonly taskId: string | null;
  /** The step; `null` for the task itself. */
  readonly workflowStepId: number | null;
  /** The namespace that it was done to. */
  readonly namespace: string | null;
  /** The named task of that namespace. */
  readonly name: string | null;
  /** The handler that it was done to. */
  readonly handler: string | null;
  readonly createdAt: string;
  /** `verb`, `by`, `reason` and `from`; `changed` has each value that is another now, `from` and `to`. */
  readonly metadata: JsonObject;
}

/** What was noted on a task. */
export interface Annotation {
  readonly taskAnnotationId: number;
  readonly taskId: string;
  /** What kind of thing it says. */
  readonly annotationType: string;
  /** What it says: not `null`. */
  readonly annotation: Json;
  readonly createdAt: string;
}

/** A registered named task. */
export interface NamedTask {
  readonly namedTaskId: number;
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly fullName: string;
  readonly description: string | null;
  /** SHA-256 of its content before `${…}` is filled, hexadecimal. */
  readonly digest: string;
  readonly stepCount: number;
  /** Whether it is the latest version of its name. */
  readonly latest: boolean;
  readonly registeredAt: string;
}

/** A content that stands, or once stood, under a version. */
export interface TemplateContent {
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly fullName: string;
  readonly digest: string;
  readonly stepCount: number;
  readonly registeredAt: string;
  /** When other content took its place; `null` for the content that new tasks are made from. */
  readonly replacedAt: string | null;
}

/** What registering a template did. */
export interface Registration {
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly registered: 'new' | 'unchanged' | 'replaced' | 'superseded';
}

/** What keeps a task or a step from going on. Later versions may add some. */
export type WhyReason =
  | 'running'
  | 'stuck'
  | 'worker_lost'
  | 'ready'
  | 'waits_for_slot'
  | 'waits_alone'
  | 'backoff'
  | 'worker_hangs'
  | 'no_worker'
  | 'paused'
  | 'stranded'
  | 'cancelled'
  | 'exhausted'
  | 'permanent_failure'
  | 'quarantined'
  | 'dependency'
  | 'cancelled_upstream'
  | 'failed_upstream'
  | 'finished';

/** Why a task (no step number) or a step does not go on. */
export interface Why {
  readonly taskId: string;
  readonly stepNo: number | null;
  readonly name: string;
  readonly handler: string | null;
  readonly state: State;
  readonly reason: WhyReason;
  readonly since: string | null;
  /** From when it may be claimed, or for `worker_lost` taken back. */
  readonly nextAt: string | null;
  /** For a step, the one before it that has to move first; for a task, its liveliest step. */
  readonly blockedByStepNo: number | null;
  readonly blockedBy: string | null;
  readonly blockedByReason: WhyReason | null;
  readonly attempts: number | null;
  readonly retryLimit: number | null;
  readonly detail: WhyDetail;
}

/** What else is known about a reason. */
export interface WhyDetail {
  readonly worker?: {
    readonly workerId: number;
    readonly name: string;
    readonly host: string;
    readonly processId: number;
    readonly heartbeatAt: string;
  };
  readonly deadlineAt?: string;
  readonly pauses?: Pause[];
  readonly failure?: {
    readonly error: string | null;
    readonly errorCode: string | null;
    readonly errorClass: string | null;
  };
  readonly hanging?: {
    readonly workerId: number;
    readonly name: string;
    readonly host: string;
    readonly processId: number;
    readonly lastPolledAt: string | null;
    readonly oldestRunning: OldestRunning | null;
  }[];
  readonly ahead?: number;
  readonly operator?: { readonly verb: string | null; readonly by: string | null; readonly reason: string | null };
  /** For a task: how many of its steps have which reason. */
  readonly counts?: { readonly [reason in WhyReason]?: number };
}

/** What somebody paused. */
export interface Pause {
  readonly scope: 'task' | 'named_task' | 'namespace' | 'handler';
  /** `namespace.name` for a named task; `null` for a task. */
  readonly name: string | null;
  readonly since: string;
  readonly by: string | null;
  readonly reason: string | null;
}

/** What has run in a worker for longest, as its last heartbeat said. */
export interface OldestRunning {
  readonly handler: string;
  readonly taskId: string;
  readonly stepNo: number;
  readonly seconds: number;
}

/** How a worker is. */
export type WorkerHealth = 'alive' | 'hangs' | 'draining' | 'lost' | 'stopped' | 'dead';

/** A worker: one boot of one process. */
export interface WorkerRecord {
  readonly workerId: number;
  readonly name: string;
  readonly host: string;
  readonly processId: number;
  /** The language of its handlers. */
  readonly runtime: string;
  readonly version: string | null;
  readonly handlers: string[];
  readonly concurrency: number;
  readonly leaseSeconds: number;
  readonly health: WorkerHealth;
  readonly idle: boolean;
  /** How many steps it holds: running, or in its buffer. */
  readonly held: number;
  readonly startedAt: string;
  readonly heartbeatAt: string;
  readonly lastPolledAt: string | null;
  readonly stoppedAt: string | null;
  readonly oldestRunning: OldestRunning | null;
  /** Whether that is past its deadline: it does not come back. */
  readonly stuck: boolean;
}

/** What a worker of this process does at present. */
export interface WorkerStatus {
  /** Its id in the database; a new one after it was taken for dead. */
  readonly workerId: number;
  /** Steps that wait in the process. */
  readonly buffered: number;
  /** Slots that are taken. */
  readonly running: number;
  /** Of those, by handlers whose attempt is over but which do not return. */
  readonly stuck: number;
  /** Outcomes that wait for the database. */
  readonly unreported: number;
}

/** A namespace. */
export interface NamespaceRecord {
  readonly name: string;
  readonly description: string | null;
  readonly namedTasks: number;
  readonly pause: Pause | null;
  readonly pausedTasks: Pause[];
}

/** A handler, as templates name it. */
export interface HandlerRecord {
  readonly handler: string;
  /** The named tasks with steps of it: `namespace.name`. */
  readonly namedTasks: string[];
  readonly liveWorkers: number;
  /** How many of its steps could be claimed now, were nothing paused. */
  readonly waiting: number;
  readonly pause: Pause | null;
}

/** How bad something is. */
export type CheckStatus = 'ok' | 'note' | 'warning' | 'problem';

/** What a doctor found. */
export interface DoctorReport {
  /** The worst of all. */
  readonly status: CheckStatus;
  readonly checkedAt: string;
  readonly version: string;
  readonly database: string | null;
  readonly source: string | null;
  readonly schema: string;
  readonly checks: {
    readonly section: string;
    readonly check: string;
    readonly status: CheckStatus;
    readonly finding: string | null;
    readonly message: string;
    readonly found: Json;
    readonly advice: string[];
  }[];
}

/** What migrating did. */
export interface MigrationReport {
  readonly schema: string;
  /** The version that it is at now. */
  readonly version: number;
  /** The names of the migrations that were applied; empty when there was nothing to do. */
  readonly applied: string[];
}
