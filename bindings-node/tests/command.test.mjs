/** The worker as a command. */

import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { scan } from 'tasker-engine';
import { atEnd, chain, database, open, Program } from './support.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const main = join(root, 'dist/command/main.js');
const handlers = join(root, 'tests/programs/handlers.mjs');

/** A folder of a user's, in which this package is installed. */
async function project(t, files) {
  await mkdir(join(root, 'node_modules/.tests'), { recursive: true });
  const folder = await mkdtemp(join(root, 'node_modules/.tests/project-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'node_modules'));
  await symlink(root, join(folder, 'node_modules/tasker-engine'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

async function task(t, steps) {
  const databaseUrl = await database(t);
  const client = await open(t, { databaseUrl });
  await client.registerTemplate(chain('order', steps));
  const { taskId } = await client.createTask('order');
  return { databaseUrl, client, taskId };
}

test('the command runs handlers until SIGTERM, and lets them finish', async (t) => {
  const { databaseUrl, client, taskId } = await task(t, ['pay', 'slow']);
  const worker = new Program(t, [main, 'worker', handlers, '--name', 'till', '--concurrency=2'], databaseUrl);
  await worker.says('begun');
  const [{ name, concurrency, handlers: names }] = await client.listWorkers();
  assert.deepEqual([name, concurrency, names], ['till', 2, ['pay', 'slow', 'hang']]);
  worker.child.kill('SIGTERM');
  const ended = await worker.ended;
  assert.deepEqual([ended.status, ended.signal], [0, null], ended.errors);
  assert.match(ended.errors, /SIGTERM: handlers may finish.*stopped/s);
  assert.equal((await client.task(taskId)).status, 'complete');
  assert.deepEqual((await client.step(taskId, 'slow')).results, { cancelled: false });
});

test('a second signal ends the command at once', async (t) => {
  const { databaseUrl } = await task(t, ['hang']);
  const worker = new Program(t, [main, 'worker', handlers], databaseUrl);
  await worker.says('begun');
  worker.child.kill('SIGINT');
  await worker.says('handlers may finish');
  worker.child.kill('SIGINT');
  const ended = await worker.ended;
  assert.deepEqual([ended.status, ended.signal], [130, null]);
  assert.match(ended.errors, /ending at once/);
});

test('folders are scanned for modules of either kind, and for no tests', async (t) => {
  const { databaseUrl, client, taskId } = await task(t, ['first', 'second', 'third']);
  const folder = await project(t, {
    'workflows/first.mjs': "import { handler } from 'tasker-engine'; handler('first', () => 1);",
    'workflows/deep/second.cjs': "require('tasker-engine').handler('second', () => 2);",
    'workflows/third.js': "require('tasker-engine').handler('third', () => 3);",
    'workflows/third.test.js': "throw new Error('a test');",
    'workflows/node_modules/other/index.js': "throw new Error('not ours');",
    'workflows/notes.txt': 'no module',
  });
  const worker = new Program(t, [main, 'worker', 'workflows'], databaseUrl, { cwd: folder });
  await worker.says('working: first, second, third');
  assert.equal(await client.waitState(taskId, { withinSeconds: 30 }), 'complete');
});

test('handlers of a project whose package is another copy are found', async (t) => {
  const { databaseUrl } = await task(t, ['pay']);
  const folder = await project(t, { 'pay.mjs': "import { handler } from 'tasker-engine'; handler('pay', () => 1);" });
  await rm(join(folder, 'node_modules/tasker-engine'));
  const copy = join(folder, 'node_modules/tasker-engine');
  await cp(join(root, 'dist'), join(copy, 'dist'), { recursive: true });
  await cp(join(root, 'package.json'), join(copy, 'package.json'));
  const worker = new Program(t, [main, 'worker', 'pay.mjs'], databaseUrl, { cwd: folder });
  await worker.says('working: pay');
});

test('a program scans folders as the command does', async (t) => {
  const folder = await project(t, {
    'a.mjs': 'globalThis.order = ["a"];',
    'deep/b.cjs': 'globalThis.order.push("b");',
  });
  assert.deepEqual(await scan(folder, join(folder, 'deep/b.cjs')), [
    join(folder, 'a.mjs'),
    join(folder, 'deep/b.cjs'),
    join(folder, 'deep/b.cjs'),
  ]);
  assert.deepEqual(globalThis.order, ['a', 'b']);
  await assert.rejects(scan(join(folder, 'none.mjs')), { code: 'ENOENT' });
});

test('a module that changes is loaded anew', async (t) => {
  const { databaseUrl, client, taskId } = await task(t, ['pay']);
  const source = (value) => `import { handler } from 'tasker-engine'; handler('other', () => 0); ${value}`;
  const folder = await project(t, { 'pay.mjs': source('') });
  const worker = new Program(
    t,
    [main, 'worker', join(folder, 'pay.mjs'), '--reload', '--database-url', databaseUrl],
    '',
  );
  await worker.says('working: other');
  await writeFile(join(folder, 'pay.mjs'), source("handler('pay', () => ({ paid: true }));"));
  await worker.says('working: other, pay');
  assert.equal(await client.waitState(taskId, { withinSeconds: 30 }), 'complete');
  worker.child.kill('SIGTERM');
  await worker.ended;
});

test('what the command cannot do is said', async (t) => {
  const says = async (...args) => {
    const { status, errors, output } = await new Program(t, [main, ...args], await database(t)).ended;
    return { status, said: errors + output };
  };
  assert.deepEqual((await says('worker')).status, 2);
  assert.match((await says('worker', '--wrong', 'x')).said, /--wrong/);
  assert.match((await says('worker', 'x.js', '--concurrency', 'many')).said, /not 'many'/);
  const missing = await says('worker', 'no-such-file.js');
  assert.deepEqual([missing.status, /no-such-file\.js/.test(missing.said)], [1, true], missing.said);
  const empty = await says('worker', join(root, 'tests/support.mjs'));
  assert.deepEqual([empty.status, /no handler is registered/.test(empty.said)], [1, true], empty.said);
  assert.equal((await says('worker', '--help')).status, 0);
});

test('everything else is the tasker command', async (t) => {
  const ended = await new Program(t, [main, '--version'], await database(t)).ended;
  assert.deepEqual([ended.status, /2\.0\.0/.test(ended.output)], [0, true], ended.errors);
  const wrong = await new Program(t, [main, 'no-such-command'], await database(t)).ended;
  assert.equal(wrong.status, 2, wrong.errors);
});
