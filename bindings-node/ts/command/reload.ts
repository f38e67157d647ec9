/** `--reload`: Node's own watch mode starts the worker anew when a file that it loaded changes. */

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { WorkerCommand } from './arguments.js';

/** Runs the worker under watch, passing signals on; the exit status. */
export async function supervise({ modules, concurrency, databaseUrl, schema, name }: WorkerCommand): Promise<number> {
  const options = [
    ...(concurrency === undefined ? [] : [`--concurrency=${concurrency}`]),
    ...(schema === undefined ? [] : [`--schema=${schema}`]),
    ...(name === undefined ? [] : [`--name=${name}`]),
  ];
  const command = [
    '--watch',
    '--watch-preserve-output',
    join(__dirname, 'main.js'),
    'worker',
    ...options,
    '--',
    ...modules,
  ];
  // Not on the command line, which everybody on the machine can read.
  const env = databaseUrl === undefined ? process.env : { ...process.env, TASKER_DATABASE_URL: databaseUrl };
  const child = spawn(process.execPath, command, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => child.kill(signal));
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status, signal) => {
      resolve(status ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
