/** The examples do what they say. */

import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pg from 'pg';
import { WorkflowTest } from 'tasker-engine/testing';
import { atEnd, database, open, Program } from './support.mjs';

const ORDER = {
  order_id: 'o-7',
  customer: 'ada@example.com',
  items: [{ sku: 'book', quantity: 2, price_cents: 2100 }],
};

/** The examples in a folder that has the package, as a user's has. */
async function examples(t) {
  const folder = await mkdtemp(join(tmpdir(), 'tasker-examples-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  await cp(fileURLToPath(new URL('../../examples/node', import.meta.url)), folder, { recursive: true });
  await mkdir(join(folder, 'node_modules'));
  await symlink(fileURLToPath(new URL('..', import.meta.url)), join(folder, 'node_modules/tasker-engine'));
  return folder;
}

test('an order is right wherever its process dies', async (t) => {
  const { processOrder } = await import(pathToFileURL(join(await examples(t), 'orders.mjs')));
  const connection = new pg.Client({ connectionString: await database(t) });
  await connection.connect();
  atEnd(t, () => connection.end());
  await connection.query('begin');
  const shop = new WorkflowTest(connection);
  await shop.register(processOrder);
  const options = { namespace: 'shop', context: ORDER };
  const report = await shop.run('process_order', { ...options, context: { ...ORDER, gateway_failures: 2 } });
  assert.equal(report.status, 'complete');
  assert.equal(report.step('charge_payment').results.attempt, 3);
  const crashes = await shop.crashEverywhere('process_order', options, { mayDiffer: ['charge_payment'] });
  assert.ok(crashes.isRight, String(crashes));
});

test('the server takes an order, works on it, and stops when it is told to', async (t) => {
  const databaseUrl = await database(t);
  const folder = await examples(t);
  const server = new Program(t, [join(folder, 'server.mjs')], databaseUrl, { env: { PORT: '0' } });
  const [, port] = await server.match(/listening on port (\d+)/);
  const ask = async (path, body) => {
    const request = body === undefined ? {} : { method: 'POST', body };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, request);
    return [response.status, await response.json()];
  };
  const [status, { task_id: taskId }] = await ask('/orders', JSON.stringify(ORDER));
  assert.equal(status, 202);
  assert.deepEqual(await ask('/orders', JSON.stringify(ORDER)), [202, { task_id: taskId }]);
  assert.equal((await ask('/orders', '{"order_id": "o-8"}'))[0], 422);
  assert.equal((await ask('/orders', '{'))[0], 400);
  assert.equal((await ask('/orders/00000000-0000-7000-8000-000000000000'))[0], 404);
  const client = await open(t, { databaseUrl });
  assert.equal((await client.wait(taskId, { withinSeconds: 30 })).status, 'complete');
  assert.deepEqual(await ask(`/orders/${taskId}`), [200, { status: 'complete' }]);
  assert.equal((await client.step(taskId, 'send_receipt')).results.tracking, 'trk-o-7');
  server.child.kill('SIGTERM');
  const ended = await server.ended;
  assert.deepEqual([ended.status, ended.errors], [0, '']);
});
