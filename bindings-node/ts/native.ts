/** The native half: what it has, and where it is found. */

import { createRequire } from 'node:module';

const load = createRequire(__filename);

/** The version of this package. */
export const VERSION: string = (load('../package.json') as { version: string }).version;

/** An engine. What takes a number answers by the function that was given at first. */
export interface NativeEngine {
  call(number: number, verb: string, args: string): void;
  startWorker(number: number, options: string): NativeWorker;
  mount(options: string): NativeMount;
  session(): NativeSession;
  close(number: number): void;
}

/** Work on the host's own connection. It never waits. */
export interface NativeSession {
  begin(command: string): string;
  tell(told: string): string;
  resultsStatement(taskId: string): string;
  readResults(rows: string): string;
}

/** The interface over HTTP. It never waits. */
export interface NativeMount {
  begin(head: string): NativeExchange;
  refuse(why: string): NativeExchange;
}

/** A request and its answer. */
export interface NativeExchange {
  next(number: number): void;
  takeChunk(): Buffer;
  write(bytes: Uint8Array): void;
  finish(): void;
  decide(number: number, answers: boolean[]): void;
  cannotDecide(number: number, why: string): void;
  cancel(): void;
}

/** A worker. */
export interface NativeWorker {
  poll(number: number, most: number, seconds: number): void;
  complete(outcomes: string): number;
  fetchContext(number: number, taskId: string): void;
  fetchResults(number: number, taskId: string): void;
  status(): string;
  stopClaiming(): void;
  shutdown(number: number): void;
}

/** Takes the answer to the question of a number: data about an error, or JSON. */
export type Answered = (number: number, error: string | null, text: string | null) => void;

interface Native {
  version(): string;
  verbs(): string[];
  takeLogs(): string;
  runCommand(args: string[]): number;
  openPaths(): string[];
  Engine: new (options: string, answered: Answered) => NativeEngine;
  Session: { forTests(options: string): NativeSession };
}

/** Packages that may hold the native half for this system. Of several for one system npm installs the one that fits. */
function packages(): string[] {
  const system = `tasker-engine-${process.platform}-${process.arch}`;
  switch (process.platform) {
    case 'linux':
      return [`${system}-gnu`, `${system}-musl`];
    case 'win32':
      return [`${system}-msvc`];
    default:
      return [system];
  }
}

function find(): Native {
  const failures: string[] = [];
  // Last the file beside the package, where a clone puts what it built.
  for (const place of [...packages(), './tasker_node.node']) {
    try {
      return load(place) as Native;
    } catch (error) {
      failures.push(`${place}: ${String((error as Error).message).split('\n', 1)[0]}`);
    }
  }
  throw new Error(
    `the native half of tasker-engine cannot be loaded on ${process.platform}-${process.arch}. It comes as an optional ` +
      `dependency: install without --omit=optional, and on the system that it will run on.\n  ${failures.join('\n  ')}`,
  );
}

function checked(native: Native): Native {
  if (native.version() !== VERSION) {
    throw new Error(
      `tasker-engine ${VERSION} was given the native half of version ${native.version()}: install both in the same version`,
    );
  }
  return native;
}

/** The native half, of this environment. */
export const native: Native = checked(find());
