/** The interface over HTTP, mounted in servers of Node. */

import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { Agent } from 'node:http';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import express from 'express';
import { Hono } from 'hono';
import { fetchHandler, nodeHandler } from 'tasker-engine/http';
import { ask, begin, FORMS, serving } from './forms.mjs';
import { conversation } from './recorded.mjs';
import { chain, database, gate, open, Program } from './support.mjs';

const JSON_BODY = { 'content-type': 'application/json' };
const LINES = { 'content-type': 'application/x-ndjson' };

/** A client that has the template `order`, and a task of it. */
async function shop(t) {
  const client = await open(t);
  await client.registerTemplate(chain('order', ['pay']));
  const { taskId } = await client.createTask('order');
  return { client, taskId };
}

/** A log that is kept. */
function kept() {
  const said = [];
  const say = (message, error) => said.push({ message, error });
  return { said, logger: { error: say, warn: say, info() {} } };
}

for (const [name, mount] of Object.entries(FORMS)) {
  test(`${name} answers as recorded`, async (t) => {
    const ask = await mount(t, await open(t), {});
    for (const { request, take, expected } of conversation()) {
      const { status, headers, body } = await ask(request());
      assert.deepEqual(take(status, headers['content-type'] ?? null, body), expected);
    }
  });

  test(`${name} knows where it is mounted`, async (t) => {
    const { client } = await shop(t);
    const ask = await mount(t, client, {});
    const created = await ask({ method: 'POST', target: '/tasks', headers: JSON_BODY, body: '{"name": "order"}' });
    const { task } = JSON.parse(created.body);
    assert.deepEqual([created.status, created.headers.location], [201, `/tasker/tasks/${task.task_id}`]);
    const description = JSON.parse((await ask({ target: '/openapi.json' })).body);
    assert.deepEqual(description.servers, [{ url: '/tasker' }]);
  });

  test(`${name} takes no change from a page of another site that a cookie may speak for`, async (t) => {
    const { client, taskId } = await shop(t);
    const anna = { name: 'anna', permissions: ['*'] };
    const led = { cookie: 's=1', 'sec-fetch-site': 'cross-site', ...JSON_BODY };
    const pause = { method: 'POST', target: `/tasks/${taskId}/pause`, body: '{}' };
    const asked = async (ambient, headers) => {
      const ask = await mount(t, client, { principal: () => ({ ...anna, ...ambient }) });
      return (await ask({ ...pause, headers })).status;
    };
    assert.equal(await asked({}, led), 403);
    assert.equal(await asked({ ambient: true }, JSON_BODY), 403);
    assert.equal(await asked({}, { ...led, 'sec-fetch-site': 'same-origin' }), 200);
    assert.equal(await asked({}, JSON_BODY), 200);
    assert.equal(await asked({ ambient: false }, led), 200);
  });

  test(`${name} asks the program who asks`, async (t) => {
    const { client, taskId } = await shop(t);
    const ask = await mount(t, client, {
      principal: async (request) => {
        const headers = request.raw?.headers ?? request.headers;
        const who = headers instanceof Headers ? headers.get('x-user') : headers['x-user'];
        return who ? { name: who, roles: [who === 'vera' ? 'viewer' : 'operator'] } : null;
      },
    });
    const cancel = { method: 'POST', target: `/tasks/${taskId}/cancel` };
    assert.equal((await ask({ target: '/health/live' })).status, 200);
    assert.equal((await ask(cancel)).status, 401);
    const refused = await ask({ ...cancel, headers: { 'x-user': 'vera' } });
    assert.equal(refused.status, 403);
    assert.match(refused.body, /tasker\.task:cancel/);
    assert.equal(await client.taskState(taskId), 'pending');
    assert.equal((await ask({ ...cancel, headers: { 'x-user': 'zora' } })).status, 200);
    const moves = await client.transitions(taskId);
    assert.equal(moves.at(-1).metadata.by, 'zora');
  });

  test(`${name} does nothing where a hook throws, and says so`, async (t) => {
    const { client, taskId } = await shop(t);
    const { said, logger } = kept();
    const failure = new Error('the sessions are gone: s3cret');
    const cancel = { method: 'POST', target: `/tasks/${taskId}/cancel` };
    const fails = () => {
      throw failure;
    };
    const hooks = [
      { principal: fails },
      { principal: async () => fails() },
      { principal: () => 7 },
      { principal: () => ({ name: 7 }) },
      { principal: () => ({ roles: 'admin' }) },
      { principal: () => ({ permissions: ['\ud800'] }) },
      { principal: () => 'anna\ud800' },
      { principal: () => ({ name: 'anna', ambient: 'no' }) },
      { principal: () => 'anna', address: () => 7 },
      { principal: () => 'anna', authorize: fails },
      { principal: () => 'anna', authorize: async () => fails() },
      { principal: () => 'anna', authorize: () => true },
      { principal: () => 'anna', authorize: () => [] },
      { principal: () => 'anna', authorize: () => ['yes'] },
    ];
    for (const options of hooks) {
      const ask = await mount(t, client, { ...options, logger });
      said.length = 0;
      const { status, headers, body } = await ask(cancel);
      assert.deepEqual([status, headers['content-type']], [500, 'application/problem+json'], body);
      assert.doesNotMatch(body, /s3cret/);
      assert.ok(
        said.some(({ error }) => error === failure || error?.code === 'INVALID_ARGUMENT'),
        JSON.stringify(said),
      );
    }
    assert.equal(await client.taskState(taskId), 'pending');
  });
}

for (const [name, mount] of Object.entries(FORMS)) {
  test(`${name} asks nobody who asks at probes`, async (t) => {
    const { client } = await shop(t);
    let calls = 0;
    const principal = () => {
      calls += 1;
      return null;
    };
    const ask = await mount(t, client, { principal });
    for (const target of ['/health/live', '/health/ready', '/health/live?x=1']) {
      assert.equal((await ask({ target })).status, 200);
    }
    assert.equal(calls, 0);
    assert.equal((await ask({ target: '/tasks' })).status, 401);
    assert.equal(calls, 1);
  });

  test(`${name} leaves a header that is no UTF-8 to the interface`, async (t) => {
    const { client } = await shop(t);
    const ask = await mount(t, client, {});
    const latin1 = (value) => Buffer.from(value, 'latin1');
    const create = (key) =>
      ask({
        method: 'POST',
        target: '/tasks',
        headers: { ...JSON_BODY, 'idempotency-key': key },
        body: '{"name": "order"}',
      });
    const before = await client.countTasks();
    for (const key of ['café', 'cafè']) {
      const { status, body } = await create(latin1(key));
      assert.deepEqual([status, await client.countTasks()], [400, before], body);
      assert.match(body, /the header idempotency-key is no UTF-8/);
    }
    assert.equal((await create('café')).status, 201);
    assert.equal((await ask({ target: '/tasks', headers: { 'x-note': latin1('café') } })).status, 200);
  });
}

test('what the host has found that an answer depends on is kept', async (t) => {
  const { client } = await shop(t);
  const app = express();
  app.use((request, response, next) => {
    const before = request.headers['x-before'];
    if (before) response.setHeader('Vary', before.split('|'));
    next();
  });
  app.use('/tasker', nodeHandler(client));
  const port = await serving(t, app);
  const varies = async (before) => {
    const { headers } = await ask(port, { target: '/tasks', headers: before ? { 'x-before': before } : {} });
    return headers.vary;
  };
  assert.equal(await varies(), 'accept-encoding');
  assert.equal(await varies('Origin'), 'Origin, accept-encoding');
  assert.equal(await varies('Origin, Accept-Encoding|Accept'), 'Origin, Accept-Encoding, Accept');
});

test('a query that is too long is refused', async (t) => {
  const { client } = await shop(t);
  const ask = await FORMS.fetch(t, client, {});
  assert.equal((await ask({ target: `/tasks?name=${'x'.repeat(65_000)}` })).status, 200);
  assert.equal((await ask({ target: `/tasks?name=${'x'.repeat(65_530)}` })).status, 414);
});

test('the program may decide by itself', async (t) => {
  const { client, taskId } = await shop(t);
  const asked = [];
  const mount = await FORMS['node:http'](t, client, {
    principal: () => ({ name: 'dora', team: 'blue' }),
    authorize: ({ team }, questions) => {
      asked.push([team, ...questions]);
      return questions.map(({ action }) => action === 'show');
    },
  });
  const step = `/tasks/${taskId}/workflow_steps/pay`;
  assert.equal((await mount({ target: step })).status, 200);
  assert.deepEqual(asked, [
    ['blue', { resource: 'tasker.workflow_step', action: 'show', resourceId: 'pay', parentId: taskId }],
  ]);
  assert.equal((await mount({ method: 'POST', target: `${step}/cancel` })).status, 403);
  assert.equal((await client.step(taskId, 'pay')).status, 'pending');
});

test('a name alone has the roles that everybody has', async (t) => {
  const { client } = await shop(t);
  const ask = await FORMS.fetch(t, client, { principal: () => 'nobody in particular' });
  assert.equal((await ask({ target: '/tasks' })).status, 403);
});

test('what the framework knows goes to the hooks', async (t) => {
  const { client } = await shop(t);
  const app = new Hono();
  const handler = fetchHandler(client, { prefix: '/tasker', principal: (_request, c) => c.get('user') });
  app.use(async (c, next) => {
    c.set('user', { name: 'anna', permissions: ['tasker.task:*'] });
    await next();
  });
  app.all('/tasker/*', (c) => handler(c.req.raw, c));
  assert.equal((await app.request('/tasker/tasks')).status, 200);
  assert.equal((await app.request('/tasker/workers')).status, 403);
});

test('what is elsewhere is for others', async (t) => {
  const { client } = await shop(t);
  const app = express();
  app.use(nodeHandler(client, { prefix: '/tasker/' }));
  app.use((request, response) => response.status(418).end(request.url));
  const port = await serving(t, app);
  const status = async (target) => (await ask(port, { target })).status;
  assert.deepEqual([await status('/tasks'), await status('?x'), await status('s/tasks')], [200, 404, 418]);
  const alone = await serving(t, nodeHandler(client, { prefix: '/elsewhere' }));
  assert.equal((await ask(alone, { target: '/tasks' })).status, 404);
  const handler = fetchHandler(client, { prefix: '/elsewhere' });
  assert.equal((await handler(new Request('http://shop.example/tasks'))).status, 404);
});

test('a prefix that others have taken off is for links', async (t) => {
  const { client } = await shop(t);
  const handler = fetchHandler(client, { prefix: '/outside', stripped: true });
  const headers = { 'content-type': 'application/json' };
  const request = new Request('http://inside/tasks', { method: 'POST', headers, body: '{"name": "order"}' });
  assert.match((await handler(request)).headers.get('location'), /^\/outside\/tasks\//);
});

test('each line is answered while the next is not there yet', async (t) => {
  const { client } = await shop(t);
  const port = await serving(t, nodeHandler(client, { prefix: '/tasker' }));
  const { asking, answer } = begin(port, { method: 'POST', target: '/tasks/bulk', headers: LINES });
  asking.write('{"name": "order"}\n');
  const lines = createInterface({ input: await answer })[Symbol.asyncIterator]();
  assert.equal(JSON.parse((await lines.next()).value).created, true);
  asking.write('{"name": "nobody"}\n');
  assert.equal(JSON.parse((await lines.next()).value).problem.status, 422);
  asking.end();
  assert.equal((await lines.next()).done, true);
});

test('no more is sent than the client takes', async (t) => {
  const { client } = await shop(t);
  const writes = [];
  const told = new EventEmitter();
  let full;
  const app = express();
  app.use((_request, response, next) => {
    full = response;
    response.write = (chunk) => {
      writes.push(JSON.parse(chunk).index);
      told.emit('write');
      return false;
    };
    next();
  });
  app.use('/tasker', nodeHandler(client));
  const port = await serving(t, app);
  const { asking, answer } = begin(port, { method: 'POST', target: '/tasks/bulk', headers: LINES });
  answer.catch(() => {});
  const first = once(told, 'write');
  asking.write('{"name": "order", "context": {"order": 1}}\n');
  await first;
  asking.write('{"name": "order", "context": {"order": 2}}\n');
  // Neither is the second line read, while the first answer is not taken: a request of its own has time to be answered.
  const other = await serving(t, nodeHandler(client, { prefix: '/tasker' }));
  assert.equal((await ask(other, { target: '/tasks' })).status, 200);
  assert.deepEqual([writes, await client.countTasks()], [[0], 2]);
  const second = once(told, 'write');
  full.emit('drain');
  await second;
  assert.deepEqual([writes, await client.countTasks()], [[0, 1], 3]);
  asking.on('error', () => {}).destroy();
});

test('by fetch, too, and no more is read than is answered', async (t) => {
  const { client } = await shop(t);
  const handler = fetchHandler(client, { prefix: '/tasker' });
  let given = 0;
  let stopped;
  const over = new Promise((resolve) => {
    stopped = resolve;
  });
  const line = new TextEncoder().encode('{"name": "order"}\n');
  const endless = new ReadableStream(
    {
      pull(controller) {
        given += 1;
        controller.enqueue(line);
      },
      cancel: () => stopped(),
    },
    { highWaterMark: 0 },
  );
  const response = await handler(
    new Request('http://shop.example/tasker/tasks/bulk', {
      method: 'POST',
      headers: LINES,
      body: endless,
      duplex: 'half',
    }),
  );
  const reader = response.body.getReader();
  const { value } = await reader.read();
  assert.match(new TextDecoder().decode(value), /^\{.*"created":true/);
  assert.ok(given > 0);
  await reader.cancel();
  await over;
});

test('half a request is none', async (t) => {
  const { client } = await shop(t);
  const before = await client.countTasks();
  const app = express();
  let closed;
  const gone = new Promise((resolve) => {
    closed = resolve;
  });
  app.use('/tasker', (_request, response, next) => {
    response.once('close', closed);
    next();
  });
  app.use('/tasker', nodeHandler(client));
  const port = await serving(t, app);
  const headers = { ...JSON_BODY, 'transfer-encoding': 'chunked' };
  const { asking, answer } = begin(port, { method: 'POST', target: '/tasks/bulk', headers });
  answer.catch(() => {});
  asking.on('error', () => {});
  asking.write('[{"name": "order"},', () => asking.destroy());
  await gone;
  assert.equal(await client.countTasks(), before);
});

test('what a client that has gone away asked for is not done', async (t) => {
  const { client, taskId } = await shop(t);
  const [asked, decided, closed] = [gate(), gate(), gate()];
  const handler = nodeHandler(client, {
    prefix: '/tasker',
    principal: () => 'anna',
    async authorize(_principal, questions) {
      asked.open();
      await decided.opened;
      return questions.map(() => true);
    },
  });
  const port = await serving(t, (request, response) => {
    response.once('close', closed.open);
    handler(request, response);
  });
  const { asking, answer } = begin(port, { method: 'POST', target: `/tasks/${taskId}/cancel` });
  answer.catch(() => {});
  asking.end();
  await asked.opened;
  asking.destroy();
  await closed.opened;
  decided.open();
  for (let look = 0; look < 10; look += 1) assert.equal(await client.taskState(taskId), 'pending');
});

test('a request whose signal is aborted is given up', async (t) => {
  const { client } = await shop(t);
  const handler = fetchHandler(client);
  const reason = new Error('enough');
  await assert.rejects(handler(new Request('http://a/tasks', { signal: AbortSignal.abort(reason) })), reason);
  const abort = new AbortController();
  const body = new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('{"name": "order"}\n')) });
  const request = new Request('http://a/tasks/bulk', {
    method: 'POST',
    headers: LINES,
    body,
    duplex: 'half',
    signal: abort.signal,
  });
  const response = await handler(request);
  const reader = response.body.getReader();
  await reader.read();
  const next = reader.read();
  abort.abort(reason);
  await assert.rejects(next);
});

test('a body that a parser has read is written again', async (t) => {
  const { client } = await shop(t);
  const app = express();
  app.use(express.json(), express.text({ type: 'application/yaml' }), express.raw({ type: 'application/x-ndjson' }));
  app.use('/tasker', nodeHandler(client));
  const port = await serving(t, app);
  const post = (target, headers, body) => ask(port, { method: 'POST', target, headers, body });
  const created = await post('/tasks', JSON_BODY, '{ "name" : "order",\n "context": {"who": "Zoë"} }');
  assert.deepEqual([created.status, JSON.parse(created.body).task.context], [201, { who: 'Zoë' }]);
  const yaml = JSON.stringify(chain('other', ['pay']));
  assert.equal((await post('/templates', { 'content-type': 'application/yaml' }, yaml)).status, 201);
  assert.match((await post('/tasks/bulk', LINES, '{"name": "other"}\n')).body, /"created":true/);
  assert.equal((await ask(port, { target: '/tasks' })).status, 200);
});

test('a body that a fetch handler has read is a mistake of the program', async (t) => {
  const { client } = await shop(t);
  const handler = fetchHandler(client);
  const request = new Request('http://a/tasks', { method: 'POST', headers: JSON_BODY, body: '{"name": "order"}' });
  await request.json();
  await assert.rejects(handler(request), { code: 'INVALID_ARGUMENT' });
});

test('a connection goes on behind a body that nobody read', async (t) => {
  const { client } = await shop(t);
  const port = await serving(t, nodeHandler(client, { prefix: '/tasker', bodyBytes: 1000 }));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const body = JSON.stringify({ name: 'order', reason: 'x'.repeat(1_000_000) });
  const headers = { ...JSON_BODY, 'transfer-encoding': 'chunked' };
  const { asking, answer } = begin(port, { method: 'POST', target: '/tasks', headers, agent });
  asking.end(body);
  const refused = await answer;
  assert.equal(refused.statusCode, 413);
  await refused.toArray();
  const { asking: again, answer: next } = begin(port, { target: '/tasks', agent });
  again.end();
  const answered = await next;
  assert.deepEqual([answered.statusCode, again.reusedSocket], [200, true]);
  await answered.toArray();
});

test('HEAD has the headers of GET and no body', async (t) => {
  const { client } = await shop(t);
  for (const name of ['node:http', 'fetch']) {
    const ask = await FORMS[name](t, client, {});
    const [head, get] = [await ask({ method: 'HEAD', target: '/tasks' }), await ask({ target: '/tasks' })];
    assert.equal(head.body, '');
    assert.equal(head.headers['content-length'], String(Buffer.byteLength(get.body)));
  }
});

test('a target that is none is refused', async (t) => {
  const { client } = await shop(t);
  const port = await serving(t, nodeHandler(client));
  const { status, body } = await ask(port, { target: '/tasks?name=<"order">' });
  assert.equal(status, 400, body);
});

test('a client that was closed has no answers', async (t) => {
  const { client } = await shop(t);
  const ask = await FORMS.fetch(t, client, { logger: kept().logger });
  await client.close();
  assert.equal((await ask({ target: '/tasks' })).status, 503);
  assert.throws(() => nodeHandler(client), { code: 'SHUTTING_DOWN' });
});

test('options that there are not are refused', async (t) => {
  const client = await open(t);
  const wrong = [
    [{ principle: () => null }, /principle/],
    [{ authorize: () => [] }, /'principal', too/],
    [{ prefix: 'tasker' }, /begins with a slash/],
    [{ timeoutSeconds: 0 }, /timeout_seconds/],
  ];
  for (const [options, message] of wrong) {
    assert.throws(() => nodeHandler(client, options), { code: 'INVALID_ARGUMENT', message });
    assert.throws(() => fetchHandler(client, options), { code: 'INVALID_ARGUMENT', message });
  }
});

test('a process ends when its server does, whatever was on its way', async (t) => {
  const ended = await Program.of(t, 'mounted.mjs', await database(t)).ended;
  assert.deepEqual([ended.status, ended.output], [0, 'answered\nclosed\n'], ended.errors);
});
