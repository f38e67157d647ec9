// A worker with handlers that behave badly, until SIGTERM.
import { Client, Registry, Worker } from 'tasker-engine';

const registry = new Registry();

registry.handler('hang', () => {
  console.log('hanging');
  return new Promise(() => {});
});

registry.handler('exit', () => process.exit(7));

registry.handler('detach', () => {
  Promise.reject(new Error('nobody waits for this'));
  return { done: true };
});

// Blocks the event loop for three leases.
registry.handler('block', (step) => {
  const until = performance.now() + 3000;
  while (performance.now() < until);
  return { attempt: step.attempt };
});

registry.handler('pay', (step) => ({ attempt: step.attempt, pid: process.pid }));

if (process.env.CATCH) process.on('unhandledRejection', (error) => console.log(`unhandled: ${error.message}`));

const client = new Client({ settings: { execution: { lease_seconds: 1 }, backoff: { default_backoff_seconds: [0] } } });
const worker = new Worker(client, { registry, logger: { info() {}, warn() {}, error: console.error } });
process.on('SIGTERM', () => worker.requestStop());
await worker.start();
console.log('ready');
await worker.run();
console.log('stopped');
