/** One request and its answer, on their way: the engine says what it needs, and the host's server does it. */

import { isUtf8 } from 'node:buffer';
import { ask, at } from '../answers.js';
import type { NativeExchange } from '../native.js';

/** The body of a request: more of it, or `undefined` at its end. It is asked when more is wanted, once at a time. */
export type Source = () => Promise<Uint8Array | undefined>;

/** Decides what the engine asks, the members of a question as it has them. */
export type Decide = (questions: readonly object[]) => Promise<boolean[]>;

/** Status and headers of an answer. Their values are bytes, one a character, as Node has them. */
export interface Head {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

type Event =
  | { readonly event: 'read' | 'chunk' | 'end' }
  | { readonly event: 'decide'; readonly asked: { readonly number: number; readonly questions: object[] } }
  | { readonly event: 'head'; readonly head: Head }
  | { readonly event: 'broken'; readonly why: string };

/** One request and its answer. */
export class Exchange {
  readonly #native: NativeExchange;
  readonly #source: Source;
  readonly #decide: Decide;

  /** @param gone - The client has gone away: the request is given up. */
  constructor(native: NativeExchange, source: Source, decide: Decide, gone: AbortSignal) {
    this.#native = native;
    this.#source = source;
    this.#decide = decide;
    if (gone.aborted) native.cancel();
    else gone.addEventListener('abort', () => native.cancel(), { once: true });
  }

  /** How the answer begins. */
  async head(): Promise<Head> {
    const event = await this.#next();
    if (event.event !== 'head') throw new Error(`an answer does not begin with '${event.event}'`);
    const { status, headers } = event.head;
    return { status, headers: headers.map(([name, value]) => [name, Buffer.from(value, 'utf8').toString('latin1')]) };
  }

  /** More of the body of the answer, or `undefined` at its end. */
  async chunk(): Promise<Uint8Array | undefined> {
    const event = await this.#next();
    if (event.event === 'chunk') return this.#native.takeChunk();
    if (event.event === 'end') return undefined;
    throw new Error(event.event === 'broken' ? event.why : `'${event.event}' is no part of a body`);
  }

  async #next(): Promise<Event> {
    for (;;) {
      const event = JSON.parse(await ask((number) => this.#native.next(number))) as Event;
      // The answer may go on while the rest of the request is waited for.
      if (event.event === 'read') void this.#feed();
      else if (event.event === 'decide') await this.#answer(event.asked.number, event.asked.questions);
      else return event;
    }
  }

  async #feed(): Promise<void> {
    try {
      const bytes = await this.#source();
      if (bytes === undefined) this.#native.finish();
      else at(() => this.#native.write(bytes));
    } catch {
      // Half a request is none.
      this.#native.cancel();
    }
  }

  async #answer(number: number, questions: readonly object[]): Promise<void> {
    try {
      this.#native.decide(number, await this.#decide(questions));
    } catch (error) {
      this.#native.cannotDecide(number, String(error));
    }
  }
}

/** The value of a header, of which Node has one byte in each character: as text, or its bytes where they are no UTF-8. */
export function headerValue(value: string): string | number[] {
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : [...bytes];
}
