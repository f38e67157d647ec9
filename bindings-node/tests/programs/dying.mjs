// A worker whose handler pays and completes in one transaction, and is killed at a point that the environment names.

import { createRequire } from 'node:module';
import pg from 'pg';
import { Client, handler, Worker } from 'tasker-engine';

const databaseUrl = process.env.TASKER_DATABASE_URL;

function dieAt(point) {
  if (point === process.env.POINT) process.kill(process.pid, 'SIGKILL');
}

handler('pay', async (step) => {
  dieAt('before');
  const connection = new pg.Client({ connectionString: databaseUrl });
  await connection.connect();
  await connection.query('begin');
  await connection.query('insert into payments values ($1)', [step.taskId]);
  dieAt('written');
  await step.completeIn(connection, { paid: true });
  dieAt('completed');
  await connection.query('commit');
  dieAt('committed');
  await connection.end();
});

if (process.env.POINT === 'returning') {
  // The step is complete; the process dies before it has said that its handler returned.
  const { native } = createRequire(import.meta.url)('../../dist/native.js');
  native.Worker.prototype.complete = () => dieAt('returning');
}

const client = new Client({ settings: { execution: { lease_seconds: 1.0, heartbeat_seconds: 0.2 } } });
await new Worker(client).run();
