/** Tasks and steps on connections of the host's own. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drizzle } from 'drizzle-orm/node-postgres';
import knex from 'knex';
import pg from 'pg';
import {
  AttemptLostError,
  ConfigInvalidError,
  InvalidArgumentError,
  InvalidContextError,
  NotFoundError,
  TaskerError,
} from 'tasker-engine';
import { LIBRARIES, withPg } from './libraries.mjs';
import { prisma } from './prisma.mjs';
import { atEnd, chain, database, failures, gate, open, Program, play, run, working } from './support.mjs';

class Abort extends Error {}

/** A client whose database knows `order`, which wants an order. */
async function shop(t) {
  const databaseUrl = await database(t);
  const client = await open(t, { databaseUrl });
  const schema = { type: 'object', required: ['order'], properties: { gift: { type: 'boolean', default: false } } };
  await client.registerTemplate({ ...chain('order', ['pay']), schema });
  return { client, databaseUrl };
}

for (const [library, transact] of Object.entries(LIBRARIES)) {
  test(`what is rolled back never was, with ${library}`, async (t) => {
    const { client, databaseUrl } = await shop(t);
    const request = { context: { order: 7 }, tags: ['100 % $1 ? :x \\?'] };
    const made = [];
    const create = async (connection) => {
      made.push(await client.createTaskIn(connection, 'order', request));
      assert.ok(made.at(-1).created);
      await assert.rejects(client.task(made.at(-1).taskId), NotFoundError);
    };
    const abort = transact(databaseUrl, async (connection) => {
      await create(connection);
      throw new Abort();
    });
    await assert.rejects(abort, Abort);
    await transact(databaseUrl, create);
    const [gone, kept] = made;
    await assert.rejects(client.task(gone.taskId), NotFoundError);
    const task = await client.task(kept.taskId);
    assert.deepEqual([task.context, task.tags], [{ order: 7, gift: false }, request.tags]);
  });

  test(`a context that breaks the schema is refused and the transaction goes on, with ${library}`, async (t) => {
    const { client, databaseUrl } = await shop(t);
    let made;
    await transact(databaseUrl, async (connection) => {
      await assert.rejects(client.createTaskIn(connection, 'order', { context: {} }), InvalidContextError);
      const requests = [0, 1, 2].map((order) => ({ name: 'order', context: { order } }));
      made = await client.createTasksIn(connection, requests);
    });
    const tasks = await Promise.all(made.map(({ taskId }) => client.task(taskId)));
    assert.deepEqual(
      tasks.map(({ context }) => context.order),
      [0, 1, 2],
    );
  });

  test(`a database without Tasker is a matter of configuration, with ${library}`, async (t) => {
    const { client } = await shop(t);
    const elsewhere = transact(process.env.TASKER_TEST_SERVER, (connection) =>
      client.createTaskIn(connection, 'order', { context: { order: 7 } }),
    );
    await assert.rejects(elsewhere, (error) => error instanceof ConfigInvalidError && error.cause !== undefined);
  });

  test(`another database with a Tasker of its own is told before anything is created, with ${library}`, async (t) => {
    const { client } = await shop(t);
    const other = await shop(t);
    const elsewhere = transact(other.databaseUrl, (connection) =>
      client.createTaskIn(connection, 'order', { context: { order: 7 } }),
    );
    await assert.rejects(
      elsewhere,
      (error) => error instanceof ConfigInvalidError && /another database/.test(error.message),
    );
    assert.deepEqual(await other.client.listTasks(), []);
  });

  test(`what has nothing to do with Tasker is thrown as the library says it, with ${library}`, async (t) => {
    const { client, databaseUrl } = await shop(t);
    // The same in each library: a statement that PostgreSQL refuses ends the transaction for those after it.
    const request = { context: { order: 7 }, version: '9.9.9' };
    const failed = transact(databaseUrl, async (connection) => {
      const create = () => client.createTaskIn(connection, 'order', request);
      await assert.rejects(create(), TaskerError);
      await refuse(connection);
      await create();
    });
    await assert.rejects(failed, (error) => !(error instanceof TaskerError) && /aborted/.test(everythingSaid(error)));
  });

  test(`a handler completes its step in its own transaction, with ${library}`, async (t) => {
    let databaseUrl;
    const { client } = await working(t, {
      async pay(step) {
        await transact(databaseUrl, (connection) =>
          step.completeIn(connection, { paid: step.attempt, big: 2n ** 60n }),
        );
        return { ignored: true };
      },
    });
    databaseUrl = await client.database();
    const { taskId, status } = await play(client);
    assert.equal(status, 'complete');
    assert.deepEqual((await client.step(taskId, 'pay')).results, { paid: 1, big: 2n ** 60n });
  });
}

/** Executes what PostgreSQL refuses. */
async function refuse(connection) {
  const execute = connection.$queryRawUnsafe ?? connection.raw ?? connection.execute ?? connection.query;
  await assert.rejects(async () => execute.call(connection, 'select * from nothing'));
}

/** The messages of an error and of what is behind it. */
function everythingSaid(error) {
  return error === undefined ? '' : `${error.message} ${everythingSaid(error.cause)}`;
}

test('a completion without results is one with an empty object', async (t) => {
  let databaseUrl;
  const { client } = await working(t, {
    pay: (step) => withPg(databaseUrl, (connection) => step.completeIn(connection)),
  });
  databaseUrl = await client.database();
  const { taskId } = await play(client);
  assert.deepEqual((await client.step(taskId, 'pay')).results, {});
});

test('what is no connection in a transaction is told', async (t) => {
  const { client, databaseUrl } = await shop(t);
  const pool = new pg.Pool({ connectionString: databaseUrl });
  const db = knex({ client: 'pg', connection: databaseUrl });
  atEnd(t, () => Promise.all([pool.end(), db.destroy()]));
  const wrong = [
    [{}, /^Object is no connection that Tasker knows: give a Client or PoolClient of pg/],
    [undefined, /^undefined is no connection/],
    ['postgres://localhost', /^string is no connection/],
    [pool, /this is a pool of pg: give the connection that the transaction is on/],
    [db, /this is Knex itself/],
    [drizzle(pool), /this is the database object of Drizzle/],
    [prisma(databaseUrl), /this is the client of Prisma/],
  ];
  for (const [connection, message] of wrong) {
    const refused = { constructor: InvalidArgumentError, message };
    await assert.rejects(client.createTaskIn(connection, 'order', { context: { order: 7 } }), refused);
  }
});

test('results that JSON cannot say are told, and the transaction goes on', async (t) => {
  let databaseUrl;
  const { client } = await working(t, {
    pay: (step) =>
      withPg(databaseUrl, async (connection) => {
        await assert.rejects(step.completeIn(connection, { it: Buffer.from('x') }), {
          constructor: InvalidArgumentError,
          message: /\/it/,
        });
        await step.completeIn(connection, { it: 'x' });
      }),
  });
  databaseUrl = await client.database();
  const { taskId } = await play(client);
  assert.deepEqual((await client.step(taskId, 'pay')).results, { it: 'x' });
});

test('a completion that is rolled back is a failure and one that was committed stays', async (t) => {
  let databaseUrl;
  const warned = gate();
  const logger = { info() {}, error() {}, warn: warned.open };
  const { client } = await working(
    t,
    {
      async pay(step) {
        await withPg(databaseUrl, async (connection) => {
          await step.completeIn(connection, { paid: step.attempt });
          if (step.attempt === 1) await connection.query('rollback'); // and nothing is thrown
        });
        if (step.attempt === 2) throw new Error('after the commit');
      },
    },
    { logger },
  );
  databaseUrl = await client.database();
  const { taskId, status } = await play(client);
  assert.equal(status, 'complete');
  assert.deepEqual((await client.step(taskId, 'pay')).results, { paid: 2 });
  assert.equal((await failures(client, taskId)).length, 1);
  assert.match(await warned.opened, /attempt 2, of task .* threw after it had completed itself/);
});

/** A table of payments: how many there are. */
async function ledger(databaseUrl) {
  await run(databaseUrl, 'create table payments (task_id uuid)');
  return async () => {
    let count;
    await withPg(databaseUrl, async (connection) => {
      const { rows } = await connection.query('select count(*)::int as count from payments');
      count = rows[0].count;
    });
    return count;
  };
}

test('an attempt that is over cannot be completed', async (t) => {
  let databaseUrl;
  const refused = gate();
  const { client } = await working(t, {
    async pay(step) {
      await client.cancelTask(step.taskId);
      const pays = withPg(databaseUrl, async (connection) => {
        await connection.query('insert into payments values ($1)', [step.taskId]);
        await step.completeIn(connection);
      });
      await pays.catch(refused.open);
    },
  });
  databaseUrl = await client.database();
  const payments = await ledger(databaseUrl);
  assert.equal((await play(client)).status, 'cancelled');
  assert.ok((await refused.opened) instanceof AttemptLostError);
  assert.equal(await payments(), 0);
});

for (const point of ['before', 'written', 'completed', 'committed', 'returning']) {
  test(`a handler takes effect once although its process dies: ${point}`, async (t) => {
    const databaseUrl = await database(t);
    const client = await open(t, { databaseUrl });
    const payments = await ledger(databaseUrl);
    await client.registerTemplate(chain('order', ['pay']));
    const { taskId } = await client.createTask('order');
    const died = await Program.of(t, 'dying.mjs', databaseUrl, { POINT: point }).ended;
    assert.equal(died.signal, 'SIGKILL', died.errors);
    Program.of(t, 'dying.mjs', databaseUrl, { POINT: '' });
    const { status } = await client.wait(taskId, { withinSeconds: 60 });
    assert.deepEqual([status, await payments()], ['complete', 1]);
  });
}
