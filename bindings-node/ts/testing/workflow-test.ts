/** Tests of workflows. */

import { template } from '../client.js';
import type { Connection } from '../connections.js';
import type { Registry } from '../handlers.js';
import { registry as defaultRegistry } from '../handlers.js';
import { args, record } from '../names.js';
import type { Created, Registration } from '../records.js';
import type { RetryOptions, TaskRequest, TemplateObject } from '../requests.js';
import type { Workflow } from '../workflow.js';
import { Fault } from './fault.js';
import type { ToldReport, VariantReport } from './reports.js';
import { CrashReport, TestReport } from './reports.js';
import type { Check } from './stage.js';
import { Stage } from './stage.js';

/** How workflows are tested. */
export interface WorkflowTestOptions {
  /** The handlers; those that `handler` registered when left out. */
  readonly registry?: Registry | undefined;
  /** The schema of Tasker's tables; `tasker` when left out. */
  readonly schema?: string | undefined;
  /** Blocks of settings as in *tasker.yaml*, with its names. Without a word on it the backoff has no jitter. */
  readonly settings?: object | undefined;
}

/** How to look for points at which a process must not die. */
export interface CrashOptions {
  /** Assertions of yours after each run, about the outside world and about what stands in the database. */
  readonly check?: Check | undefined;
  /** Steps whose results contain a time, a random id or the attempt. */
  readonly mayDiffer?: Iterable<string> | undefined;
}

/** What an operator does. */
type Operation = { readonly verb: string; readonly [more: string]: unknown };

/**
 * Workflows under test, on one connection and in one transaction: roll it back, and nothing is left.
 *
 * The clock of the transaction stands still but for what moves it: {@link WorkflowTest.advance},
 * {@link WorkflowTest.runToEnd}, and faults that take time. Attempts run one after another on the event loop of the test, in
 * the order of priority, time and step. One command after another: await each.
 */
export class WorkflowTest {
  readonly #stage: Stage;
  readonly #registry: Registry;
  #now: string | undefined;

  /**
   * Looks at the connection. The test begins with its first command.
   *
   * @param connection - In a transaction, on a database with Tasker's schema: of `pg`, Knex, Drizzle or Prisma.
   * @param options - The handlers, and how the engine is set.
   * @throws {@link InvalidArgumentError} This is no such connection. The first command throws it, too, where the connection
   * is in no transaction; and {@link SchemaMismatchError} where its database has no Tasker that this version can use.
   */
  constructor(connection: Connection, options: WorkflowTestOptions = {}) {
    const { registry = defaultRegistry, schema = 'tasker', settings = {} } = options;
    this.#registry = registry;
    this.#stage = new Stage(connection, registry, { schema, settings });
  }

  /** The time of the test, in RFC 3339; none before the first command. */
  get now(): string | undefined {
    return this.#now;
  }

  /**
   * Registers a template inside the transaction; it is then the content of its version, whatever was.
   *
   * @param source - The path or `file:` URL of a YAML file, the same as an object, or a {@link Workflow}.
   * @throws {@link InvalidTemplateError} Everything that is wrong with it, with its places.
   */
  async register(source: string | URL | TemplateObject | Workflow): Promise<Registration['registered']> {
    const given = { ...(await template(source)), force: true };
    return (await this.#carryOut<{ registered: Registration['registered'] }>('register', given)).registered;
  }

  /**
   * Creates a task inside the transaction, as `createTask` of a client does.
   *
   * @throws {@link TaskerError} as `createTask` of a client does.
   */
  async create(name: string, request: TaskRequest = {}): Promise<Created> {
    const { created } = await this.#carryOut<{ created: object }>('create', { request: args({ ...request, name }) });
    return record(created);
  }

  /**
   * Creates a task and runs it to its end: `create`, then `runToEnd`.
   *
   * @throws {@link TaskerError} as for these.
   */
  async run(name: string, request: TaskRequest = {}): Promise<TestReport> {
    const { taskId } = await this.create(name, request);
    return this.runToEnd(taskId);
  }

  /**
   * Runs a task until nothing of it is ready or due any more. Waits between attempts take no time.
   *
   * @throws {@link UnknownHandlerError} A step that may still run has no handler here.
   * @throws {@link NotFoundError} The transaction sees no such task.
   * @throws {@link InvalidArgumentError} A fault names a step that no task of the test has.
   */
  runToEnd(taskId: string): Promise<TestReport> {
    return this.#run(taskId, 'end');
  }

  /**
   * Runs a task until nothing of it is ready at this instant.
   *
   * @throws {@link TaskerError} as for `runToEnd`.
   */
  runUntilIdle(taskId: string): Promise<TestReport> {
    return this.#run(taskId, 'idle');
  }

  /**
   * Runs one attempt of a task, if one is ready now.
   *
   * @throws {@link TaskerError} as for `runToEnd`.
   */
  runOne(taskId: string): Promise<TestReport> {
    return this.#run(taskId, 'one');
  }

  /**
   * What has become of a task so far.
   *
   * @throws {@link NotFoundError} The transaction sees no such task.
   */
  report(taskId: string): Promise<TestReport> {
    return this.#reported('report', { taskId });
  }

  /**
   * Moves the clock, of this transaction only. Returns the time, in RFC 3339.
   *
   * @throws {@link InvalidArgumentError} It would move backwards, or beyond the end of time.
   */
  async advance(seconds: number): Promise<string> {
    const { now } = await this.#carryOut<{ now: string }>('advance', { seconds });
    this.#now = now;
    return now;
  }

  /**
   * Does what an operator would: cancels the task.
   *
   * @throws {@link IllegalTransitionError} It has ended. The test goes on as if nothing had been asked.
   */
  cancelTask(taskId: string): Promise<TestReport> {
    return this.#operate(taskId, { verb: 'cancel_task' });
  }

  /**
   * Tries again what failed for good in the task.
   *
   * @throws {@link IllegalTransitionError} It has not failed.
   */
  retryTask(taskId: string): Promise<TestReport> {
    return this.#operate(taskId, { verb: 'retry_task' });
  }

  /**
   * Declares the task done.
   *
   * @throws {@link IllegalTransitionError} It has not failed.
   */
  resolveTask(taskId: string): Promise<TestReport> {
    return this.#operate(taskId, { verb: 'resolve_task' });
  }

  /** Lets nothing of the task be claimed. */
  pauseTask(taskId: string): Promise<TestReport> {
    return this.#operate(taskId, { verb: 'pause_task' });
  }

  /** Lets the task go on. */
  resumeTask(taskId: string): Promise<TestReport> {
    return this.#operate(taskId, { verb: 'resume_task' });
  }

  /**
   * Cancels a step.
   *
   * @throws {@link IllegalTransitionError} It has ended.
   */
  cancelStep(taskId: string, step: string): Promise<TestReport> {
    return this.#operate(taskId, { verb: 'cancel_step', step });
  }

  /**
   * Tries a failed step again: one more attempt, or its whole budget.
   *
   * @throws {@link IllegalTransitionError} It has not failed.
   */
  retryStep(
    taskId: string,
    step: string,
    { resetAttempts = false }: Pick<RetryOptions, 'resetAttempts'> = {},
  ): Promise<TestReport> {
    return this.#operate(taskId, { verb: 'retry_step', step, reset_attempts: resetAttempts });
  }

  /**
   * Declares a step done, with the results that its dependents will read.
   *
   * @throws {@link IllegalTransitionError} It runs, or has ended.
   */
  resolveStep(taskId: string, step: string, results: unknown = null): Promise<TestReport> {
    return this.#operate(taskId, { verb: 'resolve_step', step, results });
  }

  /** Begins to inject a fault into a step: `await test.fault('charge').onAttempt(1).retryable('503')`. */
  fault(step: string): Fault {
    return new Fault((fault) => this.#carryOut('inject', { fault }), { step });
  }

  /** Takes all faults back. */
  async clearFaults(): Promise<void> {
    await this.#carryOut('clear_faults');
  }

  /**
   * Runs the workflow once for each point at which its process could die: is it right if it dies anywhere?
   *
   * Each run is rolled back to where it began. It has to end as it did undisturbed: the same state, the same states of its
   * steps, the same results. What is wrong with the workflow is in the report.
   *
   * @param name - The name of the template.
   * @param request - As for `create`.
   * @param options - Assertions of yours, and steps whose results may differ.
   * @throws {@link TaskerError} as for `run`.
   */
  async crashEverywhere(name: string, request: TaskRequest = {}, options: CrashOptions = {}): Promise<CrashReport> {
    await this.#knowHandlers();
    this.#stage.check = options.check;
    try {
      const { report } = await this.#carryOut<{ report: { variants: VariantReport[] } }>('crash_everywhere', {
        request: args({ ...request, name }),
        mayDiffer: Array.from(options.mayDiffer ?? []),
      });
      return new CrashReport(report.variants);
    } finally {
      this.#stage.check = undefined;
    }
  }

  async #run(taskId: string, until: 'end' | 'idle' | 'one'): Promise<TestReport> {
    await this.#knowHandlers();
    return this.#reported('run', { taskId, until });
  }

  #operate(taskId: string, operation: Operation): Promise<TestReport> {
    return this.#reported('operate', { taskId, operation, operator: { by: 'the test' } });
  }

  async #knowHandlers(): Promise<void> {
    await this.#carryOut('handlers', { names: this.#registry.names });
  }

  async #reported(command: string, given: object): Promise<TestReport> {
    const { report } = await this.#carryOut<{ report: ToldReport }>(command, given);
    this.#now = report.now;
    return new TestReport(report);
  }

  async #carryOut<Answer>(command: string, given: object = {}): Promise<Answer> {
    this.#now ??= await this.#stage.open();
    return this.#stage.carryOut(command, args(given));
  }
}
