/** Workflows tested under Jest, as a user would. */

const pg = require('pg');
const { Registry, UnknownNamedTaskError, workflow } = require('tasker-engine');
const { WorkflowTest } = require('tasker-engine/testing');
const { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } = require('@jest/globals');

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
    expect([crashes.isRight, String(crashes)]).toEqual([true, expect.stringMatching(/^right at each of/)]);
    const wrong = await shop.crashEverywhere('order', ORDER, { check: () => expect(1).toBe(2) });
    expect(String(wrong)).toContain('Expected: 2');
  });

  test('of an unknown name is refused by the classes of the package', async () => {
    await expect(shop.run('odrer', ORDER)).rejects.toThrow(UnknownNamedTaskError);
    const { rows } = await connection.query('select count(*)::int from tasker.tasks');
    expect(rows).toEqual([{ count: 0 }]);
  });
});
