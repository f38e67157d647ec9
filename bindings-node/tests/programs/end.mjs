// Opens a client, and a worker where WORKER says so, and ends as END says.
import { Client, Registry, Worker } from 'tasker-engine';

const client = new Client();
await client.listTasks();
let worker;
if (process.env.WORKER) {
  const registry = new Registry();
  registry.handler('pay', () => 1);
  worker = await new Worker(client, { registry }).start();
}
switch (process.env.END) {
  case 'falls off its end':
    worker?.unref();
    break;
  case 'stops':
    await worker?.stop();
    break;
  case 'exits':
    process.exit(3);
    break;
  case 'exits with a call out':
    client.doctor();
    process.exit(3);
    break;
  case 'throws':
    throw new Error('the end');
  case 'closes twice':
    await worker?.stop();
    await client.close();
    await client.close();
    break;
  case 'is killed':
    process.kill(process.pid, 'SIGKILL');
}
