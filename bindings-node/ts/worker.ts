/** The worker: it polls, runs handlers, and reports. */

import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { ask, at } from './answers.js';
import type { Client } from './client.js';
import { invalidArgument, ShuttingDownError } from './errors.js';
import type { Registry } from './handlers.js';
import { registry as defaultRegistry } from './handlers.js';
import { hold, release } from './hold.js';
import type { Logger } from './logs.js';
import { Log } from './logs.js';
import { LoopWatch } from './loop-watch.js';
import { record } from './names.js';
import type { NativeWorker } from './native.js';
import { completed, failed, unreportable } from './outcomes.js';
import type { WorkerStatus } from './records.js';
import type { Host, Invocation } from './step.js';
import { Step } from './step.js';
import { fromJson, toJson } from './values.js';

/** How long one poll waits for work. */
const POLL_SECONDS = 1;
/** How long handlers of one poll are begun one after the other before the event loop gets a turn. */
const TURN_MS = 10;

/** How a worker works. */
export interface WorkerOptions {
  /** The handlers; those that `handler` registered when left out. */
  readonly registry?: Registry | undefined;
  /** How many handlers run at once; 16 when left out. */
  readonly concurrency?: number | undefined;
  /** For people; host and process when left out. */
  readonly name?: string | undefined;
  /** The version of the application. */
  readonly version?: string | undefined;
  /** Whether to listen for hints, on a connection of its own; everything works without, by polling. */
  readonly listen?: boolean | undefined;
  /** Takes what there is to say; when left out, warnings alone are given to `process.emitWarning`. */
  readonly logger?: Logger | undefined;
}

interface Attempt {
  readonly step: Step;
  readonly handler: string;
}

interface Key {
  readonly task_id: string;
  readonly step_no: number;
  readonly claim_no: number;
}

/**
 * Runs handlers on the event loop until it is stopped. Claims, reports and heartbeats go on in the engine's threads, whatever
 * the handlers do.
 *
 * A worker that has started keeps the process open until it has stopped, unless {@link Worker.unref} is called.
 */
export class Worker {
  readonly #client: Client;
  readonly #registry: Registry;
  readonly #options: WorkerOptions;
  readonly #concurrency: number;
  readonly #running = new Map<string, Attempt>();
  readonly #log: Log;
  readonly #watch: LoopWatch;
  readonly #stopAsked: Promise<void>;
  #askToStop!: () => void;
  #native: NativeWorker | undefined;
  #started: Promise<this> | undefined;
  #stopped: Promise<void> | undefined;
  #ended = false;
  #polling: Promise<void> | undefined;
  #roomMade: (() => void) | undefined;
  #holds = true;
  #holding = false;

  /**
   * @param client - The client whose database it works on.
   * @param options - Its handlers, and how many of them run at once.
   * @throws {@link InvalidArgumentError} `concurrency` is no whole number from 1 up.
   */
  constructor(client: Client, options: WorkerOptions = {}) {
    this.#client = client;
    this.#registry = options.registry ?? defaultRegistry;
    this.#options = options;
    this.#concurrency = options.concurrency ?? 16;
    if (!Number.isSafeInteger(this.#concurrency) || this.#concurrency < 1) {
      throw invalidArgument(`the concurrency of a worker is a whole number from 1 up, not ${this.#concurrency}`);
    }
    this.#log = new Log(options.logger);
    this.#watch = new LoopWatch(
      () => Array.from(this.#running.values(), ({ handler }) => handler),
      (message) => this.#log.warn(message),
    );
    this.#stopAsked = new Promise((resolve) => {
      this.#askToStop = resolve;
    });
  }

  /**
   * Starts it, and waits until it has.
   *
   * @throws {@link ConfigInvalidError} No handler is registered.
   * @throws {@link DatabaseUnavailableError} PostgreSQL cannot be reached.
   * @throws {@link SchemaMismatchError} The schema is not that of this version.
   */
  start(): Promise<this> {
    this.#started ??= this.#start();
    return this.#started;
  }

  /**
   * Starts it unless it has been, and works until it is asked to stop.
   *
   * @param options - `signal` asks it to stop, as {@link Worker.requestStop} does.
   * @throws {@link TaskerError} as for `start` and `stop`.
   */
  async run({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    const stop = (): void => this.requestStop();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      if (signal?.aborted) stop();
      if (this.#stopped === undefined) await this.start();
      await this.#stopAsked;
      await this.stop();
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** Asks it to stop, without waiting: nothing more is begun, and `run` returns when it has stopped. */
  requestStop(): void {
    // Whoever waits in `run` or `stop` gets what goes wrong.
    this.stop().catch(() => {});
  }

  /**
   * Stops it, and waits until it has. Nothing more is begun, handlers may finish within `execution.shutdown_grace_seconds`,
   * the rest goes back without counting as an attempt. A worker that has stopped does not start again.
   *
   * @throws {@link DatabaseUnavailableError} The database could not be told; the lease will tell it.
   */
  stop(): Promise<void> {
    this.#askToStop();
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** For `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /**
   * What it does at present.
   *
   * @throws {@link InvalidArgumentError} It has not started.
   */
  get status(): WorkerStatus {
    const native = this.#native;
    if (native === undefined) throw invalidArgument('the worker has not started');
    return record(fromJson(at(() => native.status())));
  }

  /** Keeps the process open while it works, as it does unless told otherwise. */
  ref(): this {
    this.#holds = true;
    this.#hold(this.#native !== undefined && !this.#ended);
    return this;
  }

  /** Lets the process end while it works, when there is nothing else to do. */
  unref(): this {
    this.#holds = false;
    this.#hold(false);
    return this;
  }

  #hold(wanted: boolean): void {
    if (wanted === this.#holding) return;
    this.#holding = wanted;
    if (wanted) hold();
    else release();
  }

  async #start(): Promise<this> {
    const { name, version, listen } = this.#options;
    const handlers = this.#registry.names;
    const options = toJson({ handlers, concurrency: this.#concurrency, runtime: 'node', name, version, listen });
    const engine = this.#client._opened();
    const made: NativeWorker[] = [];
    await ask((number) => made.push(engine.startWorker(number, options)));
    this.#native = made[0] as NativeWorker;
    if (this.#holds) this.#hold(true);
    this.#watch.start();
    this.#polling = this.#poll(this.#native);
    void this.#watchCancellations(this.#native);
    return this;
  }

  async #stop(): Promise<void> {
    if (this.#started === undefined) {
      this.#started = Promise.reject(invalidArgument('this worker was stopped: make another one'));
      this.#started.catch(() => {});
      return;
    }
    try {
      await this.#started;
    } catch {
      return; // whoever started it knows
    }
    const native = this.#native as NativeWorker;
    hold();
    try {
      // At once: shutting down begins on a thread of its own, and until then the next poll would bring more.
      at(() => native.stopClaiming());
      await ask((number) => native.shutdown(number));
    } finally {
      this.#ended = true;
      this.#roomMade?.();
      await this.#polling; // the other poll notices within its second, and nobody need wait for that
      this.#watch.stop();
      this.#hold(false);
      release();
    }
  }

  // Polling; and for cancellations once more, since with every slot taken the first waits for one.

  async #poll(native: NativeWorker): Promise<void> {
    for (;;) {
      await this.#room();
      const free = this.#concurrency - this.#running.size;
      const polled = await this.#polled(native, Math.max(free, 1));
      if (polled === undefined) return;
      this.#cancel(polled.cancelled);
      await this.#beginAll(native, polled.invocations);
    }
  }

  async #watchCancellations(native: NativeWorker): Promise<void> {
    for (;;) {
      const polled = await this.#polled(native, 0);
      this.#log.tellOfEngine();
      if (polled === undefined) return;
      this.#cancel(polled.cancelled);
    }
  }

  /** What a poll brought; none once the worker has stopped. Does not throw. */
  async #polled(
    native: NativeWorker,
    most: number,
  ): Promise<{ readonly invocations: Invocation[]; readonly cancelled: Key[] } | undefined> {
    try {
      const text = await ask((number) => native.poll(number, most, POLL_SECONDS), { holds: false });
      return fromJson(text) as { invocations: Invocation[]; cancelled: Key[] };
    } catch (error) {
      if (error instanceof ShuttingDownError || this.#ended) return undefined;
      this.#log.warn('a poll went wrong', error);
      await delay(POLL_SECONDS * 1000, undefined, { ref: false });
      return { invocations: [], cancelled: [] };
    }
  }

  /** Waits until a slot is free. */
  async #room(): Promise<void> {
    while (this.#running.size >= this.#concurrency && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#roomMade = resolve;
      });
    }
  }

  async #beginAll(native: NativeWorker, invocations: readonly Invocation[]): Promise<void> {
    let turnedAt = performance.now();
    for (const invocation of invocations) {
      this.#begin(native, invocation);
      if (performance.now() - turnedAt >= TURN_MS) {
        await nextTurn();
        turnedAt = performance.now();
      }
    }
  }

  #cancel(keys: readonly Key[]): void {
    for (const key of keys) this.#running.get(keyOf(key))?.step._cancel();
  }

  // Running.

  #begin(native: NativeWorker, invocation: Invocation): void {
    const attempt = { step: new Step(invocation, this.#host(native)), handler: invocation.handler };
    const key = keyOf(invocation);
    this.#running.set(key, attempt);
    this.#watch.saw(attempt.handler);
    void this.#play(attempt).then((outcome) => {
      this.#running.delete(key);
      this.#roomMade?.();
      this.#report(native, attempt.step, outcome);
    });
  }

  /** Runs the handler; what came of it. Never throws. */
  async #play({ step, handler }: Attempt): Promise<string> {
    try {
      const run = this.#registry._run(handler);
      if (run === undefined) throw new Error(`this process has no handler '${handler}'`);
      if (!step._hasContext) await step._fetchContext();
      return completed(step, await run(step));
    } catch (error) {
      // Refused where its transaction was committed: the step stays complete. Else it is what went wrong.
      if (step._completedItself) this.#log.warn(`${step} threw after it had completed itself`, error);
      return failed(step, error);
    }
  }

  /** What steps ask for. */
  #host(native: NativeWorker): Host {
    return {
      fetchContext: (taskId) => ask((number) => native.fetchContext(number, taskId)),
      fetchResults: (taskId) => ask((number) => native.fetchResults(number, taskId)),
      session: () => at(() => this.#client._engine.session()),
    };
  }

  #report(native: NativeWorker, step: Step, outcome: string): void {
    try {
      at(() => native.complete(`[${outcome}]`));
    } catch (problem) {
      try {
        native.complete(`[${unreportable(step, problem)}]`);
      } catch {
        // The lease tells the database.
      }
      this.#log.warn(`an outcome could not be reported: ${step}`, problem);
    }
  }
}

function keyOf({ task_id, step_no, claim_no }: Key): string {
  return `${task_id}.${step_no}.${claim_no}`;
}
