/** Workflows in code, and typed inputs. */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Registry, Worker, workflow } from 'tasker-engine';
import { z } from 'zod';
import { atEnd, failures, open, play } from './support.mjs';

const YAML = `
name: process_order
namespace_name: shop
version: 1.2.3
description: Takes an order.
default_dependent_system: erp
schema: {type: object, required: [price]}
environments: {production: {step_templates: [{name: ship, priority: 0}]}}
step_templates:
  - name: validate
    handler: shop.process_order.validate
    description: Checks the order.
  - name: reserve
    handler: warehouse.reserve
    depends_on_step: validate
    dependent_system: warehouse
    default_retry_limit: 5
    timeout_seconds: 45
    retry: {strategy: exponential, base_seconds: 0.5, multiplier: 3, max_seconds: 60, jitter: 0.2}
  - name: charge
    handler: shop.process_order.charge
    depends_on_step: validate
    default_retryable: false
    priority: 0
    handler_config: {url: "https://pay.example.com", key_name: it}
  - name: ship
    handler: shop.process_order.ship
    depends_on_steps: [reserve, charge]
    skippable: true
    retry: {strategy: schedule, schedule: [1, 10, 60]}
`;

/** The same in code. */
function processOrder(registry) {
  return workflow(
    {
      name: 'process_order',
      namespace: 'shop',
      version: '1.2.3',
      description: 'Takes an order.',
      defaultDependentSystem: 'erp',
      schema: { type: 'object', required: ['price'] },
      environments: { production: { step_templates: [{ name: 'ship', priority: 0 }] } },
      context: z.object({ price: z.number(), count: z.number().default(2) }),
      registry,
    },
    (w) => {
      const validate = w.step('validate', { description: 'Checks the order.' }, ({ context }) => ({
        total: context.price * context.count,
      }));
      const reserve = w.step('reserve', {
        handler: 'warehouse.reserve',
        dependsOn: validate,
        dependentSystem: 'warehouse',
        defaultRetryLimit: 5,
        timeoutSeconds: 45,
        retry: { strategy: 'exponential', baseSeconds: 0.5, multiplier: 3, maxSeconds: 60, jitter: 0.2 },
      });
      const charge = w.step(
        'charge',
        {
          dependsOn: validate,
          defaultRetryable: false,
          priority: 0,
          handlerConfig: { url: 'https://pay.example.com', key_name: 'it' },
          results: z.object({ charged: z.number() }),
        },
        async (step) => ({ charged: (await step.results(validate)).total }),
      );
      w.step(
        'ship',
        { dependsOn: [reserve, charge], skippable: true, retry: { strategy: 'schedule', schedule: [1, 10, 60] } },
        async (step) => ({ shipped: (await step.results(charge)).charged }),
      );
    },
  );
}

test('a workflow in code is the same template as the one in YAML', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tasker-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'order.yaml'), YAML);
  const client = await open(t);
  const registered = await client.registerTemplate(join(folder, 'order.yaml'));
  assert.equal(registered.registered, 'new');
  const order = processOrder(new Registry());
  assert.equal((await client.registerTemplate(order)).registered, 'unchanged');
  assert.deepEqual([order.name, order.namespace, order.version], ['process_order', 'shop', '1.2.3']);
  const other = await open(t);
  await other.registerTemplate(order);
  const [fromYaml, fromCode] = await Promise.all([client, other].map((of) => of.template('shop', 'process_order')));
  assert.deepEqual(fromCode, fromYaml);
  const digests = await Promise.all([client, other].map(async (of) => (await of.namedTasks('shop'))[0].digest));
  assert.equal(digests[0], digests[1]);
});

test('a workflow in code runs, each step with the results of those it names', async (t) => {
  const registry = new Registry();
  const order = processOrder(registry);
  assert.deepEqual(
    registry.names.sort(),
    ['charge', 'ship', 'validate'].map((step) => `shop.process_order.${step}`),
  );
  registry.handler('warehouse.reserve', () => ({ reserved: true }));
  const client = await open(t);
  await client.registerTemplate(order);
  const worker = await new Worker(client, { registry }).start();
  atEnd(t, () => worker.stop());
  const { taskId } = await client.createTask('process_order', { namespace: 'shop', context: { price: 21 } });
  assert.equal((await client.wait(taskId, { withinSeconds: 30 })).status, 'complete');
  assert.deepEqual((await client.step(taskId, 'ship')).results, { shipped: 42 });
});

test('a dependency of elsewhere, a step without a handler, and a name that is taken are refused', () => {
  const build = (steps) => () => workflow({ name: 'order', registry: new Registry() }, steps);
  assert.throws(
    build((w) => w.step('pay', { dependsOn: { name: 'validate' } }, () => 1)),
    /'pay' depends on 'validate', which is no step of this workflow/,
  );
  assert.throws(
    build((w) => w.step('pay', {})),
    /neither a function nor the name of a handler/,
  );
  assert.throws(
    build((w) => {
      w.step('pay', () => 1);
      w.step('pay', () => 2);
    }),
    /'default.order.pay' is there already/,
  );
});

test('a context that does not suit its schema fails for good, and defaults are filled in', async (t) => {
  const seen = [];
  const client = await open(t);
  const registry = new Registry();
  const Order = z.object({ price: z.number(), lines: z.array(z.object({ count: z.int().default(1) })) });
  registry.handler('pay', { context: Order }, (step) => {
    seen.push(step.context);
    return { price: step.context.price };
  });
  const worker = await new Worker(client, { registry }).start();
  atEnd(t, () => worker.stop());
  const good = await play(client, { context: { price: 1, lines: [{}] } });
  assert.equal(good.status, 'complete');
  assert.deepEqual(seen, [{ price: 1, lines: [{ count: 1 }] }]);
  const bad = await play(client, { context: { price: '1', lines: [{ count: 'x' }] } });
  const [failure, ...more] = await failures(client, bad.taskId);
  assert.deepEqual([failure.error_code, more.length, seen.length], ['invalid_context', 0, 1]);
  assert.deepEqual(
    failure.details.problems.map(({ pointer }) => pointer),
    ['/price', '/lines/0/count'],
  );
});

test('results that do not suit their schema fail for good, and what it makes of them is stored', async (t) => {
  const client = await open(t);
  const registry = new Registry();
  const Receipt = z.object({ charged: z.coerce.number() });
  registry.handler('pay', { results: Receipt }, () => ({ charged: '42', secret: 'not stored' }));
  registry.handler('fail', { results: Receipt }, async () => ({ charged: 'nothing' }));
  const worker = await new Worker(client, { registry }).start();
  atEnd(t, () => worker.stop());
  const good = await play(client);
  assert.deepEqual((await client.step(good.taskId, 1)).results, { charged: 42 });
  const bad = await play(client, { name: 'bad', steps: ['fail'] });
  const [failure, ...more] = await failures(client, bad.taskId);
  assert.deepEqual([failure.error_code, more.length], ['invalid_results', 0]);
});
