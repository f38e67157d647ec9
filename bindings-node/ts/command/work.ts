/** A worker as a process of its own. */

import { constants } from 'node:os';
import type { WorkerCommand } from './arguments.js';
import type { Package } from './package.js';

/** Works until it is asked to stop; the exit status. */
export async function work(
  asked: WorkerCommand,
  { Client, TaskerError, Worker, registry, scan }: Package,
): Promise<number> {
  await scan(...asked.modules);
  if (registry.names.length === 0) {
    say(`error: ${asked.modules.join(', ')}: no handler is registered there. Call handler('name', …) of tasker-engine`);
    return 1;
  }
  try {
    const client = new Client({ databaseUrl: asked.databaseUrl, schema: asked.schema });
    const worker = new Worker(client, {
      concurrency: asked.concurrency,
      name: asked.name,
      logger: { info, warn, error: warn },
    });
    stopBySignal(() => worker.requestStop());
    await worker.start();
    say(`working: ${registry.names.sort().join(', ')}`);
    await worker.run();
    await client.close();
  } catch (error) {
    if (!(error instanceof TaskerError)) throw error;
    say(`error: ${error.message}`);
    return 1;
  }
  say('stopped');
  return 0;
}

/** The same signal twice: a terminal and a supervisor may well send one each. */
function stopBySignal(stop: () => void): void {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    let before = false;
    // Listened to for good: with no listener left for a moment, a second signal would end the process as by default.
    process.on(name, () => {
      if (before) {
        say(`${name} again: ending at once. The steps that run are taken over when the lease is over`);
        process.exit(128 + constants.signals[name]);
      }
      before = true;
      say(`${name}: handlers may finish; once more ends at once`);
      stop();
    });
  }
}

function say(text: string): void {
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
}

function info(message: string): void {
  say(message);
}

function warn(message: string, error?: unknown): void {
  say(error instanceof Error ? `${message}\n${error.stack}` : message);
}
