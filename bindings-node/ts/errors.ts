/** What can go wrong: in the engine (`TaskerError` and below), and in a handler (`RetryableError`, `PermanentError`). */

import { types } from 'node:util';
import type { Json } from './values.js';

/** What the engine says about an error. */
interface About {
  /** The kind, in snake case; the same in every language. */
  readonly kind: string;
  /** The number of the kind; the same in every language. */
  readonly code: number;
  readonly retry: boolean;
  readonly details: Json;
}

/** Something went wrong in the engine, or it refused a call. */
export class TaskerError extends Error {
  /** The kind of error, in snake case; the same in every language. */
  readonly kind: string;
  /** The kind in capitals, as Node's own errors have it: `NOT_FOUND`. */
  readonly code: string;
  /** The number of the kind; the same in every language. */
  readonly number: number;
  /** Whether the very same call may succeed later. */
  readonly retry: boolean;
  /** For programs; `null` where there is nothing to add. */
  readonly details: Json;

  /** @internal */
  constructor(message: string, about: About = { kind: 'internal', code: 9001, retry: false, details: null }) {
    super(message);
    this.kind = about.kind;
    this.code = about.kind.toUpperCase();
    this.number = about.code;
    this.retry = about.retry;
    this.details = about.details;
  }
}

/** An argument is missing, of the wrong shape, or out of range. */
export class InvalidArgumentError extends TaskerError {}

/** A template does not parse, or breaks a rule; `details` lists every problem with its place. */
export class InvalidTemplateError extends TaskerError {}

/** The steps of a template wait for each other in a circle. */
export class CycleDetectedError extends InvalidTemplateError {}

/** No template of that namespace, name and version is registered. */
export class UnknownNamedTaskError extends TaskerError {}

/** A worker was given work whose handler it does not have. */
export class UnknownHandlerError extends TaskerError {}

/** The context of a task breaks the schema of its template; `details` lists every mistake. */
export class InvalidContextError extends TaskerError {}

/** A setting is unknown, of the wrong type, or contradicts another. */
export class ConfigInvalidError extends TaskerError {}

/** What was named does not exist. */
export class NotFoundError extends TaskerError {}

/** It exists already, and the caller asked for that to be an error. */
export class AlreadyExistsError extends TaskerError {}

/** An idempotency key was used before, with other content. */
export class IdempotencyMismatchError extends AlreadyExistsError {}

/** The state of the task or step does not allow this. */
export class IllegalTransitionError extends TaskerError {}

/** The attempt is over: taken over, cancelled or resolved meanwhile. Roll back. */
export class AttemptLostError extends TaskerError {}

/** The caller did not say who it is. */
export class UnauthenticatedError extends TaskerError {}

/** The caller, or the database user, may not do this. */
export class ForbiddenError extends TaskerError {}

/** PostgreSQL cannot be reached, or went away. */
export class DatabaseUnavailableError extends TaskerError {}

/** Something took longer than it was allowed to. */
export class WaitTimeoutError extends TaskerError {}

/** The schema in the database is not the one that this version needs: `tasker migrate`. */
export class SchemaMismatchError extends TaskerError {}

/** The client was closed or the worker was asked to stop, and takes no more work. */
export class ShuttingDownError extends TaskerError {}

/** A defect of Tasker. Please report it. */
export class InternalError extends TaskerError {}

/** What else a handler may say about its failure. */
export interface HandlerErrorOptions {
  /** A code for programs. */
  readonly errorCode?: string | undefined;
  /** Anything else worth keeping, as JSON can say it. */
  readonly details?: object | undefined;
  /** What caused it; its stack is kept, too. */
  readonly cause?: unknown;
}

/** What else a handler may say about a failure that may pass. */
export interface RetryableErrorOptions extends HandlerErrorOptions {
  /** When to come back, in seconds from now; otherwise the step's own backoff decides. */
  readonly retryAfter?: number | undefined;
}

/** What a handler throws to say more than that it failed. Use one of its two kinds. */
export abstract class HandlerError extends Error {
  /** Whether the step may be tried again. */
  abstract readonly retryable: boolean;
  /** A code for programs. */
  readonly errorCode: string | undefined;
  /** Anything else worth keeping. */
  readonly details: object | undefined;

  /** @internal */
  constructor(message: string, { errorCode, details, ...standard }: HandlerErrorOptions) {
    super(message, standard);
    this.errorCode = errorCode;
    this.details = details;
  }
}

/** The attempt failed; the next one may succeed. */
export class RetryableError extends HandlerError {
  readonly retryable = true;
  /** When to come back, in seconds from now. */
  readonly retryAfter: number | undefined;

  /**
   * @param message - What went wrong, for people.
   * @param options - When to come back, and what else there is to say.
   */
  constructor(message = '', { retryAfter, ...options }: RetryableErrorOptions = {}) {
    super(message, options);
    this.retryAfter = retryAfter;
  }
}

/** The step failed for good: no further attempt is made. */
export class PermanentError extends HandlerError {
  readonly retryable = false;

  /**
   * @param message - What went wrong, for people.
   * @param options - What else there is to say.
   */
  constructor(message = '', options: HandlerErrorOptions = {}) {
    super(message, options);
  }
}

const ofEngine = {
  TaskerError,
  InvalidArgumentError,
  InvalidTemplateError,
  CycleDetectedError,
  UnknownNamedTaskError,
  UnknownHandlerError,
  InvalidContextError,
  ConfigInvalidError,
  NotFoundError,
  AlreadyExistsError,
  IdempotencyMismatchError,
  IllegalTransitionError,
  AttemptLostError,
  UnauthenticatedError,
  ForbiddenError,
  DatabaseUnavailableError,
  WaitTimeoutError,
  SchemaMismatchError,
  ShuttingDownError,
  InternalError,
};

// On the prototypes, as the classes of the language have it.
for (const [name, type] of Object.entries({ ...ofEngine, HandlerError, RetryableError, PermanentError })) {
  Object.defineProperty(type.prototype, 'name', { value: name, configurable: true, writable: true });
}

/**
 * The error for what the native half says about one: the text of a JSON object.
 *
 * @internal
 */
export function errorOf(text: string): TaskerError {
  const { class: name, message, ...about } = JSON.parse(text) as About & { class: string; message: string };
  const found = Object.hasOwn(ofEngine, name) ? ofEngine[name as keyof typeof ofEngine] : TaskerError;
  return new found(message, about);
}

/**
 * The error for what the native half threw: its message is such a text, unless it is an error of Node's own.
 *
 * @internal
 */
export function thrownBy(thrown: unknown): unknown {
  // Not by instanceof: under Jest the native half has another class Error than the package.
  if (types.isNativeError(thrown) && thrown.message.startsWith('{"')) {
    try {
      return errorOf(thrown.message);
    } catch {
      return thrown;
    }
  }
  return thrown;
}

/**
 * @internal
 */
export function invalidArgument(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { kind: 'invalid_argument', code: 1001, retry: false, details: null });
}

/**
 * @internal
 */
export function shuttingDown(message: string): ShuttingDownError {
  return new ShuttingDownError(message, { kind: 'shutting_down', code: 3004, retry: false, details: null });
}

/**
 * @internal
 */
export function notFound(message: string): NotFoundError {
  return new NotFoundError(message, { kind: 'not_found', code: 2001, retry: false, details: null });
}
