/** The kit: workflows in the test's own transaction. */

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import pg from 'pg';
import {
  IllegalTransitionError,
  InvalidArgumentError,
  NotFoundError,
  PermanentError,
  Registry,
  SchemaMismatchError,
  UnknownHandlerError,
  workflow,
} from 'tasker-engine';
import { CrashReport, TestReport, WorkflowTest } from 'tasker-engine/testing';
import { LIBRARIES } from './libraries.mjs';
import { atEnd, chain, database, open } from './support.mjs';

const TEMPLATE = { ...chain('order', ['validate', 'charge'], { timeout_seconds: 20 }), namespace_name: 'shop' };
const ORDER = { namespace: 'shop', context: { price: 21 } };

/** Handlers of `order`. */
function orders() {
  const registry = new Registry();
  registry.handler('validate', (step) => ({ total: step.context.price * 2 }));
  registry.handler('charge', async (step) => ({ charged: (await step.results('validate')).total }));
  return registry;
}

/** A connection that is in a transaction, which is rolled back at the end. */
async function transaction(t, databaseUrl) {
  const connection = new pg.Client({ connectionString: databaseUrl ?? (await database(t)) });
  await connection.connect();
  atEnd(t, () => connection.end());
  await connection.query('begin');
  return connection;
}

/** A test of `order`. */
async function shopping(t, registry = orders()) {
  const shop = new WorkflowTest(await transaction(t), { registry });
  await shop.register(TEMPLATE);
  return shop;
}

test('a workflow runs in the transaction and nothing is left', async (t) => {
  const databaseUrl = await database(t);
  const client = await open(t, { databaseUrl });
  const connection = await transaction(t, databaseUrl);
  const shop = new WorkflowTest(connection, { registry: orders() });
  assert.equal(await shop.register(TEMPLATE), 'new');
  const report = await shop.run('order', ORDER);
  assert.ok(report instanceof TestReport);
  assert.deepEqual([report.status, report.step('charge').results], ['complete', { charged: 42 }]);
  assert.deepEqual([report.task.fullName, report.nextDueAt, report.now], ['shop.order@1.0.0', null, shop.now]);
  assert.throws(() => report.step('ship'), { code: 'NOT_FOUND', message: /its steps are validate, charge/ });
  await connection.query('rollback');
  await assert.rejects(client.task(report.task.taskId), NotFoundError);
});

test('faults strike and waits take no time', async (t) => {
  const shop = await shopping(t);
  await shop.fault('charge').onAttempt(1).retryable('503', { retryAfter: 3600 });
  await shop.fault('charge').onAttempt(2).timesOut();
  const report = await shop.run('order', ORDER);
  assert.deepEqual([report.status, report.executionsOf('charge'), report.step('charge').attempts], ['complete', 2, 3]);
  await shop.clearFaults();
  await shop.fault('validate').permanent('no such order', { errorCode: 'no_order', details: { order: 7n } });
  const failed = await shop.run('order', ORDER);
  const { results } = failed.step('validate');
  assert.deepEqual([failed.status, results.error_code, results.details], ['error', 'no_order', { order: 7 }]);
});

test('whatever can go wrong with an attempt can be injected', async (t) => {
  const shop = await shopping(t);
  const struck = async (inject) => {
    await shop.clearFaults();
    await inject(shop.fault('charge').onAttempt(1));
    const { status, executions } = await shop.run('order', ORDER);
    const [{ handlerRan, outcome, error }] = executions.filter(({ step }) => step === 'charge');
    return [status, handlerRan, outcome, error];
  };
  assert.deepEqual(await struck((fault) => fault.losesItsWorker()), ['complete', false, 'worker_lost', undefined]);
  assert.deepEqual(await struck((fault) => fault.takes(5)), ['complete', true, 'completed', undefined]);
  assert.deepEqual((await struck((fault) => fault.takes(25))).slice(0, 3), ['complete', true, 'failed']);
  assert.deepEqual((await struck((fault) => fault.returnsNoJson())).slice(0, 3), ['error', true, 'completed']);
  assert.deepEqual(await struck((fault) => fault.throws(new RangeError('away'))), [
    'complete',
    false,
    'failed',
    'away',
  ]);
  assert.deepEqual(await struck((fault) => fault.throws(new PermanentError('gone'))), [
    'error',
    false,
    'failed',
    'gone',
  ]);
  const late = await struck((fault) => fault.afterTheHandler().retryable('lost'));
  assert.deepEqual(late, ['complete', true, 'failed', 'lost']);
});

test('a fault for a step that there is not is told', async (t) => {
  const shop = await shopping(t);
  await shop.fault('ship').permanent('no');
  await assert.rejects(shop.run('order', ORDER), { constructor: InvalidArgumentError, message: /ship/ });
});

test("the clock is the test's", async (t) => {
  const shop = await shopping(t);
  assert.ok(shop.now !== undefined);
  await shop.fault('charge').onAttempt(1).throws(new Error('away'));
  const { taskId } = await shop.create('order', ORDER);
  const report = await shop.runUntilIdle(taskId);
  assert.equal(report.status, 'in_progress');
  assert.ok(Date.parse(report.nextDueAt) > Date.parse(shop.now));
  assert.equal(Date.parse(await shop.advance(0.5)) - Date.parse(report.now), 500);
  assert.equal((await shop.cancelTask(taskId)).status, 'cancelled');
  await assert.rejects(shop.retryTask(taskId), IllegalTransitionError);
  assert.equal((await shop.report(taskId)).status, 'cancelled');
});

test('the test does what an operator would', async (t) => {
  const shop = await shopping(t);
  const { taskId } = await shop.create('order', ORDER);
  await shop.pauseTask(taskId);
  assert.equal((await shop.runToEnd(taskId)).executions.length, 0);
  await shop.resumeTask(taskId);
  await shop.fault('validate').permanent('no');
  assert.equal((await shop.runOne(taskId)).status, 'error');
  await shop.resolveStep(taskId, 'validate', { total: 2n ** 60n });
  assert.deepEqual((await shop.runToEnd(taskId)).step('charge').results, { charged: 2n ** 60n });
});

test('a workflow is right wherever its process dies', async (t) => {
  const shop = await shopping(t);
  const seen = [];
  const crashes = await shop.crashEverywhere('order', ORDER, { check: ({ crash }) => seen.push(crash) });
  assert.ok(crashes instanceof CrashReport);
  assert.ok(crashes.isRight, String(crashes));
  assert.deepEqual([seen.length, crashes.variants.length], [7, 7]);
  assert.deepEqual([seen[0], seen[1]], [null, { step: 'validate', attempt: 1, when: 'before_handler' }]);
  assert.equal(crashes.mostExecutionsOf('charge'), 2);
  assert.equal(String(crashes), 'right at each of 6 points at which its process can die');
});

test('what is wrong after a crash is told with the crash', async (t) => {
  const shop = await shopping(t);
  const chargedOnce = async ({ report }) => assert.equal(report.executionsOf('charge'), 1, 'charged twice');
  const crashes = await shop.crashEverywhere('order', ORDER, { check: chargedOnce });
  assert.ok(!crashes.isRight);
  assert.match(String(crashes), /the process died after handler of 'charge' \(attempt 1\):\n {4}charged twice/);
});

test('results that contain the attempt may differ', async (t) => {
  const registry = new Registry();
  registry.handler('pay', (step) => ({ attempt: step.attempt }));
  const shop = new WorkflowTest(await transaction(t), { registry });
  await shop.register(chain('order', ['pay']));
  assert.ok(!(await shop.crashEverywhere('order')).isRight);
  assert.ok((await shop.crashEverywhere('order', {}, { mayDiffer: ['pay'] })).isRight);
});

test('a handler that the test lacks is named', async (t) => {
  const shop = await shopping(t, new Registry());
  await assert.rejects(shop.run('order', ORDER), { constructor: UnknownHandlerError, message: /'charge'/ });
});

test('a handler may complete in the transaction of the test', async (t) => {
  const connection = await transaction(t);
  const registry = new Registry();
  registry.handler('pay', (step) => step.completeIn(connection, { total: 1 }));
  const shop = new WorkflowTest(connection, { registry });
  await shop.register(chain('order', ['pay']));
  const report = await shop.run('order');
  assert.deepEqual([report.status, report.step('pay').results], ['complete', { total: 1 }]);
  assert.equal(report.executions[0].outcome, 'completed_elsewhere');
});

test('a workflow in code is tested, and a handler may ask for any step', async (t) => {
  const registry = new Registry();
  const order = workflow({ name: 'order', version: '1.0.0', registry }, (w) => {
    const first = w.step('first', () => ({ one: 1 }));
    const second = w.step('second', { dependsOn: first }, () => ({ two: 2 }));
    w.step('third', { dependsOn: second }, async (step) => step.results(first));
  });
  const shop = new WorkflowTest(await transaction(t), { registry });
  await shop.register(order);
  assert.deepEqual((await shop.run('order')).step('third').results, { one: 1 });
});

test('without a transaction there is no test, and without Tasker neither', async (t) => {
  const connection = await transaction(t);
  await connection.query('rollback');
  const shop = new WorkflowTest(connection, { registry: orders() });
  await assert.rejects(shop.run('order'), { constructor: InvalidArgumentError, message: /not in a transaction/ });
  const elsewhere = new WorkflowTest(await transaction(t, process.env.TASKER_TEST_SERVER), { registry: orders() });
  await assert.rejects(elsewhere.run('order'), SchemaMismatchError);
  assert.throws(() => new WorkflowTest({}), InvalidArgumentError);
});

for (const [library, transact] of Object.entries(LIBRARIES)) {
  test(`the same on a connection of ${library}`, async (t) => {
    const databaseUrl = await database(t);
    const rollback = new Error('nothing is left');
    const done = transact(databaseUrl, async (connection) => {
      const shop = new WorkflowTest(connection, { registry: orders() });
      await shop.register(TEMPLATE);
      await shop.fault('charge').onAttempt(1).losesItsWorker();
      const report = await shop.run('order', ORDER);
      assert.deepEqual([report.status, report.executionsOf('charge')], ['complete', 1]);
      await shop.clearFaults();
      assert.ok((await shop.crashEverywhere('order', ORDER)).isRight);
      throw rollback;
    });
    await assert.rejects(done, rollback);
    const client = await open(t, { databaseUrl });
    assert.deepEqual(await client.namedTasks(), []);
  });
}

const load = createRequire(import.meta.url);

test('an error of the native half is understood where the classes of the language are others, as under Jest', () => {
  const { thrownBy } = load('../dist/errors.js');
  const message = JSON.stringify({ class: 'NotFoundError', message: 'gone', kind: 'not_found', code: 2001 });
  const thrown = runInNewContext('new Error(message)', { message });
  assert.ok(!(thrown instanceof Error));
  assert.ok(thrownBy(thrown) instanceof NotFoundError);
});

test('import and require give the same kit', () => {
  const required = load('tasker-engine/testing');
  assert.equal(required.WorkflowTest, WorkflowTest);
});
