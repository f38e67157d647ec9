/** The client. */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { DependencyAnalysis } from './analysis.js';
import type { Asking } from './answers.js';
import { answered, ask, at } from './answers.js';
import type { Connection } from './connections.js';
import { Conversation, written } from './conversation.js';
import { shuttingDown } from './errors.js';
import { args, record } from './names.js';
import type { NativeEngine } from './native.js';
import { native } from './native.js';
import type * as answers from './records.js';
import type * as requests from './requests.js';
import type { JsonObject } from './values.js';
import { fromJson } from './values.js';
import { Workflow } from './workflow.js';

/** How a client finds its database. */
export interface ClientOptions {
  /** A PostgreSQL URL. Else `TASKER_DATABASE_URL`, then `DATABASE_URL`, then a private cluster. */
  readonly databaseUrl?: string | undefined;
  /** The schema of Tasker's tables; else `TASKER_SCHEMA`, else the file's, else `tasker`. */
  readonly schema?: string | undefined;
  /** Blocks of settings as in *tasker.yaml*, with its names; they win over the file and the environment. */
  readonly settings?: object | undefined;
  /** What `pg_stat_activity` shows. */
  readonly applicationName?: string | undefined;
}

/**
 * The engine, as a program holds it: configuration, until it is used.
 *
 * It opens at the first call and never keeps the process open by itself; a call that is waited for does. Every method
 * returns a promise that is rejected with a {@link TaskerError}, with `DatabaseUnavailableError` whenever PostgreSQL cannot
 * be reached, and with `InvalidArgumentError` for arguments that there are not.
 */
export class Client {
  /** @internal */
  readonly _engine: NativeEngine;
  #closed: Promise<void> | undefined;

  /**
   * @param options - How it finds its database.
   * @throws {@link ConfigInvalidError} with everything that is wrong.
   */
  constructor(options: ClientOptions = {}) {
    this._engine = at(() => new native.Engine(written('the options of a client', args(options)), answered));
  }

  /** Closes the connections of this process. The client can be used no more; to close it again does no harm. */
  close(): Promise<void> {
    this.#closed ??= ask((number) => this._engine.close(number)).then(() => {});
    return this.#closed;
  }

  /** For `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * The engine, unless the client was closed.
   *
   * @internal
   */
  _opened(): NativeEngine {
    if (this.#closed !== undefined) throw shuttingDown('this client was closed: make another one');
    return this._engine;
  }

  async #call(verb: string, given: object, asking?: Asking): Promise<unknown> {
    const engine = this._opened();
    const text = written(verb, args(given));
    return fromJson(await ask((number) => engine.call(number, verb, text), asking));
  }

  async #record<T>(verb: string, given: object, asking?: Asking): Promise<T> {
    return record<T>(await this.#call(verb, given, asking));
  }

  /**
   * Creates a task.
   *
   * @param name - The name of the template.
   * @param request - Its namespace, the context, and what else there is to say.
   * @throws {@link UnknownNamedTaskError} No template of that name is registered.
   * @throws {@link InvalidContextError} The context breaks the template's schema.
   * @throws {@link AlreadyExistsError} It is there already, and `onDuplicate` is `reject`.
   */
  createTask(name: string, request: requests.TaskRequest = {}): Promise<answers.Created> {
    return this.#record('create_task', { ...request, name });
  }

  /**
   * Creates many tasks in one transaction: all of them, or none.
   *
   * @throws {@link TaskerError} as for `createTask`; which one is in the message.
   */
  async createTasks(tasks: Iterable<requests.NamedTaskRequest>): Promise<answers.Created[]> {
    return this.#record('create_tasks', { tasks: Array.from(tasks, args) });
  }

  /**
   * Creates a task on a connection of yours, in its transaction: rolled back means never created.
   *
   * @param connection - In a transaction of the engine's database: of `pg`, Knex, Drizzle or Prisma.
   * @param name - The name of the template.
   * @param request - Its namespace, the context, and what else there is to say.
   * @throws {@link ConfigInvalidError} The connection leads to another database than the client's, or has no Tasker.
   * @throws {@link InvalidArgumentError} This is no such connection.
   * @throws {@link TaskerError} as for `createTask`. The transaction is over where PostgreSQL refused the request.
   */
  async createTaskIn(
    connection: Connection,
    name: string,
    request: requests.TaskRequest = {},
  ): Promise<answers.Created> {
    const [created] = await this.createTasksIn(connection, [{ ...request, name }]);
    return created as answers.Created;
  }

  /**
   * Creates many tasks as `createTaskIn` does: all of them, or none.
   *
   * @throws {@link TaskerError} as for `createTaskIn`.
   */
  async createTasksIn(connection: Connection, tasks: Iterable<requests.NamedTaskRequest>): Promise<answers.Created[]> {
    const conversation = new Conversation(
      at(() => this._opened().session()),
      connection,
    );
    // So that the session can tell a connection to another database.
    await this.databaseIdentity();
    return record(await conversation.carryOut('create', { tasks: Array.from(tasks, args) }));
  }

  /**
   * Waits until a task is in one of some states; by default until it has ended, well or badly.
   *
   * @throws {@link WaitTimeoutError} It is not so in time; the message says what the task does instead.
   */
  wait(taskId: string, { signal, ...options }: requests.WaitOptions = {}): Promise<answers.TaskRecord> {
    return this.#record('wait', { taskId, ...options }, { signal });
  }

  /** As `wait`, for the state alone. */
  waitState(taskId: string, { signal, ...options }: requests.WaitOptions = {}): Promise<answers.State> {
    return this.#record('wait_state', { taskId, ...options }, { signal });
  }

  /**
   * A task, with its progress.
   *
   * @throws {@link NotFoundError} There is no such task.
   */
  task(taskId: string): Promise<answers.TaskRecord> {
    return this.#record('task', { taskId });
  }

  /**
   * The state of a task.
   *
   * @throws {@link NotFoundError} There is no such task.
   */
  taskState(taskId: string): Promise<answers.State> {
    return this.#record('task_state', { taskId });
  }

  /**
   * The steps of a task, by number, with inputs and results.
   *
   * @throws {@link NotFoundError} There is no such task.
   */
  steps(taskId: string): Promise<answers.StepRecord[]> {
    return this.#record('steps', { taskId });
  }

  /**
   * A step, by its name or its number.
   *
   * @throws {@link NotFoundError} There is no such task, or no such step.
   */
  step(taskId: string, step: requests.StepSelector): Promise<answers.StepRecord> {
    return this.#record('step', { taskId, step });
  }

  /** Which steps of a task would be claimed now, and why the others would not. */
  readiness(taskId: string): Promise<answers.Readiness[]> {
    return this.#record('readiness', { taskId });
  }

  /**
   * Where a task stands in its graph: what lies on its critical paths, what could run side by side, how far failures reach, and
   * what holds up most.
   *
   * @param weights - What counts how much, where not as in the Rails engine.
   * @throws {@link NotFoundError} There is no such task.
   */
  dependencyAnalysis(taskId: string, weights?: requests.AnalysisWeights): Promise<DependencyAnalysis> {
    return this.#record('dependency_analysis', { taskId, weights });
  }

  /**
   * The trail of a task, or of one of its steps, oldest first.
   *
   * @throws {@link NotFoundError} There is no such task, or no such step.
   */
  transitions(taskId: string, step?: requests.StepSelector): Promise<answers.Transition[]> {
    return this.#record('transitions', { taskId, step });
  }

  /**
   * What operators did where no state moved (paused, resumed, updated, annotated), oldest first: to the task, to its steps, and
   * while it lasted to its namespace, its named task and its handlers. Moves stand in {@link transitions}.
   *
   * @throws {@link NotFoundError} There is no such task.
   */
  operatorActions(taskId: string): Promise<answers.OperatorAction[]> {
    return this.#record('operator_actions', { taskId });
  }

  /**
   * Why a task or a step does not go on: reason, since when, and what has to move first.
   *
   * @throws {@link NotFoundError} There is no such task, or no such step.
   */
  why(taskId: string, step?: requests.StepSelector): Promise<answers.Why[]> {
    return this.#record('why', { taskId, step });
  }

  /** Tasks, newest first. */
  listTasks(filter: requests.TaskFilter = {}): Promise<answers.TaskRecord[]> {
    return this.#record('list_tasks', filter);
  }

  /** The steps of a task, by number, without inputs and results. */
  listSteps(taskId: string, filter: requests.StepFilter = {}): Promise<answers.StepSummary[]> {
    return this.#record('list_steps', { ...filter, taskId });
  }

  /** Processes that execute steps, with what they hold. */
  listWorkers(filter: requests.WorkerFilter = {}): Promise<answers.WorkerRecord[]> {
    return this.#record('list_workers', filter);
  }

  /** Namespaces, by name. */
  listNamespaces(filter: requests.NameFilter = {}): Promise<answers.NamespaceRecord[]> {
    return this.#record('list_namespaces', filter);
  }

  /** Handlers that templates name, by name. */
  listHandlers(filter: requests.NameFilter = {}): Promise<answers.HandlerRecord[]> {
    return this.#record('list_handlers', filter);
  }

  /** The registered named tasks, of one namespace or of all. */
  namedTasks(namespace?: string): Promise<answers.NamedTask[]> {
    return this.#record('named_tasks', { namespace });
  }

  /**
   * A template as it was compiled, with the names that it is stored under; the latest version when none is given.
   *
   * @throws {@link UnknownNamedTaskError} There is none.
   */
  async template(namespace: string, name: string, version?: string): Promise<JsonObject> {
    return (await this.#call('template', { namespace, name, version })) as JsonObject;
  }

  /**
   * Every content that a name ever had, newest version first; those that were replaced, too.
   *
   * @throws {@link UnknownNamedTaskError} There is none.
   */
  templateContents(namespace: string, name: string): Promise<answers.TemplateContent[]> {
    return this.#record('template_contents', { namespace, name });
  }

  /**
   * Registers a template.
   *
   * @param source - The path or `file:` URL of a YAML file, the same as an object, or a {@link Workflow}.
   * @throws {@link InvalidTemplateError} Everything that is wrong with it, with its places.
   */
  async registerTemplate(
    source: string | URL | requests.TemplateObject | Workflow,
    options: requests.RegisterOptions = {},
  ): Promise<answers.Registration> {
    return this.#record('register_template', { ...options, ...(await template(source)) });
  }

  /**
   * Cancels a task and all of its steps that have not ended.
   *
   * @throws {@link IllegalTransitionError} It has ended.
   */
  cancelTask(taskId: string, operator: requests.Operator = {}): Promise<answers.TaskRecord> {
    return this.#record('cancel_task', { ...operator, taskId });
  }

  /**
   * Retries the failed steps of a task.
   *
   * @throws {@link IllegalTransitionError} It has not failed.
   */
  retryTask(taskId: string, operator: requests.Operator = {}): Promise<answers.TaskRecord> {
    return this.#record('retry_task', { ...operator, taskId });
  }

  /**
   * Declares a failed task done.
   *
   * @throws {@link IllegalTransitionError} It has not failed.
   */
  resolveTask(taskId: string, operator: requests.Operator = {}): Promise<answers.TaskRecord> {
    return this.#record('resolve_task', { ...operator, taskId });
  }

  /**
   * Changes the tags, the priority or the reason of a task.
   *
   * @throws {@link NotFoundError} There is no such task.
   */
  updateTask(taskId: string, update: requests.TaskUpdate): Promise<answers.TaskRecord> {
    return this.#record('update_task', { ...update, taskId });
  }

  /**
   * Notes something on a task, to find it by. Each call adds an annotation.
   *
   * @param taskId - The task.
   * @param annotationType - What kind of thing it says, in 1 to 64 characters. It is made at its first use.
   * @param annotation - What it says: whatever JSON can say, but not `null`.
   * @throws {@link NotFoundError} There is no such task.
   * @throws {@link InvalidArgumentError} The type has no or more than 64 characters, or the annotation says nothing.
   */
  annotateTask(taskId: string, annotationType: string, annotation: NonNullable<unknown>): Promise<answers.Annotation> {
    return this.#record('annotate_task', { taskId, annotationType, annotation });
  }

  /**
   * What was noted on a task, oldest first.
   *
   * @throws {@link NotFoundError} There is no such task.
   */
  listAnnotations(taskId: string): Promise<answers.Annotation[]> {
    return this.#record('list_annotations', { taskId });
  }

  /**
   * Cancels a step.
   *
   * @throws {@link IllegalTransitionError} It has ended.
   */
  cancelStep(
    taskId: string,
    step: requests.StepSelector,
    operator: requests.Operator = {},
  ): Promise<answers.StepRecord> {
    return this.#record('cancel_step', { ...operator, taskId, step });
  }

  /**
   * Retries a failed step now: one more attempt, or its whole budget.
   *
   * @throws {@link IllegalTransitionError} It has not failed.
   */
  retryStep(
    taskId: string,
    step: requests.StepSelector,
    options: requests.RetryOptions = {},
  ): Promise<answers.StepRecord> {
    return this.#record('retry_step', { ...options, taskId, step });
  }

  /**
   * Declares a step done.
   *
   * @param results - What its dependents will read; an empty object when left out.
   * @throws {@link IllegalTransitionError} It runs, or has ended.
   */
  resolveStep(
    taskId: string,
    step: requests.StepSelector,
    results?: unknown,
    operator: requests.Operator = {},
  ): Promise<answers.StepRecord> {
    return this.#record('resolve_step', { ...operator, taskId, step, results });
  }

  /**
   * Changes how many attempts a step has, or its inputs.
   *
   * @throws {@link IllegalTransitionError} It has ended.
   */
  updateStep(taskId: string, step: requests.StepSelector, update: requests.StepUpdate): Promise<answers.StepRecord> {
    return this.#record('update_step', { ...update, taskId, step });
  }

  /**
   * Pauses a task, a named task, a namespace or a handler: nothing of it is begun.
   *
   * @throws {@link NotFoundError} There is no such thing.
   */
  async pause(scope: requests.PauseScope, operator: requests.Operator = {}): Promise<void> {
    await this.#call('pause', { ...operator, ...scope });
  }

  /** Ends a pause. */
  async resume(scope: requests.PauseScope, operator: requests.Operator = {}): Promise<void> {
    await this.#call('resume', { ...operator, ...scope });
  }

  /** How many tasks there are; counting ends at `most`, 1,000,000 when left out. */
  countTasks(filter: requests.TaskFilter = {}, { most }: requests.CountOptions = {}): Promise<number> {
    return this.#record('count_tasks', { filter: args(filter), most });
  }

  /** How many steps there are, of all tasks; counting ends at `most`, 1,000,000 when left out. */
  countSteps(search: requests.StepSearch = {}, { most }: requests.CountOptions = {}): Promise<number> {
    return this.#record('count_steps', { filter: args(search), most });
  }

  /** Steps of all tasks, newest tasks first. */
  findSteps(search: requests.StepSearch = {}): Promise<answers.FoundStep[]> {
    return this.#record('find_steps', search);
  }

  /**
   * Does the same with all tasks that a filter lets through, a batch at a time: go on with `after`, until it is `null`.
   *
   * @param filter - Which; `limit` is the size of a batch. Only states that the verb is for, when none are given.
   */
  operateOnTasks(
    verb: requests.BulkVerb,
    filter: requests.TaskFilter = {},
    operator: requests.Operator = {},
  ): Promise<answers.Batch<answers.BulkOutcome, string>> {
    return this.#record('operate_on_tasks', { ...operator, verb, filter: args(filter) });
  }

  /**
   * Does the same with all steps that a search finds, a batch at a time: go on with `after`, until it is `null`.
   *
   * @param search - Which; `limit` is the size of a batch. Only states that the verb is for, when none are given.
   * @param options - Who and why; and for `retry` whether attempts are counted anew, for `resolve` the results, for `update`
   * the limit.
   */
  operateOnSteps(
    verb: requests.StepVerb,
    search: requests.StepSearch = {},
    options: requests.StepVerbOptions = {},
  ): Promise<answers.Batch<answers.StepOutcome, [taskId: string, stepNo: number]>> {
    return this.#record('operate_on_steps', { ...options, verb, filter: args(search) });
  }

  /** Creates the schema in the database, or brings it up to date. */
  migrate(): Promise<answers.MigrationReport> {
    return this.#record('migrate', {});
  }

  /** The version of the schema in the database; `null` where there is none. */
  schemaVersion(): Promise<number | null> {
    return this.#record('schema_version', {});
  }

  /** The URL of the database that this client has found. It may hold a password. */
  database(): Promise<string> {
    return this.#record('database', {});
  }

  /** What tells the database that is used from all others, a copy of it included: the system's identifier and a number. */
  databaseIdentity(): Promise<string> {
    return this.#record('database_identity', {});
  }

  /** The settings in force, with the names of *tasker.yaml*. */
  async settings(): Promise<JsonObject> {
    return (await this.#call('settings', {})) as JsonObject;
  }

  /** Everything that is wrong with the database and the work in it, and what to do. */
  doctor(): Promise<answers.DoctorReport> {
    return this.#record('doctor', {});
  }
}

/**
 * What a template is registered with.
 *
 * @internal
 */
export async function template(source: string | URL | requests.TemplateObject | Workflow): Promise<object> {
  if (source instanceof Workflow) return { template: source.template };
  if (typeof source === 'string' || source instanceof URL) {
    const file = typeof source === 'string' ? source : fileURLToPath(source);
    return { yaml: await readFile(file, 'utf8'), file };
  }
  return { template: source };
}
