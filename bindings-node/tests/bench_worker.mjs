/**
 * The worker of `tasker bench --runtime node`: does what lines on its standard input say.
 *
 * `go` starts it, `task REQUEST` creates a task and waits for its end, `tell` asks for what it has used, `stop` ends it.
 */

import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { Client, Registry, Worker } from 'tasker-engine';

const PATIENCE_SECONDS = 120;

const { values: given } = parseArgs({
  options: {
    handler: { type: 'string' },
    'handler-kind': { type: 'string' },
    schema: { type: 'string' },
    concurrency: { type: 'string' },
  },
});

let calls = 0;

function work() {
  calls += 1;
  return { ok: true };
}

async function workAsync() {
  calls += 1;
  return { ok: true };
}

/** A line. */
function say(answer) {
  process.stdout.write(`${answer}\n`);
}

/** From before the request to the end of the task, in milliseconds. */
async function runTask(client, { name, namespace, version, context }) {
  const started = performance.now();
  const { taskId } = await client.createTask(name, {
    namespace: namespace ?? undefined,
    version: version ?? undefined,
    context: context ?? undefined,
  });
  await client.waitState(taskId, { until: ['complete'], withinSeconds: PATIENCE_SECONDS });
  return performance.now() - started;
}

/** What it has used so far. */
function usage() {
  return JSON.stringify({ statements: null, calls, peak_rss_mb: process.resourceUsage().maxRSS / 1024 });
}

const registry = new Registry();
registry.handler(given.handler, given['handler-kind'] === 'sync' ? work : workAsync);
const client = new Client({ schema: given.schema, applicationName: 'tasker-bench' });
const worker = new Worker(client, { registry, concurrency: Number(given.concurrency) });
await client.namedTasks();
say('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const at = line.indexOf(' ');
  const [word, rest] = at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
  if (word === 'go') await worker.start();
  else if (word === 'task') say(await runTask(client, JSON.parse(rest)));
  else if (word === 'tell') say(usage());
  else break;
}
await worker.stop();
await client.close();
say(usage());
