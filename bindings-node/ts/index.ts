/**
 * Durable workflows on PostgreSQL, inside your own process.
 *
 * A step is a function, registered by name; a worker calls it; a client creates tasks and looks after them:
 *
 * ```js
 * import { Client, Worker, handler } from 'tasker-engine';
 *
 * handler('charge', async (step) => {
 *   const { total } = await step.results('validate');
 *   return { charged: total };
 * });
 *
 * const client = new Client();
 * const worker = await new Worker(client).start();
 * const { taskId } = await client.createTask('order', { namespace: 'shop', context: { order: 7 } });
 * await client.wait(taskId);
 * await worker.stop();
 * ```
 *
 * @packageDocumentation
 */

export type * from './analysis.js';
export type { ClientOptions } from './client.js';
export { Client } from './client.js';
export type {
  Connection,
  DrizzleTransaction,
  KnexTransaction,
  PgConnection,
  PrismaTransaction,
} from './connections.js';
export type { HandlerErrorOptions, RetryableErrorOptions } from './errors.js';
export {
  AlreadyExistsError,
  AttemptLostError,
  ConfigInvalidError,
  CycleDetectedError,
  DatabaseUnavailableError,
  ForbiddenError,
  HandlerError,
  IdempotencyMismatchError,
  IllegalTransitionError,
  InternalError,
  InvalidArgumentError,
  InvalidContextError,
  InvalidTemplateError,
  NotFoundError,
  PermanentError,
  RetryableError,
  SchemaMismatchError,
  ShuttingDownError,
  TaskerError,
  UnauthenticatedError,
  UnknownHandlerError,
  UnknownNamedTaskError,
  WaitTimeoutError,
} from './errors.js';
export type { HandlerClass, HandlerFunction, HandlerOptions } from './handlers.js';
export { handler, Registry, registry } from './handlers.js';
export type { Logger } from './logs.js';
export { VERSION } from './native.js';
export type * from './records.js';
export type * from './requests.js';
export { scan } from './scan.js';
export type { Output, StandardSchema } from './schema.js';
export type { Sequence, Step, StepRef, TaskOfStep } from './step.js';
export type { Json, JsonObject } from './values.js';
export type { WorkerOptions } from './worker.js';
export { Worker } from './worker.js';
export type { RetryPolicy, StepOptions, WorkflowBuilder, WorkflowOptions } from './workflow.js';
export { Workflow, workflow } from './workflow.js';
