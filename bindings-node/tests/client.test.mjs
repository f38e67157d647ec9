/** What a client answers and refuses. */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import * as tasker from 'tasker-engine';
import { atEnd, chain, database, open } from './support.mjs';

const { Client } = tasker;
const require = createRequire(import.meta.url);

test('a task is created, read and cancelled', async (t) => {
  const client = await open(t);
  const registered = await client.registerTemplate(chain('order', ['pay']));
  assert.deepEqual(registered, { namespace: 'default', name: 'order', version: '1.0.0', registered: 'new' });
  const created = await client.createTask('order', { context: { order_no: 7 }, tags: ['vip'], priority: 1 });
  assert.deepEqual([created.created, created.pruned], [true, false]);
  const task = await client.task(created.taskId);
  assert.deepEqual([task.status, task.context, task.tags, task.priority], ['pending', { order_no: 7 }, ['vip'], 1]);
  assert.equal(task.fullName, 'default.order@1.0.0');
  assert.deepEqual(
    (await client.listTasks({ tags: ['vip'], since: new Date(0) })).map(({ taskId }) => taskId),
    [created.taskId],
  );
  const [why] = await client.why(created.taskId, 'pay');
  assert.deepEqual([why.handler, why.reason, why.stepNo], ['pay', 'no_worker', 1]);
  const cancelled = await client.cancelTask(created.taskId, { by: 'anna' });
  assert.equal(cancelled.status, 'cancelled');
});

test('every verb of the engine is a method', () => {
  const native = require('../dist/native.js').native;
  const camel = (verb) => verb.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
  const missing = native.verbs().filter((verb) => typeof Client.prototype[camel(verb)] !== 'function');
  assert.deepEqual(missing, []);
});

test('every verb works, and takes the arguments that it has', async (t) => {
  const client = await open(t);
  await client.registerTemplate(chain('order', ['pay', 'ship'], { skippable: true }));
  const { taskId } = await client.createTask('order', {
    context: { order: 7 },
    initiator: 'anna',
    sourceSystem: 'shop',
    reason: 'why not',
    requestedAt: new Date(),
    idempotencyKey: 'a',
    idempotencyTtlSeconds: 60,
    onDuplicate: 'return',
    version: '1.0.0',
    namespace: 'default',
  });
  assert.equal(await client.taskState(taskId), 'pending');
  assert.equal(await client.waitState(taskId, { until: ['pending'] }), 'pending');
  assert.equal((await client.wait(taskId, { until: ['pending'] })).sourceSystem, 'shop');
  assert.equal((await client.steps(taskId)).length, 2);
  assert.deepEqual((await client.step(taskId, 1)).childrenIds, [2]);
  assert.equal((await client.readiness(taskId))[0].readyForExecution, true);
  const analysis = await client.dependencyAnalysis(taskId, { impact_multipliers: { blocked_penalty: 0 } });
  assert.deepEqual(analysis.dependencyGraph.edges[0], { from: 1, to: 2, fromName: 'pay', toName: 'ship' });
  assert.equal(analysis.criticalPaths.paths[0].criticalityScore, 22);
  assert.equal(analysis.taskExecutionSummary.overallHealth, 'healthy');
  assert.equal((await client.transitions(taskId))[0].toState, 'pending');
  assert.equal((await client.listSteps(taskId, { after: 1 }))[0].name, 'ship');
  assert.deepEqual(await client.listWorkers({ health: ['alive'], handler: 'pay' }), []);
  assert.ok((await client.listNamespaces({ containing: 'def' })).some(({ name }) => name === 'default'));
  assert.deepEqual((await client.listHandlers())[0].namedTasks, ['default.order']);
  assert.equal((await client.namedTasks('default'))[0].stepCount, 2);
  assert.equal((await client.template('default', 'order')).name, 'order');
  assert.equal((await client.templateContents('default', 'order'))[0].replacedAt, null);
  assert.deepEqual((await client.updateTask(taskId, { tags: ['vip'], by: 'anna' })).tags, ['vip']);
  assert.equal((await client.updateStep(taskId, 'pay', { retryLimit: 9, inputs: { a: 1 } })).retryLimit, 9);
  await client.pause({ handler: 'pay' }, { by: 'anna', reason: 'the bank is closed' });
  const [paused] = await client.why(taskId, 'pay');
  assert.deepEqual([paused.reason, paused.detail.pauses[0].by], ['paused', 'anna']);
  assert.equal((await client.listHandlers({ containing: 'pay' }))[0].pause.reason, 'the bank is closed');
  await client.resume({ handler: 'pay' });
  await client.pause({ taskId });
  await client.resume({ taskId });
  await client.pause({ namespace: 'default', name: 'order' });
  await client.resume({ namespace: 'default', name: 'order' });
  const actions = await client.operatorActions(taskId);
  assert.deepEqual(
    actions.map(({ workflowStepId, name, handler }) => workflowStepId ?? name ?? handler),
    [null, 1, 'pay', 'pay', null, null, 'order', 'order'],
  );
  assert.deepEqual(actions[0].metadata, {
    by: 'anna',
    verb: 'update_task',
    changed: { tags: { from: [], to: ['vip'] } },
  });
  assert.equal((await client.resolveStep(taskId, 'pay', { paid: true }, { by: 'anna' })).status, 'resolved_manually');
  assert.equal((await client.cancelStep(taskId, 'ship', { reason: 'enough' })).status, 'cancelled');
  assert.equal(
    (await client.retryStep(taskId, 'ship', { resetAttempts: true }).catch((error) => error)).code,
    'ILLEGAL_TRANSITION',
  );
  assert.equal((await client.retryTask(taskId).catch((error) => error)).code, 'ILLEGAL_TRANSITION');
  assert.equal((await client.resolveTask(taskId, { by: 'anna' })).status, 'resolved_manually');
  const { taskId: other } = await client.createTask('order');
  assert.equal(await client.countTasks({ status: ['pending'] }, { most: 5 }), 1);
  assert.equal(await client.countSteps({ taskName: 'order', ofOpenTasks: true }), 2);
  const [found] = await client.findSteps({ names: ['ship'], status: ['pending'] });
  assert.deepEqual([found.taskId, found.workflowStepId, found.fullName], [other, 2, 'default.order@1.0.0']);
  const steps = await client.operateOnSteps('resolve', { names: ['pay'] }, { results: { paid: 1 }, by: 'anna' });
  assert.deepEqual(steps, { outcomes: [{ taskId: other, workflowStepId: 1, refusal: null }], after: [other, 1] });
  assert.deepEqual(
    (await client.operateOnSteps('update', { after: [other, 1] }, { retryLimit: 4 })).outcomes.length,
    1,
  );
  const tasks = await client.operateOnTasks('cancel', { tags: [] }, { reason: 'enough' });
  assert.deepEqual(tasks, { outcomes: [{ taskId: other, refusal: null }], after: other });
  assert.deepEqual(await client.operateOnTasks('cancel', { after: other }), { outcomes: [], after: null });
  assert.equal((await client.migrate()).applied.length, 0);
  assert.ok((await client.schemaVersion()) > 0);
  assert.match(await client.database(), /^postgres/);
  assert.equal((await client.settings()).backoff.jitter_enabled, false);
  const report = await client.doctor();
  assert.ok(report.checks.length > 0 && report.checkedAt.endsWith('Z'));
});

test('the same key is the same task', async (t) => {
  const client = await open(t);
  await client.registerTemplate(chain('order', ['pay']));
  const [first, again] = await client.createTasks([
    { name: 'order', idempotencyKey: '7' },
    { name: 'order', idempotencyKey: '7' },
  ]);
  assert.deepEqual([first.created, again.created, first.taskId], [true, false, again.taskId]);
  await assert.rejects(
    client.createTask('order', { idempotencyKey: '7', onDuplicate: 'reject' }),
    tasker.AlreadyExistsError,
  );
});

test('what was noted on a task is read oldest first', async (t) => {
  const client = await open(t);
  await client.registerTemplate(chain('order', ['pay']));
  const { taskId } = await client.createTask('order');
  assert.deepEqual(await client.listAnnotations(taskId), []);
  const parcel = await client.annotateTask(taskId, ' parcel ', { sent_by: 'DHL', sentAt: new Date(0) });
  const { taskAnnotationId, createdAt, ...said } = parcel;
  assert.ok(Number.isInteger(taskAnnotationId) && !Number.isNaN(Date.parse(createdAt)));
  assert.deepEqual(said, {
    taskId,
    annotationType: 'parcel',
    annotation: { sent_by: 'DHL', sentAt: '1970-01-01T00:00:00.000Z' },
  });
  const rest = [];
  for (const [type, annotation] of [
    ['note', 2n ** 64n - 1n],
    ['parcel', []],
    ['note', ''],
  ]) {
    rest.push(await client.annotateTask(taskId, type, annotation));
  }
  assert.deepEqual(
    rest.map(({ annotation }) => annotation),
    [2n ** 64n - 1n, [], ''],
  );
  assert.deepEqual(await client.listAnnotations(taskId), [parcel, ...rest]);
});

test('an annotation that says nothing or is of no task is refused', async (t) => {
  const client = await open(t);
  await client.registerTemplate(chain('order', ['pay']));
  const { taskId } = await client.createTask('order');
  for (const [type, annotation, message] of [
    ['note', null, /'note' has to say something/],
    ['note', undefined, /missing field `annotation`/],
    ['', 1, /1 to 64 characters, not 0/],
    ['x'.repeat(65), 1, /1 to 64 characters, not 65/],
    ['note', [2n ** 64n], /whole numbers go from/],
    ['note', { it: () => 1 }, /annotate_task: a function cannot be said in JSON \(at \/annotation\/it\)/],
  ]) {
    await assert.rejects(client.annotateTask(taskId, type, annotation), { code: 'INVALID_ARGUMENT', message });
  }
  assert.deepEqual(await client.listAnnotations(taskId), []);
  const nothing = '0190a0a0-0000-7000-8000-000000000000';
  await assert.rejects(client.annotateTask(nothing, 'note', 1), tasker.NotFoundError);
  await assert.rejects(client.listAnnotations(nothing), tasker.NotFoundError);
});

test('errors say what they are, and who asked', async (t) => {
  const client = await open(t);
  async function askForNothing() {
    await client.task('0190a0a0-0000-7000-8000-000000000000');
  }
  const missing = await askForNothing().catch((error) => error);
  assert.ok(
    missing instanceof tasker.NotFoundError && missing instanceof tasker.TaskerError && missing instanceof Error,
  );
  const { name, kind, code, number, retry } = missing;
  assert.deepEqual([name, kind, code, number, retry], ['NotFoundError', 'not_found', 'NOT_FOUND', 2001, false]);
  assert.match(missing.stack, /askForNothing/);
  await assert.rejects(client.createTask('order'), tasker.UnknownNamedTaskError);
  await assert.rejects(client.createTask('order', { contxt: {} }), /contxt/);
  await assert.rejects(client.task('no id'), tasker.InvalidArgumentError);
  await assert.rejects(client.createTask('order', { context: { it: () => 1 } }), {
    code: 'INVALID_ARGUMENT',
    message: /create_task: a function cannot be said in JSON \(at \/context\/it\)/,
  });
  await assert.rejects(client.createTask('order', { context: { it: 2n ** 64n } }), /whole numbers go from/);
  await client.registerTemplate(chain('order', ['pay']));
  const { taskId } = await client.createTask('order');
  await assert.rejects(client.wait(taskId, { withinSeconds: 0 }), {
    name: 'WaitTimeoutError',
    message: /pending/,
    retry: true,
  });
});

test('every class of an error is exported, alike to import and to require', () => {
  const required = require('tasker-engine');
  assert.deepEqual(
    Object.keys(tasker)
      .filter((name) => name !== 'default' && name !== 'module.exports')
      .sort(),
    Object.keys(required).sort(),
  );
  const imported = { ...tasker };
  for (const [name, value] of Object.entries(required)) assert.equal(imported[name], value);
  assert.equal(new tasker.PermanentError('x').name, 'PermanentError');
});

test('a template comes from a file, whose mistakes are told with their places', async (t) => {
  const client = await open(t);
  const folder = await mkdtemp(join(tmpdir(), 'tasker-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  const file = join(folder, 'order.yaml');
  await writeFile(file, 'name: order\nversion: 1.0.0\nstep_templates:\n  - {name: a, handler: h}\n');
  assert.equal((await client.registerTemplate(file)).registered, 'new');
  assert.equal((await client.registerTemplate(pathToFileURL(file))).registered, 'unchanged');
  await writeFile(
    file,
    'name: order\nversion: 1.0.0\nstep_templates:\n  - {name: a, handler: h, depends_on_step: b}\n',
  );
  await assert.rejects(client.registerTemplate(file), (error) => {
    assert.ok(error instanceof tasker.InvalidTemplateError);
    assert.match(error.message, /order\.yaml/);
    return true;
  });
});

test('a wait is given up by a signal', async (t) => {
  const client = await open(t);
  await client.registerTemplate(chain('order', ['pay']));
  const { taskId } = await client.createTask('order');
  const controller = new AbortController();
  const waiting = client.wait(taskId, { withinSeconds: 2, signal: controller.signal });
  controller.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  await assert.rejects(client.wait(taskId, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  assert.equal(await client.taskState(taskId), 'pending');
});

test('a database that is away is told', async (t) => {
  const client = new Client({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none' });
  atEnd(t, () => client.close());
  await assert.rejects(client.listTasks(), { name: 'DatabaseUnavailableError', retry: true });
});

test('settings are checked at once', () => {
  assert.throws(() => new Client({ settings: { backof: { jitter_enabled: false } } }), {
    name: 'ConfigInvalidError',
    message: /backof/,
  });
});

test('a client is closed once or twice, and used no more', async (t) => {
  const client = new Client({ databaseUrl: await database(t) });
  await client.listTasks();
  await client.close();
  await client.close();
  await client[Symbol.asyncDispose]();
  await assert.rejects(client.listTasks(), { name: 'ShuttingDownError', message: /was closed: make another/ });
  await assert.rejects(new tasker.Worker(client).start(), /was closed/);
  await new Client({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none' }).close();
});

test('a client that is closed while it is asked answers something', async (t) => {
  const client = new Client({ databaseUrl: await database(t) });
  const asked = Promise.allSettled([client.listTasks(), client.doctor(), client.listWorkers()]);
  await client.close();
  for (const { status, reason } of await asked) {
    assert.ok(status === 'fulfilled' || reason instanceof tasker.TaskerError, String(reason));
  }
});

test('large numbers in a context come back exactly', async (t) => {
  const client = await open(t);
  await client.registerTemplate(chain('order', ['pay']));
  const context = {
    small: -(2n ** 63n),
    large: 2n ** 64n - 1n,
    list: [2n ** 53n],
    plain: 1,
    text: '12345678901234567890',
  };
  const { taskId } = await client.createTask('order', { context });
  assert.deepEqual((await client.task(taskId)).context, context);
});
