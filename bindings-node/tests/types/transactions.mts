// Compiled, not run: connections of the host's own, and the kit.

import type { Knex } from 'knex';
import pg from 'pg';
import { Client, type Created, handler, type StepRecord } from 'tasker-engine';
import { type CrashReport, type TestReport, type Variant, WorkflowTest } from 'tasker-engine/testing';

declare const trx: Knex.Transaction;
const pool = new pg.Pool();
const connection = await pool.connect();
const client = new Client();

const created: Created = await client.createTaskIn(connection, 'order', { context: { order: 7 } });
const many: Created[] = await client.createTasksIn(trx, [{ name: 'order' }]);
await client.createTaskIn(new pg.Client(), 'order');
// @ts-expect-error no connection
await client.createTaskIn({}, 'order');
// @ts-expect-error no such key
await client.createTaskIn(connection, 'order', { contxt: {} });

handler('pay', async (step) => {
  await step.completeIn(connection, { paid: true });
});

const shop = new WorkflowTest(connection, { settings: { backoff: { jitter_enabled: true } } });
await shop.fault('pay').onAttempt(1).retryable('503', { retryAfter: 1 });
const report: TestReport = await shop.run('order', { namespace: 'shop' });
const step: StepRecord = report.step('pay');
const crashes: CrashReport = await shop.crashEverywhere(
  'order',
  {},
  { check: (variant: Variant) => variant.report.status, mayDiffer: ['pay'] },
);
// @ts-expect-error a fault needs a message
await shop.fault('pay').permanent();

export const kept = [created, many, step, crashes];
