/**
 * The scripted worker of Node: plays what a scenario says through the public handler API.
 *
 * See tests/scenarios-runner/PROTOCOL.md.
 */

import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, PermanentError, Registry, RetryableError, Worker } from 'tasker-engine';

const RUNTIME = 'node';
const { TASKER_SCENARIO_DIR: directory, TASKER_SCENARIO_WORKER: name } = process.env;

/** Works until SIGTERM. */
async function main() {
  endWithTheRunner();
  const script = JSON.parse(await readFile(join(directory, 'script.json'), 'utf8'));
  const registry = new Registry();
  for (const handler of script.handler_names[RUNTIME] ?? []) {
    registry.handler(handler, (step) => play(step, script.handlers));
  }
  const concurrency = process.env.TASKER_SCENARIO_CONCURRENCY;
  const client = new Client({ settings: script.settings, applicationName: name });
  const worker = new Worker(client, {
    registry,
    name,
    concurrency: concurrency === undefined ? undefined : Number(concurrency),
    logger: console,
  });
  process.on('SIGTERM', () => worker.requestStop());
  await worker.start();
  writeFileSync(join(directory, 'workers', `${name}.ready`), '');
  await worker.run();
  await client.close();
  process.exit(0); // the pipe of standard input would keep the process
}

/** When our standard input ends the runner is gone, and nobody would ever stop us. */
function endWithTheRunner() {
  process.stdin.on('end', die).on('error', die).resume();
}

/** Ends this process, as by `kill -9`. */
function die() {
  process.kill(process.pid, 'SIGKILL');
}

/** One execution: counted, chosen, played, its end marked. */
async function play(step, handlers) {
  const number = begin(step);
  try {
    const entries = handlers[`${step.taskName}.${step.name}`] ?? handlers[step.name] ?? [{}];
    return await perform(entries[Math.min(number, entries.length) - 1] ?? {}, step);
  } finally {
    mark(step, number, 'end', 'w');
  }
}

/** Takes the next number; whoever makes the file first has it, in whatever process. */
function begin(step) {
  for (let number = 1; ; number += 1) {
    try {
      mark(step, number, 'start', 'wx');
      return number;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
}

function mark(step, number, which, flag) {
  const at = (performance.timeOrigin + performance.now()) / 1000;
  const text = JSON.stringify({ template: step.taskName, step: step.name, at, pid: process.pid });
  writeFileSync(join(directory, 'calls', `${step.taskId}.${step.stepNo}.${number}.${which}`), text, { flag });
}

/** Does what an entry says. */
async function perform(entry, step) {
  for (const [key, value] of Object.entries(entry.fail_unless_context ?? {})) {
    if (JSON.stringify(step.context[key]) !== JSON.stringify(value)) {
      throw new PermanentError(`the context lacks ${key}: ${JSON.stringify(value)}`);
    }
  }
  if (entry.sleep_ms !== undefined) await pause(entry, step);
  if (entry.exit_process) die();
  if (entry.raise !== undefined) throw failure(entry);
  return result(entry, step);
}

async function pause({ sleep_ms: milliseconds, cancellable }, { signal }) {
  try {
    await sleep(milliseconds, undefined, cancellable ? { signal } : {});
  } catch {
    throw new RetryableError('cancelled');
  }
}

/** The failure of an entry. */
function failure({ raise, message = 'raised by the script', error_code: errorCode, details, retry_after: retryAfter }) {
  switch (raise) {
    case 'permanent':
      return new PermanentError(message, { errorCode, details });
    case 'retryable':
      return new RetryableError(message, { errorCode, details, retryAfter });
    default:
      return new TypeError(message);
  }
}

/** What an entry returns. */
function result(entry, step) {
  if ('return' in entry) return entry.return;
  if ('return_context' in entry) {
    return entry.return_context === true ? step.context : (step.context[entry.return_context] ?? null);
  }
  if ('return_dependency' in entry) return step.results(entry.return_dependency);
  if ('return_bytes' in entry) return 'x'.repeat(entry.return_bytes);
  if (entry.return_unserializable) return { bytes: Buffer.from('no JSON') };
  return { ok: true };
}

await main();
