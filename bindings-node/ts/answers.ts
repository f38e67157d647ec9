/** Asking the native half: each question has a number, and its answer comes to `answered`, whoever it is of. */

import { errorOf, thrownBy } from './errors.js';
import { hold, release } from './hold.js';

interface Answer {
  readonly error: string | null;
  readonly text: string | null;
}

const open = new Map<number, (answer: Answer) => void>();
let last = 0;

/** Given to the native half; called on this thread with every answer. Must not throw. */
export function answered(number: number, error: string | null, text: string | null): void {
  const settle = open.get(number);
  open.delete(number); // the answer to a question that was given up is for nobody
  settle?.({ error, text });
}

/** How to ask. */
export interface Asking {
  /** Whether the process stays open for the answer; it does unless told otherwise. */
  readonly holds?: boolean;
  /** Gives up waiting, with its reason. What was asked for goes on. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks, and waits for the answer: JSON.
 *
 * @param start - Asks the native half, under the number that it is given.
 * @throws {@link TaskerError}, made here so that its stack shows who asked.
 */
export async function ask(start: (number: number) => void, { holds = true, signal }: Asking = {}): Promise<string> {
  signal?.throwIfAborted();
  last = (last + 1) >>> 0;
  const number = last;
  let giveUp: (() => void) | undefined;
  const answer = new Promise<Answer>((resolve, reject) => {
    open.set(number, resolve);
    if (signal !== undefined) {
      giveUp = () => reject(signal.reason);
      signal.addEventListener('abort', giveUp, { once: true });
    }
  });
  if (holds) hold();
  try {
    try {
      start(number);
    } catch (error) {
      throw thrownBy(error);
    }
    const { error, text } = await answer;
    if (error !== null) throw errorOf(error);
    return text ?? 'null';
  } finally {
    open.delete(number);
    if (holds) release();
    if (giveUp !== undefined) signal?.removeEventListener('abort', giveUp);
  }
}

/** Does something with the native half that does not wait. */
export function at<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw thrownBy(error);
  }
}
