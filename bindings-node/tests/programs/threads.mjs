// Workers in threads: one is ended in the middle of a poll, with a handler on its way; another goes on.
import { once } from 'node:events';
import { isMainThread, parentPort, Worker as Thread, workerData } from 'node:worker_threads';
import { Client, Registry, Worker } from 'tasker-engine';

const settings = { execution: { lease_seconds: 1 }, backoff: { default_backoff_seconds: [0] } };

if (isMainThread) {
  const client = new Client({ settings });
  const start = async (name) => {
    const thread = new Thread(new URL(import.meta.url), { workerData: name });
    await once(thread, 'message');
    return thread;
  };
  for (let round = 0; round < 5; round += 1) {
    const [idle, quitter] = await Promise.all([start('idle'), start('hang')]);
    const { taskId } = await client.createTask('hang');
    await once(quitter, 'message');
    // In the middle of a poll, and of a handler; and one that had nothing to do.
    await Promise.all([quitter.terminate(), idle.terminate()]);
    const steady = await start('answer');
    const task = await client.wait(taskId, { withinSeconds: 30 });
    const { results } = await client.step(taskId, 1);
    console.log(`${task.status} by ${results.by}, attempt ${results.attempt}`);
    steady.postMessage('stop');
    await once(steady, 'exit');
  }
  await client.close();
} else {
  const client = new Client({ settings });
  const registry = new Registry();
  const handler = {
    idle: () => 1,
    hang: () => {
      parentPort.postMessage('hanging');
      return new Promise(() => {});
    },
    answer: (step) => ({ by: workerData, attempt: step.attempt }),
  }[workerData];
  registry.handler(workerData === 'idle' ? 'idle' : 'hang', handler);
  const worker = await new Worker(client, { registry, name: workerData, concurrency: 2 }).start();
  parentPort.postMessage('ready');
  parentPort.once('message', async () => {
    await worker.stop();
    await client.close();
  });
}
