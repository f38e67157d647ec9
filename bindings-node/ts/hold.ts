/**
 * Whether the process stays open. What waits in the engine's threads does not keep Node's event loop alive by itself: it is
 * held here while somebody waits for an answer, or a worker works.
 */

// The longest interval that there is: a timer that does nothing is the cheapest thing that holds an event loop.
const LONGEST_MS = 2 ** 31 - 1;

let timer: NodeJS.Timeout | undefined;
let holders = 0;

/** Keeps the process open until `release`. */
export function hold(): void {
  holders += 1;
  if (holders === 1) {
    timer ??= setInterval(() => undefined, LONGEST_MS);
    timer.ref();
  }
}

/** Ends one `hold`. */
export function release(): void {
  holders -= 1;
  if (holders === 0) {
    timer?.unref();
  }
}
