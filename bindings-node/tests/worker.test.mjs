/** What a worker does with what handlers return, throw, and do. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ConfigInvalidError,
  InvalidArgumentError,
  PermanentError,
  Registry,
  RetryableError,
  Worker,
} from 'tasker-engine';
import { chain, failures, gate, open, play, working } from './support.mjs';

test('a workflow crosses functions, async functions and classes', async (t) => {
  const { client, worker } = await working(t, {
    validate: (step) => ({ total: step.context.price * 2, attempt: step.attempt }),
    charge: async (step) => ({ charged: (await step.results('validate')).total }),
    ship: class {
      async process(task, sequence, step) {
        assert.equal(step.taskId, task.taskId);
        return { order: task.context.order, paid: await sequence.results('charge') };
      }
    },
  });
  assert.equal(worker.status.running, 0);
  const task = await play(client, { steps: ['validate', 'charge', 'ship'], context: { order: 7, price: 21 } });
  assert.equal(task.status, 'complete');
  const [validate, , ship] = await client.steps(task.taskId);
  assert.deepEqual(validate.results, { total: 42, attempt: 1 });
  assert.deepEqual(ship.results, { order: 7, paid: { charged: 42 } });
});

test('what is thrown decides whether it is tried again', async (t) => {
  const attempts = [];
  const { client } = await working(t, {
    flaky(step) {
      attempts.push(step.attempt);
      if (step.attempt === 1) {
        throw new RetryableError('the bank is closed', { retryAfter: 0, errorCode: 'closed', details: { bank: 1 } });
      }
      if (step.attempt === 2) throw new TypeError("nothing of Tasker's", { cause: new RangeError('the root of it') });
      return 'done';
    },
    async hopeless() {
      throw new PermanentError('no such card', { errorCode: 'no_card' });
    },
  });
  const task = await play(client, { steps: ['flaky', 'hopeless'], keys: { default_retry_limit: 5 } });
  assert.equal(task.status, 'error');
  assert.deepEqual(attempts, [1, 2, 3]);
  const [closed, other] = await failures(client, task.taskId, 'flaky');
  assert.deepEqual([closed.error_class, closed.error_code, closed.details], ['RetryableError', 'closed', { bank: 1 }]);
  assert.equal(other.error_class, 'TypeError');
  assert.match(other.backtrace, /nothing of Tasker's.*worker\.test\.mjs.*caused by: RangeError: the root of it/s);
  const [final, ...more] = await failures(client, task.taskId, 'hopeless');
  assert.deepEqual([final.error_code, more.length], ['no_card', 0]);
});

test('values survive both ways', async (t) => {
  const seen = [];
  const { client } = await working(t, {
    give: () => ({
      large: 2n ** 64n - 1n,
      small: -(2n ** 63n),
      odd: 2n ** 53n + 1n,
      exact: 2 ** 60,
      huge: 1e20,
      at: new Date('2026-01-01T02:00:00+02:00'),
      gone: undefined,
      list: [undefined, null],
      url: new URL('https://example.org/'),
      text: 'digits 12345678901234567890 in a text',
    }),
    async take(step) {
      const given = await step.results('give');
      seen.push(given, step.context.number);
      return given;
    },
  });
  const task = await play(client, { steps: ['give', 'take'], context: { number: 2n ** 63n } });
  assert.equal(task.status, 'complete');
  const expected = {
    large: 18446744073709551615n,
    small: -9223372036854775808n,
    odd: 9007199254740993n,
    exact: 1152921504606846976n,
    huge: 1e20,
    at: '2026-01-01T00:00:00.000Z',
    list: [null, null],
    url: 'https://example.org/',
    text: 'digits 12345678901234567890 in a text',
  };
  // PostgreSQL writes 1e20 out, beyond what a whole number may be on its way in.
  const { huge: _, ...exact } = (await client.step(task.taskId, 'take')).results;
  const { huge: __, ...wanted } = expected;
  assert.deepEqual(exact, wanted);
  assert.equal(seen[0].large, expected.large);
  assert.equal(seen[1], 9223372036854775808n);
});

test('nothing returned is an empty object', async (t) => {
  const { client } = await working(t, { pay() {} });
  const { taskId } = await play(client);
  assert.deepEqual((await client.step(taskId, 1)).results, {});
});

const cyclic = { inside: {} };
cyclic.inside.out = cyclic;
const deep = JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`);
const throwing = {
  get secret() {
    throw new Error('not for you');
  },
};
const UNSTORABLE = [
  ['bytes', Buffer.from('bytes'), '/it'],
  ['a typed array', new Float64Array(2), '/it'],
  ['a cycle', cyclic, '/it/inside/out'],
  ['NaN', { 'a/b': [0, Number.NaN] }, '/it/a~1b/1'],
  ['Infinity', Number.NEGATIVE_INFINITY, '/it'],
  ['a function', () => 1, '/it'],
  ['a symbol', Symbol('it'), '/it'],
  ['a lone surrogate', '\ud800', '/it'],
  ['U+0000', '\0', '/it'],
  ['what is nested too deeply', deep, undefined],
  ['2⁶⁴', 2n ** 64n, '/it'],
  ['below -2⁶³', -(2n ** 63n) - 1n, '/it'],
  ['a Map', new Map(), '/it'],
  ['a promise', Promise.resolve(), '/it'],
  ['an invalid date', new Date(Number.NaN), '/it'],
  ['a getter that throws', throwing, '/it/secret'],
  ['a toJSON that throws', { toJSON: () => assert.fail('no') }, '/it'],
  ['an async generator', (async function* () {})(), '/it'],
  ['a proxy of traps', new Proxy({}, { ownKeys: () => assert.fail('no') }), '/it'],
];

test('what JSON cannot say is a permanent failure with its place', async (t) => {
  const { client } = await working(
    t,
    Object.fromEntries(UNSTORABLE.map(([, it], number) => [`return_${number}`, () => ({ it })])),
  );
  for (const [number, [what, , pointer]] of UNSTORABLE.entries()) {
    const task = await play(client, { name: `task_${number}`, steps: [`return_${number}`] });
    assert.equal(task.status, 'error', what);
    const [failure, ...more] = await failures(client, task.taskId);
    assert.deepEqual([failure.error_code, more.length], ['result_not_serializable', 0], what);
    if (pointer !== undefined) assert.equal(failure.details.pointer, pointer, what);
  }
});

class Silent extends Error {
  get message() {
    throw new Error('not even this');
  }
  get stack() {
    throw new Error('nor this');
  }
}

class Misleading extends RetryableError {
  get details() {
    return {
      get it() {
        throw new Error('unreadable');
      },
    };
  }
}

const THROWN = [
  ['a text', 'just a text', /^string$/, /just a text/],
  ['nothing', undefined, /^undefined$/, /undefined/],
  ['null', null, /^null$/, /null/],
  ['an object', { code: 7 }, /^Object$/, /code: 7/],
  ['an object without a prototype', Object.create(null), /^Object$/, /Object/],
  ['a number', 7n, /^bigint$/, /7n/],
  ['a symbol', Symbol('it'), /^symbol$/, /Symbol\(it\)/],
  ['an error whose getters throw', new Silent(), /^Silent$/, /cannot be read/],
  [
    'an object whose toString throws',
    {
      toString() {
        throw new Error('no');
      },
    },
    /^Object$/,
    /toString/,
  ],
  [
    'a proxy whose traps throw',
    new Proxy(new Error('x'), { get: () => assert.fail(), getPrototypeOf: () => assert.fail() }),
    /./,
    /./,
  ],
  ['an error with half a character', new Error('no file \udcff'), /^Error$/, /no file \ufffd/],
  ['an abort', new DOMException('stopped', 'AbortError'), /^AbortError$/, /stopped/],
  [
    'odd options',
    new RetryableError('odd', { retryAfter: Number.NaN, errorCode: 7, details: { '\ud800': 1n } }),
    /^RetryableError$/,
    /odd/,
  ],
  ['details that cannot be read', new Misleading('why'), /^(RetryableError|Misleading)$/, /why/],
  [
    'details that JSON cannot say',
    new RetryableError('bytes', { details: Buffer.from('x') }),
    /^RetryableError$/,
    /bytes/,
  ],
  [
    'details nested to the limit',
    new RetryableError('deep', { details: JSON.parse(`${'['.repeat(126)}${']'.repeat(126)}`) }),
    /^RetryableError$/,
    /deep/,
  ],
];

test('whatever is thrown is recorded as a failure', async (t) => {
  const { client } = await working(
    t,
    Object.fromEntries(
      THROWN.map(([, thrown], number) => [
        `throw_${number}`,
        () => {
          throw thrown;
        },
      ]),
    ),
  );
  for (const [number, [what, , errorClass, message]] of THROWN.entries()) {
    const task = await play(client, {
      name: `task_${number}`,
      steps: [`throw_${number}`],
      keys: { default_retry_limit: 1 },
    });
    assert.equal(task.status, 'error', what);
    const [failure] = await failures(client, task.taskId);
    assert.match(failure.error_class, errorClass, what);
    assert.match(failure.error, message, what);
    assert.equal(failure.retryable, true, what);
  }
});

test('an exception in a constructor and one of a thenable are failures of the step', async (t) => {
  const { client } = await working(t, {
    construct: class {
      constructor() {
        throw new RangeError('not today');
      }
      process() {}
    },
    thenable: () => ({
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested.
      get then() {
        throw new RangeError('not today');
      },
    }),
  });
  for (const step of ['construct', 'thenable']) {
    const task = await play(client, { name: step, steps: [step], keys: { default_retry_limit: 1 } });
    const [failure] = await failures(client, task.taskId);
    assert.equal(failure.error_class, 'RangeError');
  }
});

test('a cancelled attempt hears of it, although every slot is taken', async (t) => {
  const begun = gate();
  const heard = gate();
  const { client } = await working(
    t,
    {
      async slow(step) {
        begun.open();
        await once(step.signal, 'abort');
        heard.open([step.cancelled, step.signal.reason.name]);
        step.signal.throwIfAborted();
      },
    },
    { concurrency: 1 },
  );
  await client.registerTemplate(chain('order', ['slow']));
  const { taskId } = await client.createTask('order');
  await begun.opened;
  await client.cancelTask(taskId, { by: 'anna', reason: 'enough' });
  assert.deepEqual(await heard.opened, [true, 'AbortError']);
});

test('an attempt past its deadline hears of it', async (t) => {
  const { client } = await working(t, {
    async slow(step) {
      assert.ok(step.deadline instanceof Date);
      await sleep(30_000, undefined, { signal: step.signal });
    },
  });
  const task = await play(client, { steps: ['slow'], keys: { timeout_seconds: 0.2, default_retry_limit: 1 } });
  const [failure] = await failures(client, task.taskId);
  assert.equal(failure.error_code, 'step_timeout');
});

test('a context of any size is there, and results that did not come along are fetched', async (t) => {
  const big = 'x'.repeat(100_000);
  const { client } = await working(t, {
    first: () => ({ big }),
    second: (step) => ({ length: step.context.big.length }),
    async third(step) {
      const [first, second] = await Promise.all([step.results('first'), step.results('second')]);
      await assert.rejects(step.results('fourth'), { code: 'NOT_FOUND', message: /depend on it/ });
      return { first: first.big.length, second };
    },
  });
  const task = await play(client, { steps: ['first', 'second', 'third'], context: { big } });
  assert.equal(task.status, 'complete');
  assert.deepEqual((await client.step(task.taskId, 'third')).results, { first: 100_000, second: { length: 100_000 } });
});

test('what a step is called is told', async (t) => {
  const told = gate();
  const { client } = await working(t, { pay: (step) => told.open(step) });
  await play(client, { keys: { handler_config: { url: 'https://example.org' } } });
  const step = await told.opened;
  assert.deepEqual(
    [step.name, step.taskName, step.namespace, step.version, step.stepNo, step.attempt, step.deadline],
    ['pay', 'order', 'default', '1.0.0', 1, 1, undefined],
  );
  assert.deepEqual(step.config, { url: 'https://example.org' });
  assert.equal(`${step}`, `step default.order.pay, attempt 1, of task ${step.taskId}`);
});

test('many tasks run side by side, and no more at once than there are slots', async (t) => {
  let running = 0;
  let most = 0;
  const { client } = await working(
    t,
    {
      async pay() {
        running += 1;
        most = Math.max(most, running);
        await new Promise(setImmediate);
        running -= 1;
      },
    },
    { concurrency: 5 },
  );
  await client.registerTemplate(chain('order', ['pay']));
  const created = await client.createTasks(Array.from({ length: 300 }, () => ({ name: 'order' })));
  const states = await Promise.all(created.map(({ taskId }) => client.waitState(taskId, { withinSeconds: 60 })));
  assert.deepEqual(new Set(states), new Set(['complete']));
  assert.ok(most >= 2 && most <= 5, `${most} at once`);
});

/** Blocks the event loop for long enough to be told of. */
function compute() {
  const until = performance.now() + 2000;
  while (performance.now() < until);
}

test('a handler that blocks the event loop is told of by its name', async (t) => {
  const warned = gate();
  const logger = { info() {}, warn: warned.open, error() {} };
  const { client } = await working(t, { compute }, { logger });
  await play(client, { steps: ['compute'] });
  assert.match(await warned.opened, /stood still for .* s while these handlers ran: compute/);
});

test('a logger that throws ends no worker: its warnings are warnings of the process', async (t) => {
  const logger = { info() {}, warn: () => assert.fail('no'), error() {} };
  const warned = once(process, 'warning');
  const { client } = await working(t, { compute, pay: () => 1 }, { logger });
  await play(client, { name: 'long', steps: ['compute'] });
  assert.match((await warned)[0].message, /stood still/);
  assert.equal((await play(client)).status, 'complete');
});

test('a worker without handlers is refused', async (t) => {
  const client = await open(t);
  const worker = new Worker(client, { registry: new Registry() });
  await assert.rejects(worker.start(), ConfigInvalidError);
  await assert.rejects(worker.run(), /at least one handler/);
  await worker.stop();
});

test('a concurrency that is none is refused', async (t) => {
  const client = await open(t);
  for (const concurrency of [0, -1, 1.5, Number.NaN, '4']) {
    assert.throws(() => new Worker(client, { concurrency }), InvalidArgumentError);
  }
});

test('a name is registered once, for a function or a class with process', () => {
  const registry = new Registry();
  const pay = () => 1;
  assert.equal(registry.handler('pay', pay), pay);
  assert.deepEqual(registry.names, ['pay']);
  assert.throws(() => registry.handler('pay', pay), /'pay' is there already/);
  assert.throws(() => registry.handler('', pay), /needs a name/);
  assert.throws(() => registry.handler('other', class {}), /no process/);
  assert.throws(() => registry.handler('other', 7), /neither a function nor a class/);
});

test('a worker runs until it is asked to stop', async (t) => {
  const client = await open(t);
  const registry = new Registry();
  registry.handler('pay', () => 1);
  const controller = new AbortController();
  const worker = new Worker(client, { registry });
  const running = worker.run({ signal: controller.signal });
  await worker.start();
  controller.abort();
  await running;
  await worker.stop();
  const [record] = await client.listWorkers({ ended: true });
  assert.deepEqual([record.health, record.runtime, record.handlers], ['stopped', 'node', ['pay']]);
});

test('a worker that was stopped before it began runs nothing', async (t) => {
  const client = await open(t);
  const registry = new Registry();
  registry.handler('pay', () => 1);
  const worker = new Worker(client, { registry });
  worker.requestStop();
  await worker.run();
  await assert.rejects(worker.start(), /was stopped/);
  await new Worker(client, { registry }).run({ signal: AbortSignal.abort() });
  assert.deepEqual(await client.listWorkers({ ended: true }), []);
  assert.throws(() => worker.status, InvalidArgumentError);
});

test('stopping waits for what runs, and hands the rest back uncounted', async (t) => {
  const begun = gate();
  const go = gate();
  const { client, worker } = await working(
    t,
    {
      async pay() {
        begun.open();
        await go.opened;
        return { paid: true };
      },
    },
    { concurrency: 1 },
  );
  await client.registerTemplate(chain('order', ['pay']));
  const [first, second] = await client.createTasks([{ name: 'order' }, { name: 'order' }]);
  await begun.opened;
  const stopped = worker.stop();
  assert.equal(worker.stop(), stopped);
  go.open();
  await stopped;
  const steps = await Promise.all([first, second].map(({ taskId }) => client.step(taskId, 'pay')));
  const told = steps.map(({ status, attempts }) => `${status} ${attempts}`).sort();
  assert.deepEqual(told, ['complete 1', 'pending 0']);
});
