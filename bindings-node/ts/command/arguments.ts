/** What `tasker-engine worker` was asked for. */

import { parseArgs } from 'node:util';

/** A worker, with what was said about it. */
export interface WorkerCommand {
  readonly kind: 'worker';
  /** Files and folders. */
  readonly modules: readonly string[];
  readonly concurrency: number | undefined;
  readonly databaseUrl: string | undefined;
  readonly schema: string | undefined;
  readonly name: string | undefined;
  readonly reload: boolean;
}

type Asked =
  | WorkerCommand
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'refused'; readonly problem: string };

const USAGE = `usage: tasker-engine worker MODULE... [options]

Executes steps with the handlers that some modules register: files, or folders with all modules in them.

  --concurrency N      how many handlers run at once (16)
  --database-url URL   the database; else TASKER_DATABASE_URL and what follows it
  --schema NAME        the schema of Tasker's tables (tasker)
  --name NAME          what the worker is called; else host and process
  --reload             start anew when a loaded file changes: for development
  --help               print this

SIGTERM or Ctrl-C stop it: handlers may finish within execution.shutdown_grace_seconds, the rest goes back without
counting as an attempt. The same once more ends it at once; its steps come back when its lease is over.`;

/** Reads the arguments of the command line. */
export function parse(given: readonly string[]): Asked {
  let parsed: ReturnType<typeof read>;
  try {
    parsed = read(given);
  } catch (error) {
    return refuse((error as Error).message);
  }
  const { values, positionals: modules } = parsed;
  if (values.help === true) return { kind: 'help', text: USAGE };
  if (modules.length === 0) return refuse('no module is given: which files or folders have the handlers?');
  const concurrency = values.concurrency === undefined ? undefined : Number(values.concurrency);
  if (concurrency !== undefined && !(Number.isSafeInteger(concurrency) && concurrency >= 1)) {
    return refuse(`--concurrency is a whole number from 1 up, not '${values.concurrency}'`);
  }
  const { schema, name, reload = false, 'database-url': databaseUrl } = values;
  return { kind: 'worker', modules, concurrency, databaseUrl, schema, name, reload };
}

function read(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      concurrency: { type: 'string' },
      'database-url': { type: 'string' },
      schema: { type: 'string' },
      name: { type: 'string' },
      reload: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
}

function refuse(problem: string): Asked {
  return { kind: 'refused', problem: `${problem}\n\n${USAGE}` };
}
