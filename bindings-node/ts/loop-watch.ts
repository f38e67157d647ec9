/** Looks out for handlers that keep the event loop from turning. */

const TICK_MS = 500;
/** How late a tick has to be. */
const BLOCKED_MS = 1000;
/** No warning sooner after the one before. */
const QUIET_MS = 60_000;

/** Warns, with the names of handlers, when the event loop has stood still. */
export class LoopWatch {
  readonly #running: () => Iterable<string>;
  readonly #warn: (message: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #seen = new Set<string>();
  #tickedAt = 0;
  #warnedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param running - The handlers that run at present.
   * @param warn - Takes the warning.
   */
  constructor(running: () => Iterable<string>, warn: (message: string) => void) {
    this.#running = running;
    this.#warn = warn;
  }

  /** Begins to look, without keeping the process open. */
  start(): void {
    this.#tickedAt = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A handler begins: one that blocks may have ended before the next tick. */
  saw(handler: string): void {
    this.#seen.add(handler);
  }

  #tick(): void {
    const now = performance.now();
    const late = now - this.#tickedAt - TICK_MS;
    if (late >= BLOCKED_MS && now - this.#warnedAt >= QUIET_MS && this.#seen.size > 0) {
      this.#warnedAt = now;
      this.#warn(
        `the event loop stood still for ${(late / 1000).toFixed(1)} s while these handlers ran: ` +
          `${[...this.#seen].join(', ')}. Heartbeats went on, and nothing else in this process did: move long ` +
          'computations to a worker thread',
      );
    }
    this.#tickedAt = now;
    this.#seen = new Set(this.#running());
  }
}
