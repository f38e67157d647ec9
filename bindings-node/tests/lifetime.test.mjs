/** Processes and threads: how they end, and what becomes of their steps. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chain, database, open, Program } from './support.mjs';

const ENDS = [
  ['falls off its end', 0],
  ['stops', 0],
  ['exits', 3],
  ['exits with a call out', 3],
  ['throws', 1],
  ['closes twice', 0],
  ['is killed', null],
];

for (const [END, status] of ENDS) {
  for (const WORKER of ['', 'yes']) {
    test(`a process with a ${WORKER ? 'worker' : 'client'} that ${END} ends so`, async (t) => {
      const ended = await Program.of(t, 'end.mjs', await database(t), { END, WORKER }).ended;
      assert.deepEqual([ended.status, ended.signal], [status, status === null ? 'SIGKILL' : null], ended.errors);
    });
  }
}

test('a process waits for the answer to its last call', async (t) => {
  const program = `
    import { Client } from 'tasker-engine';
    new Client().listTasks().then((tasks) => console.log(tasks.length));
  `;
  const ended = await new Program(t, ['--input-type=module', '--eval', program], await database(t)).ended;
  assert.deepEqual([ended.status, ended.output], [0, '0\n'], ended.errors);
});

test('a worker that is awaited keeps the process until SIGTERM', async (t) => {
  const worker = Program.of(t, 'worker.mjs', await database(t));
  await worker.says('ready');
  worker.child.kill('SIGTERM');
  const ended = await worker.ended;
  assert.deepEqual([ended.status, ended.output], [0, 'ready\nstopped\n'], ended.errors);
});

test('the steps of a killed process are taken over', async (t) => {
  const databaseUrl = await database(t);
  const client = await open(t, { databaseUrl });
  await client.registerTemplate(chain('order', ['hang']));
  const { taskId } = await client.createTask('order');
  const killed = Program.of(t, 'worker.mjs', databaseUrl);
  await killed.says('hanging');
  killed.child.kill('SIGKILL');
  await killed.ended;
  const next = Program.of(t, 'worker.mjs', databaseUrl);
  await next.says('hanging');
  const step = await client.step(taskId, 'hang');
  assert.deepEqual([step.attempts, step.workerLosses], [2, 1]);
});

test('process.exit in a handler is a lost worker, whose step is tried again', async (t) => {
  const databaseUrl = await database(t);
  const client = await open(t, { databaseUrl });
  await client.registerTemplate(chain('order', ['exit']));
  const { taskId } = await client.createTask('order');
  const ended = await Program.of(t, 'worker.mjs', databaseUrl).ended;
  assert.deepEqual([ended.status, ended.signal], [7, null], ended.errors);
  assert.equal((await client.step(taskId, 1)).status, 'in_progress');
  const again = await Program.of(t, 'worker.mjs', databaseUrl).ended;
  assert.equal(again.status, 7, again.errors);
  assert.equal((await client.step(taskId, 1)).attempts, 2);
});

test('a rejection that nobody waits for ends the process as Node does, and the step stays complete or is tried again', async (t) => {
  const databaseUrl = await database(t);
  const client = await open(t, { databaseUrl });
  await client.registerTemplate(chain('order', ['detach']));
  const { taskId } = await client.createTask('order');
  const ended = await Program.of(t, 'worker.mjs', databaseUrl).ended;
  assert.equal(ended.status, 1);
  assert.match(ended.errors, /nobody waits for this/);
  const careful = Program.of(t, 'worker.mjs', databaseUrl, { CATCH: 'yes' });
  await careful.says('ready');
  assert.equal(await client.waitState(taskId, { withinSeconds: 30 }), 'complete');
});

test('a rejection that nobody waits for does no harm to a worker whose process catches it', async (t) => {
  const databaseUrl = await database(t);
  const client = await open(t, { databaseUrl });
  await client.registerTemplate(chain('order', ['detach', 'pay']));
  const { taskId } = await client.createTask('order');
  const worker = Program.of(t, 'worker.mjs', databaseUrl, { CATCH: 'yes' });
  await worker.says('unhandled: nobody waits for this');
  assert.equal(await client.waitState(taskId, { withinSeconds: 30 }), 'complete');
  const { results } = await client.step(taskId, 'pay');
  assert.deepEqual(results, { attempt: 1, pid: worker.child.pid });
});

test('an event loop that is blocked for longer than a lease loses nothing', async (t) => {
  const databaseUrl = await database(t);
  const client = await open(t, { databaseUrl });
  await client.registerTemplate(chain('order', ['block', 'pay']));
  const { taskId } = await client.createTask('order');
  const blocked = Program.of(t, 'worker.mjs', databaseUrl);
  await blocked.says('ready');
  const other = Program.of(t, 'worker.mjs', databaseUrl);
  await other.says('ready');
  assert.equal(await client.waitState(taskId, { withinSeconds: 30 }), 'complete');
  const step = await client.step(taskId, 'block');
  assert.deepEqual([step.results, step.workerLosses], [{ attempt: 1 }, 0]);
});

test('a thread that is ended in the middle of a poll and of a handler loses nothing', async (t) => {
  const databaseUrl = await database(t);
  const client = await open(t, { databaseUrl });
  await client.registerTemplate(chain('hang', ['hang']));
  const ended = await Program.of(t, 'threads.mjs', databaseUrl).ended;
  const line = 'complete by answer, attempt 2\n';
  assert.deepEqual([ended.status, ended.signal, ended.output], [0, null, line.repeat(5)], ended.errors);
});
