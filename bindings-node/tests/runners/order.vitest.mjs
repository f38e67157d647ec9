/** Workflows tested under Vitest, as a user would. */

import pg from 'pg';
import { Registry, UnknownNamedTaskError, workflow } from 'tasker-engine';
import { WorkflowTest } from 'tasker-engine/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

const registry = new Registry();
const order = workflow({ name: 'order', namespace: 'shop', version: '1.0.0', registry }, (w) => {
  const validate = w.step('validate', (step) => ({ total: step.context.price * 2 }));
  w.step('charge', { dependsOn: validate }, async (step) => ({ charged: (await step.results(validate)).total }));
});
const ORDER = { namespace: 'shop', context: { price: 21 } };

describe('an order', () => {
  const connection = new pg.Client({ connectionString: process.env.TASKER_DATABASE_URL });
  let shop;
  beforeAll(() => connection.connect());
  beforeEach(async () => {
    await connection.query('begin');
    shop = new WorkflowTest(connection, { registry });
    await shop.register(order);
  });
  afterEach(() => connection.query('rollback'));
  afterAll(() => connection.end());

  test('is charged when the bank has been closed', async () => {
    await shop.fault('charge').onAttempt(1).retryable('the bank is closed', { retryAfter: 3600 });
    const report = await shop.run('order', ORDER);
    expect(report.status).toBe('complete');
    expect(report.step('charge')).toMatchObject({ attempts: 2, results: { charged: 42 } });
  });

  test('is right wherever its process dies', async () => {
    const crashes = await shop.crashEverywhere('order', ORDER, {
      check: ({ report }) => expect(report.step('charge').results).toEqual({ charged: 42 }),
    });
    expect(crashes.isRight, String(crashes)).toBe(true);
    const wrong = await shop.crashEverywhere('order', ORDER, { check: () => expect(1).toBe(2) });
    expect(String(wrong)).toContain('expected 1 to be 2');
  });

  test('of an unknown name is refused by the classes of the package', async () => {
    await expect(shop.run('odrer', ORDER)).rejects.toThrow(UnknownNamedTaskError);
    const { rows } = await connection.query('select count(*)::int from tasker.tasks');
    expect(rows).toEqual([{ count: 0 }]);
  });
});
