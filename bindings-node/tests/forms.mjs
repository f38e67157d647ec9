/** The forms in which the interface over HTTP is mounted: each is asked alike, below /tasker. */

import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { fastifyPlugin, fetchHandler, nodeHandler } from 'tasker-engine/http';
import { atEnd } from './support.mjs';

/** Text in a header goes out as UTF-8, a buffer as it is; Node wants one byte in each character. */
const bytes = (value) => Buffer.from(value, 'utf8').toString('latin1');

/** Asks a server by `node:http`: the answer, whose body may be read, and the request, whose body may be written. */
export function begin(port, { method = 'GET', target, headers = {}, agent }) {
  const given = Object.entries(headers).map(([name, value]) => [name, bytes(value)]);
  const asking = send({ port, method, path: `/tasker${target}`, headers: Object.fromEntries(given), agent });
  const answer = once(asking, 'response').then(([response]) => response);
  return { asking, answer };
}

/** Asks, and has the whole answer. */
export async function ask(port, { body, ...request }) {
  const { asking, answer } = begin(port, request);
  // A body that is a text would have Node send the headers as text, too.
  asking.end(body === undefined ? body : Buffer.from(body));
  const response = await answer;
  const chunks = await response.toArray();
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() };
}

async function listening(t, server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => {
    server.close();
    server.closeAllConnections();
  });
  return server.address().port;
}

/** A server with this listener, to the end of the test: its port. */
export function serving(t, listener) {
  return listening(t, createServer(listener));
}

function fetched(answer) {
  return async ({ method = 'GET', target, headers = {}, body }) => {
    const given = Object.entries(headers).map(([name, value]) => [name, bytes(value)]);
    const request = new Request(`http://shop.example/tasker${target}`, { method, headers: given, body });
    const response = await answer(request);
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
  };
}

/** Each form, mounted with some options: a function that asks. */
export const FORMS = {
  async 'node:http'(t, client, options) {
    const port = await serving(t, nodeHandler(client, { prefix: '/tasker', ...options }));
    return (request) => ask(port, request);
  },
  async Express(t, client, options) {
    const app = express();
    app.use('/tasker', nodeHandler(client, options));
    const port = await serving(t, app);
    return (request) => ask(port, request);
  },
  async Fastify(t, client, options) {
    const app = fastify();
    atEnd(t, () => app.close());
    app.register(fastifyPlugin(client, options), { prefix: '/tasker' });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address();
    // So that `close` need not wait for connections that are kept.
    return (request) => ask(port, { ...request, agent: false });
  },
  async fetch(_t, client, options) {
    return fetched(fetchHandler(client, { prefix: '/tasker', ...options }));
  },
  async Hono(_t, client, options) {
    const app = new Hono();
    const handler = fetchHandler(client, { prefix: '/tasker', ...options });
    app.all('/tasker/*', (c) => handler(c.req.raw, c));
    return fetched((request) => app.request(request));
  },
};
