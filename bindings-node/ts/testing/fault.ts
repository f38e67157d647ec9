/** Failures that a test injects, as sentences: `await test.fault('charge').onAttempt(1).retryable('503')`. */

import type { HandlerErrorOptions, RetryableErrorOptions } from '../errors.js';
import { args } from '../names.js';
import { failureOf } from '../outcomes.js';
import { fromJson } from '../values.js';

/** What else a failure says. */
export type FaultOptions = Omit<HandlerErrorOptions, 'cause'>;

/** What else a failure that may pass says. */
export type RetryableFaultOptions = Omit<RetryableErrorOptions, 'cause'>;

/**
 * A fault on its way. The last word of the sentence injects it: await that.
 *
 * Where several strike the same attempt, the one injected last does.
 */
export class Fault {
  readonly #inject: (fault: object) => Promise<void>;
  readonly #fault: { readonly step: string; readonly attempt?: number; readonly when?: 'after' };

  /** @internal */
  constructor(
    inject: (fault: object) => Promise<void>,
    fault: { readonly step: string; readonly attempt?: number; readonly when?: 'after' },
  ) {
    this.#inject = inject;
    this.#fault = fault;
  }

  /** Strikes this attempt only, from 1; otherwise every one. */
  onAttempt(attempt: number): Fault {
    return new Fault(this.#inject, { ...this.#fault, attempt });
  }

  /** Strikes after the handler has run, so that its work is done and what it said is lost. Otherwise it does not run. */
  afterTheHandler(): Fault {
    return new Fault(this.#inject, { ...this.#fault, when: 'after' });
  }

  /** The attempt fails and may be tried again; `retryAfter` in seconds. */
  retryable(message: string, options: RetryableFaultOptions = {}): Promise<void> {
    return this.#fails({ message, errorClass: 'RetryableError', retryable: true, ...options });
  }

  /** The attempt fails for good. */
  permanent(message: string, options: FaultOptions = {}): Promise<void> {
    return this.#fails({ message, errorClass: 'PermanentError', retryable: false, ...options });
  }

  /** The attempt fails as if the handler had thrown this. */
  throws(error: unknown): Promise<void> {
    return this.#end('fails', { failure: fromJson(failureOf(error)) });
  }

  /** The handler runs; the clock moves by the step's timeout. */
  timesOut(): Promise<void> {
    return this.afterTheHandler().#end('timeout');
  }

  /** The handler runs and the clock moves by so many seconds; longer than its timeout is a timeout. */
  takes(seconds: number): Promise<void> {
    return this.#end('takes', { seconds });
  }

  /** The handler runs and returns what cannot be stored. */
  returnsNoJson(): Promise<void> {
    return this.afterTheHandler().#end('not_json');
  }

  /** The process dies; the clock moves on until its lease is over and another one has taken its steps back. */
  losesItsWorker(): Promise<void> {
    return this.#end('worker_lost');
  }

  #fails(failure: object): Promise<void> {
    return this.#end('fails', { failure: args(failure) });
  }

  #end(fault: string, more: object = {}): Promise<void> {
    return this.#inject({ ...this.#fault, fault, ...more });
  }
}
