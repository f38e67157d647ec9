// What becomes of the first use of the engine, in which it panics, and of the next one.
import { Client, Registry, Worker } from 'tasker-engine';

const client = new Client();
const registry = new Registry();
registry.handler('pay', () => ({ paid: true }));

try {
  await (process.env.FIRST === 'worker' ? new Worker(client, { registry }).start() : client.listTasks());
} catch (error) {
  console.log(error.constructor.name, error.kind, error.number);
}
await client.registerTemplate({ name: 'order', version: '1.0.0', step_templates: [{ name: 'pay', handler: 'pay' }] });
const worker = await new Worker(client, { registry }).start();
const { taskId } = await client.createTask('order');
console.log(await client.waitState(taskId, { withinSeconds: 30 }));
await worker.stop();
await client.close();
