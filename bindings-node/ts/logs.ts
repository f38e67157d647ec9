/** What the engine and its workers have to say, for the log of the program. */

import { native } from './native.js';
import type { JsonObject } from './values.js';
import { fromJson } from './values.js';

/** Takes what a worker and the engine under it have to say. `console` is one, and so are those of Pino and Winston. */
export interface Logger {
  error(message: string, error?: unknown): void;
  warn(message: string, error?: unknown): void;
  info(message: string): void;
}

interface LogRecord {
  readonly level: 'error' | 'warn' | 'info' | 'debug' | 'trace';
  readonly target: string;
  readonly message: string;
  readonly fields: JsonObject;
}

/** Where nobody gave another one: warnings of the process, and nothing else. A library does not write to its output. */
const ofProcess: Logger = {
  error: emitWarning,
  warn: emitWarning,
  info() {
    // Nobody asked.
  },
};

function emitWarning(message: string, error?: unknown): void {
  const detail = error instanceof Error ? (error.stack ?? error.message) : '';
  process.emitWarning(message, { type: 'TaskerWarning', detail });
}

/** A log that never throws: one that fails must not end a worker. */
export class Log {
  readonly #logger: Logger;

  /** @param logger - Where to; warnings of the process when left out. */
  constructor(logger: Logger = ofProcess) {
    this.#logger = logger;
  }

  /** Something is wrong with what the program does, or what it works on. */
  warn(message: string, error?: unknown): void {
    this.#say('warn', `tasker: ${message}`, error);
  }

  /** Something of the program has failed, and what it was to do is not done. */
  error(message: string, error: unknown): void {
    this.#say('error', `tasker: ${message}`, error);
  }

  /** Tells what the engine of this process has said since the last time. */
  tellOfEngine(): void {
    const text = native.takeLogs();
    if (text === '') return;
    for (const { level, target, message, fields } of fromJson(text) as LogRecord[]) {
      if (level === 'debug' || level === 'trace') continue;
      const more = Object.entries(fields).map(([name, value]) => ` ${name}=${String(value)}`);
      this.#say(level, `${target}: ${message}${more.join('')}`);
    }
  }

  #say(level: 'error' | 'warn' | 'info', message: string, error?: unknown): void {
    try {
      if (error === undefined) this.#logger[level](message);
      else this.#logger[level](message, error);
    } catch (failure) {
      emitWarning(message, failure);
    }
  }
}
