// What a process has of the engine when everything was stopped and closed: its threads and descriptors, after one round of
// work and after another one.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { Client, Registry, Worker } from 'tasker-engine';

const PATIENCE_MS = 30_000;

/** What `look` sees at each number in a folder; what has gone meanwhile is left out. */
function seen(folder, look) {
  const found = {};
  for (const number of readdirSync(folder)) {
    try {
      found[number] = look(`${folder}/${number}`).trim();
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }
  return found;
}

const threads = () => seen('/proc/self/task', (place) => readFileSync(`${place}/comm`, 'utf8'));
const descriptors = () => seen('/proc/self/fd', (place) => readlinkSync(place));

/** Workers that have stopped: still referred to, they keep nothing open. */
const held = [];

async function work() {
  const client = new Client();
  const registry = new Registry();
  registry.handler('pay', async () => ({ paid: true }));
  await client.registerTemplate({ name: 'order', version: '1.0.0', step_templates: [{ name: 'pay', handler: 'pay' }] });
  const worker = await new Worker(client, { registry }).start();
  held.push(worker);
  const { taskId } = await client.createTask('order');
  console.log(await client.waitState(taskId, { withinSeconds: 30 }));
  await worker.stop();
  await client.close();
}

/** What is there, once there are no more threads than that: one on which the runtime waited goes after ten idle seconds. */
async function settled(most) {
  const until = performance.now() + PATIENCE_MS;
  do {
    await wait(50);
  } while (Object.keys(threads()).length > most && performance.now() < until);
  return { threads: threads(), descriptors: descriptors() };
}

// What Node makes for itself at first: its threads for files, and a descriptor that it keeps for streams.
console.log(await readFile('/proc/self/comm', 'utf8').then(() => 'begun'));
const before = { threads: threads(), descriptors: descriptors() };
await work();
const first = await settled(Object.keys(before.threads).length + 2);
await work();
const second = await settled(Object.keys(first.threads).length);
console.log(JSON.stringify({ before, first, second }));
