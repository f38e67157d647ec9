// Compiled, not run: the interface over HTTP in the frameworks that people have.

import { createServer } from 'node:http';
import express from 'express';
import fastify, { type FastifyRequest } from 'fastify';
import { type Context, Hono } from 'hono';
import { Client } from 'tasker-engine';
import {
  type FetchHandler,
  fastifyPlugin,
  fetchHandler,
  type HttpOptions,
  nodeHandler,
  type Question,
} from 'tasker-engine/http';

interface User {
  name: string;
  roles: string[];
  team: string;
}

declare function userOf(cookie: string | null | undefined): Promise<User | null>;
const client = new Client();

createServer(nodeHandler(client, { principal: (request) => userOf(request.headers.cookie), timeoutSeconds: 5 }));

const app = express();
app.use('/tasker', nodeHandler(client));
app.use(
  '/tasker',
  nodeHandler(client, {
    principal: (request: express.Request) => ({ name: String(request.get('x-user')), team: 'blue' }),
    authorize: ({ team }, questions: readonly Question[]) => questions.map(({ action }) => team === action),
    address: (request) => request.ip,
  }),
);

const server = fastify();
server.register(fastifyPlugin(client), { prefix: '/tasker' });
server.register(
  fastifyPlugin(client, { principal: (request: FastifyRequest) => userOf(request.headers.cookie), logger: console }),
  { prefix: '/tasker' },
);
// @ts-expect-error what it is registered with says so
fastifyPlugin(client, { prefix: '/tasker' });

const hono = new Hono<{ Variables: { user: User } }>();
const tasker = fetchHandler(client, {
  prefix: '/tasker',
  principal: (_request, c: Context<{ Variables: { user: User } }>) => c.get('user'),
});
hono.all('/tasker/*', (c) => tasker(c.req.raw, c));
// @ts-expect-error the hook wants the context
tasker(new Request('http://shop.example/tasker/tasks'));

export const GET: FetchHandler = fetchHandler(client, { prefix: '/tasker', principal: () => 'anna' });
export const POST: FetchHandler<{ params: { id: string } }> = fetchHandler(client, {
  principal: (_request, { params }: { params: { id: string } }) => params.id,
});
export const options: HttpOptions<[Request, unknown]> = { principal: () => null };
// @ts-expect-error no such option
fetchHandler(client, { principle: () => null });
// @ts-expect-error a number is nobody
fetchHandler(client, { principal: () => 7 });
// @ts-expect-error one answer for each question
fetchHandler(client, { principal: () => 'anna', authorize: () => true });
