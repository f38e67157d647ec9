/**
 * A web server that takes orders, and works on them in the same process.
 *
 *     node server.mjs
 *
 * Handlers share the event loop with the requests. In production the worker is usually a process of its own,
 * `npx tasker-engine worker ./orders.mjs`, and this one has a client only.
 */

import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { Client, InvalidContextError, NotFoundError, Worker } from 'tasker-engine';
import { processOrder } from './orders.mjs';

const client = new Client();
await client.migrate();
await client.registerTemplate(processOrder);
const worker = await new Worker(client).start();

/** Takes an order: its task. The same order sent twice is one task. */
async function createOrder(request) {
  const order = await json(request);
  const { taskId } = await client.createTask('process_order', {
    namespace: 'shop',
    context: order,
    idempotencyKey: order.order_id,
  });
  return [202, { task_id: taskId }];
}

/** How far it is. */
async function readOrder(taskId) {
  const { status } = await client.task(taskId);
  return [200, { status }];
}

async function answer(request) {
  const [, taskId] = /^\/orders\/([0-9a-f-]{36})$/.exec(request.url) ?? [];
  try {
    if (request.method === 'POST' && request.url === '/orders') return await createOrder(request);
    if (request.method === 'GET' && taskId !== undefined) return await readOrder(taskId);
    return [404, { error: 'there are POST /orders and GET /orders/TASK_ID' }];
  } catch (error) {
    if (error instanceof SyntaxError) return [400, { error: error.message }];
    if (error instanceof InvalidContextError) return [422, { error: error.message }];
    if (error instanceof NotFoundError) return [404, { error: error.message }];
    console.error(error);
    return [500, { error: 'something went wrong' }];
  }
}

const server = createServer(async (request, response) => {
  const [status, body] = await answer(request);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
server.listen(Number(process.env.PORT ?? 3000), () => console.log(`listening on port ${server.address().port}`));

process.once('SIGTERM', async () => {
  server.close();
  server.closeIdleConnections();
  // Handlers that run may finish; what waits goes back to the others.
  await worker.stop();
  await client.close();
});
