/** What a handler sees of its attempt. */

import type { Connection } from './connections.js';
import { Conversation } from './conversation.js';
import { notFound } from './errors.js';
import type { NativeSession } from './native.js';
import type { Json, JsonObject } from './values.js';
import { fromJson } from './values.js';

/** Results by the name of the step. */
type Results = { readonly [name: string]: unknown };

/** Who runs attempts: a worker, or a test. */
export interface Host {
  /** The context of a task, as JSON. */
  fetchContext(taskId: string): Promise<string>;
  /** The results of all steps of a task that ended well, as JSON. */
  fetchResults(taskId: string): Promise<string>;
  /** What talks about connections of the handler's own. */
  session(): NativeSession;
}

/** What the engine hands over. */
export interface Invocation {
  readonly task_id: string;
  readonly step_no: number;
  readonly claim_no: number;
  readonly attempt: number;
  readonly handler: string;
  readonly step_name: string;
  readonly namespace: string;
  readonly task_name: string;
  readonly version: string;
  /** None where it is over 64 KiB, and has to be fetched. */
  readonly context: unknown;
  /** Results of direct parents, as far as they came along: 64 KiB together. */
  readonly dependencies: Results;
  readonly config: Json;
  readonly timeout_seconds: number | null;
}

/** A step of a workflow in code, as others refer to it: its name, and the type of its results. */
export interface StepRef<Value = Json> {
  readonly name: string;
  /** Never there: it carries the type. */
  readonly results?: Value;
}

/** The task, as `process(task, sequence, step)` gets it. */
export interface TaskOfStep<Context = JsonObject> {
  readonly taskId: string;
  readonly name: string;
  readonly namespace: string;
  readonly version: string;
  readonly context: Context;
}

/** The other steps of a task, as `process(task, sequence, step)` gets them. */
export interface Sequence {
  /** As {@link Step.results}. */
  results<Value = Json>(step: string | StepRef<Value>): Promise<Value>;
}

/** One attempt of one step. */
export class Step<Context = JsonObject> implements Sequence {
  /** The id of the task, a UUID. */
  readonly taskId: string;
  /** The number of the step, from 1 in template order. */
  readonly stepNo: number;
  /** The claim, for `complete_step` in a transaction of the handler's own. */
  readonly claimNo: number;
  /** The attempt, from 1. */
  readonly attempt: number;
  /** The name of the step. */
  readonly name: string;
  /** The name of the task. */
  readonly taskName: string;
  /** The namespace of the task. */
  readonly namespace: string;
  /** The version of the task's template. */
  readonly version: string;
  /** The handler's configuration in the template; `null` where it has none. */
  readonly config: Json;
  /** When the attempt is given up, by the clock of this machine; `undefined` where it has no timeout. */
  readonly deadline: Date | undefined;

  readonly #host: Host;
  readonly #dependencies: Results;
  #context: unknown;
  #fetched: Promise<Results> | undefined;
  #controller: AbortController | undefined;
  #cancelled = false;
  #completedItself = false;

  /** @internal */
  constructor(invocation: Invocation, host: Host) {
    this.taskId = invocation.task_id;
    this.stepNo = invocation.step_no;
    this.claimNo = invocation.claim_no;
    this.attempt = invocation.attempt;
    this.name = invocation.step_name;
    this.taskName = invocation.task_name;
    this.namespace = invocation.namespace;
    this.version = invocation.version;
    this.config = invocation.config ?? null;
    const seconds = invocation.timeout_seconds ?? undefined;
    this.deadline = seconds === undefined ? undefined : new Date(Date.now() + seconds * 1000);
    this.#host = host;
    this.#dependencies = invocation.dependencies;
    this.#context = invocation.context;
  }

  /** The task's input. */
  get context(): Context {
    return this.#context as Context;
  }

  /**
   * What another step of the task returned: any that has ended well, not only a direct parent. A promise, since results
   * that did not come along are fetched; once for all of them.
   *
   * @param step - The name of that step, or the step itself in a workflow in code.
   * @throws {@link NotFoundError} There is no such step, or it has not ended well.
   * @throws {@link DatabaseUnavailableError} They had to be fetched, and could not be.
   */
  async results<Value = Json>(step: string | StepRef<Value>): Promise<Value> {
    const name = typeof step === 'string' ? step : step.name;
    const found = Object.hasOwn(this.#dependencies, name) ? this.#dependencies : await this.#fetchResults();
    if (!Object.hasOwn(found, name)) {
      throw notFound(
        `the step '${name}' has no results for '${this.name}' to read: it does not exist, or it has not ended well; ` +
          'depend on it to be sure',
      );
    }
    return found[name] as Value;
  }

  /** Aborted when the outcome counts for nothing any more: cancelled, its deadline passed, or taken over. Stop then. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#cancelled) this.#abort();
    }
    return this.#controller.signal;
  }

  /** Whether {@link Step.signal} is aborted. */
  get cancelled(): boolean {
    return this.#cancelled;
  }

  /**
   * Completes the step on a connection of yours, in its transaction: what you write there and the step take effect once.
   *
   * Once that is committed the step is complete, whatever becomes of this process; what the handler returns counts for
   * nothing. If it is rolled back and nothing is thrown, the attempt has failed and may be tried again.
   *
   * @param connection - In a transaction of the engine's database: of `pg`, Knex, Drizzle or Prisma.
   * @param results - What the step returns; an empty object when left out.
   * @throws {@link AttemptLostError} The attempt is over: taken over, cancelled or resolved meanwhile. Let it roll back.
   * @throws {@link InvalidArgumentError} JSON cannot say the results, they are too large, or this is no such connection.
   * @throws {@link ConfigInvalidError} The database of the connection has no Tasker.
   */
  async completeIn(connection: Connection, results?: unknown): Promise<void> {
    const conversation = new Conversation(this.#host.session(), connection);
    const attempt = { task_id: this.taskId, step_no: this.stepNo, claim_no: this.claimNo };
    await conversation.carryOut('complete', { attempt, results: results ?? null });
    this.#completedItself = true;
  }

  /** @internal */
  get _completedItself(): boolean {
    return this.#completedItself;
  }

  /** The task, as `process(task, sequence, step)` gets it. */
  get task(): TaskOfStep<Context> {
    const { taskId, taskName: name, namespace, version, context } = this;
    return { taskId, name, namespace, version, context };
  }

  /** For people. */
  toString(): string {
    return `step ${this.namespace}.${this.taskName}.${this.name}, attempt ${this.attempt}, of task ${this.taskId}`;
  }

  /**
   * Fetches the context where it did not come along. Done before the handler is called, so that `context` is what every
   * handler may read without waiting, however large it grows.
   *
   * @internal
   */
  async _fetchContext(): Promise<void> {
    this.#context ??= fromJson(await this.#host.fetchContext(this.taskId));
  }

  /** @internal */
  get _hasContext(): boolean {
    return this.#context !== null && this.#context !== undefined;
  }

  /**
   * Puts what a schema made of the context in its place.
   *
   * @internal
   */
  _setContext(context: Context): void {
    this.#context = context;
  }

  /** @internal */
  _cancel(): void {
    this.#cancelled = true;
    this.#abort();
  }

  #abort(): void {
    const reason = new DOMException('the attempt is over: cancelled, past its deadline, or taken over', 'AbortError');
    this.#controller?.abort(reason);
  }

  #fetchResults(): Promise<Results> {
    if (this.#fetched === undefined) {
      this.#fetched = this.#host.fetchResults(this.taskId).then((text) => fromJson(text) as Results);
      // The next one who asks tries again.
      this.#fetched.catch(() => {
        this.#fetched = undefined;
      });
    }
    return this.#fetched;
  }
}
