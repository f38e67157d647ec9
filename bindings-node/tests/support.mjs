/** A database for each test, on the server that TASKER_TEST_SERVER names; programs and templates that tests use. */

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { Client, Registry, Worker } from 'tasker-engine';

const server = process.env.TASKER_TEST_SERVER;
if (!server) {
  throw new Error('TASKER_TEST_SERVER is not set: run `make test`, or start one with `test-server start`');
}

/** Failed steps come back at once. */
const AT_ONCE = { backoff: { default_backoff_seconds: [0], jitter_enabled: false } };

const endings = new WeakMap();

/** Does something when the test has ended; what was made last is undone first. */
export function atEnd(t, undo) {
  if (!endings.has(t)) {
    endings.set(t, []);
    t.after(async () => {
      for (const undo of endings.get(t).reverse()) await undo();
    });
  }
  endings.get(t).push(undo);
}

/** The URL of a database of the server. */
function at(name) {
  const [before, query] = server.split('?', 2);
  const url = `${before.slice(0, before.lastIndexOf('/'))}/${name}`;
  return query === undefined ? url : `${url}?${query}`;
}

/** Runs statements outside of a transaction. */
export async function run(url, ...statements) {
  const connection = new pg.Client({ connectionString: url });
  await connection.connect();
  try {
    for (const statement of statements) await connection.query(statement);
  } finally {
    await connection.end();
  }
}

function drop(name) {
  return run(server, `drop database "${name}" with (force)`);
}

let template;

/** The name of a migrated database, to copy from: one for each file of tests. */
function migrated() {
  template ??= (async () => {
    const name = `node_template_${randomUUID()}`;
    await run(server, `create database "${name}"`);
    const client = new Client({ databaseUrl: at(name) });
    await client.migrate();
    await client.close();
    return name;
  })();
  return template;
}

after(async () => {
  if (template !== undefined) await drop(await template);
});

/** The URL of a migrated database of the test's own. */
export async function database(t) {
  const name = `node_${randomUUID()}`;
  await run(server, `create database "${name}" template "${await migrated()}"`);
  atEnd(t, () => drop(name));
  return at(name);
}

/** A client of the test's own, on a database of its own, whose failed steps come back at once. */
export async function open(t, { databaseUrl, settings } = {}) {
  const url = databaseUrl ?? (await database(t));
  const client = new Client({ databaseUrl: url, settings: { ...AT_ONCE, ...settings } });
  atEnd(t, () => client.close());
  return client;
}

/** A client, and a worker on it that has started. */
export async function working(t, handlers, { settings, ...options } = {}) {
  const client = await open(t, { settings });
  const registry = new Registry();
  for (const [name, handler] of Object.entries(handlers)) registry.handler(name, handler);
  const worker = await new Worker(client, { registry, ...options }).start();
  atEnd(t, () => worker.stop());
  return { client, worker };
}

/** A template of steps one after the other, each with the handler of its name. */
export function chain(name, steps, keys = {}) {
  return {
    name,
    version: '1.0.0',
    step_templates: steps.map((step, number) => ({
      name: step,
      handler: step,
      ...(number > 0 ? { depends_on_step: steps[number - 1] } : {}),
      ...keys,
    })),
  };
}

/** Runs a task of one step to its end. */
export async function play(client, { name = 'order', steps = ['pay'], keys, context } = {}) {
  await client.registerTemplate(chain(name, steps, keys));
  const { taskId } = await client.createTask(name, { context });
  return client.wait(taskId, { withinSeconds: 30 });
}

/** The failures of a step, oldest first, as they stand in the trail. */
export async function failures(client, taskId, step = 1) {
  const moves = await client.transitions(taskId, step);
  return moves.filter((move) => move.toState === 'error').map((move) => move.metadata);
}

/** A promise, and what settles it. */
export function gate() {
  let open;
  const opened = new Promise((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/** A program of `tests/programs`, or of arguments of Node's; what it writes can be waited for. */
export class Program {
  #output = '';
  #errors = '';

  constructor(t, args, databaseUrl, { env = {}, cwd } = {}) {
    this.child = spawn(process.execPath, args, {
      cwd,
      // A group of its own, so that what it starts ends with it.
      detached: true,
      env: { ...process.env, TASKER_DATABASE_URL: databaseUrl, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.ended = once(this.child, 'close').then(([status, signal]) => ({
      status,
      signal,
      output: this.#output,
      errors: this.#errors,
    }));
    this.child.stdout.setEncoding('utf8').on('data', (text) => {
      this.#output += text;
      this.child.emit('said');
    });
    this.child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#errors += text;
      this.child.emit('said');
    });
    atEnd(t, () => {
      try {
        process.kill(-this.child.pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
      return this.ended;
    });
  }

  static of(t, name, databaseUrl, env) {
    return new Program(t, [fileURLToPath(new URL(`programs/${name}`, import.meta.url))], databaseUrl, { env });
  }

  /** Waits until it has written something, so many times. */
  says(text, times = 1) {
    return this.#until(`'${text}'`, (written) => written.split(text).length > times);
  }

  /** Waits until something that it has written matches: the match. */
  match(pattern) {
    return this.#until(pattern, (written) => pattern.exec(written));
  }

  async #until(what, found) {
    const over = this.ended.then((end) => {
      throw new Error(`it ended without saying ${what}: ${JSON.stringify(end)}`);
    });
    over.catch(() => {});
    for (;;) {
      const it = found(this.#output + this.#errors);
      if (it) return it;
      await Promise.race([once(this.child, 'said'), over]);
    }
  }
}
