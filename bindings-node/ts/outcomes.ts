/** What came of an attempt, as the engine takes it. */

import { inspect, types } from 'node:util';
import type { RetryableError } from './errors.js';
import { HandlerError } from './errors.js';
import type { Step } from './step.js';
import { NotSerializableError, toJson } from './values.js';

/** Which attempt it is. */
type Key = Pick<Step, 'taskId' | 'stepNo' | 'claimNo'>;

interface Failure {
  readonly message: string;
  readonly error_class: string;
  readonly error_code?: string | undefined;
  readonly backtrace?: string | undefined;
  readonly retryable: boolean;
  readonly retry_after?: number | undefined;
}

/** Of how many causes the stacks are kept. */
const MAX_CAUSES = 8;
/** An outcome lies in an array and an object, and its reader goes no deeper than 128 levels in all. */
const DETAILS = { wellFormed: true, depth: 120 };

/** The handler returned. What JSON cannot say is a failure for good, with its place. */
export function completed(step: Step, results: unknown): string {
  if (step._completedItself) return `{${keyOf(step)},"outcome":"completed_elsewhere"}`;
  let text: string;
  try {
    text = toJson(results);
  } catch (error) {
    return error instanceof NotSerializableError ? unstorable(step, error) : failed(step, error);
  }
  return `{${keyOf(step)},"outcome":"completed","results":${text}}`;
}

/** The handler threw, whatever it was: what is none of Tasker's own errors may be tried again. Never throws. */
export function failed(step: Key, error: unknown): string {
  return outcome(step, failureOf(error));
}

/** The failure that something thrown is, as JSON. Never throws. */
export function failureOf(error: unknown): string {
  const failure: Failure = {
    message: said(error),
    error_class: classOf(error),
    backtrace: stackOf(error),
    retryable: true,
  };
  if (!isHandlerError(error)) return failureText(failure);
  const told: Failure = {
    ...failure,
    retryable: attempt(() => error.retryable !== false, true),
    retry_after: attempt(() => seconds((error as RetryableError).retryAfter), undefined),
    error_code: attempt(() => optionalText(error.errorCode), undefined),
  };
  const details = attempt(() => error.details, undefined);
  return failureText(told, details === undefined ? undefined : storable(details));
}

/** The engine does not take what came of the attempt: a failure that says so, and may be tried again. */
export function unreportable(step: Key, problem: unknown): string {
  const message = `what came of the attempt could not be reported: ${said(problem)}`;
  return outcome(step, failureText({ message, error_class: classOf(problem), retryable: true }));
}

function unstorable(step: Key, { message, pointer, cause }: NotSerializableError): string {
  const failure: Failure = {
    message: `the result of the handler cannot be stored: ${message}${cause === undefined ? '' : `: ${said(cause)}`}`,
    error_class: 'NotSerializableError',
    error_code: 'result_not_serializable',
    backtrace: stackOf(cause),
    retryable: false,
  };
  return outcome(step, failureText(failure, toJson({ pointer }, DETAILS)));
}

/** `failure` is JSON already. */
function outcome(step: Key, failure: string): string {
  return `{${keyOf(step)},"outcome":"failed",${failure.slice(1)}`;
}

/** `details` is JSON already. */
function failureText(failure: Failure, details = 'null'): string {
  const members = toJson(failure, { wellFormed: true });
  return `{"details":${details},${members.slice(1)}`;
}

function keyOf({ taskId, stepNo, claimNo }: Key): string {
  return `"task_id":"${taskId}","step_no":${stepNo},"claim_no":${claimNo}`;
}

/** What reading something of the user's gives; where that throws, as a getter may, what is given instead. */
function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

function isHandlerError(error: unknown): error is HandlerError {
  return attempt(() => error instanceof HandlerError, false);
}

function isError(error: unknown): error is Error {
  return types.isNativeError(error) || attempt(() => error instanceof Error, false);
}

/** The message; what cannot be read still has a class. */
export function said(error: unknown): string {
  const message = attempt(() => {
    if (isError(error)) return String(error.message);
    return typeof error === 'string' ? error : inspect(error, { depth: 2 });
  }, undefined);
  if (message === undefined) return `${classOf(error)}, whose message cannot be read`;
  return message === '' ? classOf(error) : message;
}

/** The class: the name that the error gives itself, else that of what made it. */
function classOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return error === null ? 'null' : typeof error;
  const own = attempt(() => (error as Error).name, undefined);
  if (isError(error) && typeof own === 'string' && own !== '' && own !== 'Error') return own;
  const made = attempt(() => error.constructor?.name, undefined);
  return typeof made === 'string' && made !== '' ? made : 'Object';
}

/** The stack, and those of what caused it. */
function stackOf(error: unknown): string | undefined {
  const stacks: string[] = [];
  let at: unknown = error;
  while (isError(at) && stacks.length < MAX_CAUSES) {
    const of = at;
    stacks.push(attempt(() => String(of.stack ?? ''), ''));
    at = attempt(() => of.cause, undefined);
  }
  return stacks.length === 0 ? undefined : stacks.join('\ncaused by: ');
}

/** A number of seconds; what is none is left out, and the step's own backoff decides. */
function seconds(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function optionalText(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : String(value);
}

/** The details as JSON; where JSON cannot say them, what people would see. */
function storable(details: unknown): string {
  try {
    return toJson(details, DETAILS);
  } catch {
    const seen = attempt(() => inspect(details, { depth: 4 }), 'cannot be read');
    return toJson({ unserializable: seen }, DETAILS);
  }
}
