/** The package as it is published: its form, its types, and the first example of its README in an empty folder. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { atEnd, database, Program } from './support.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => join(root, 'node_modules/.bin', name);
const run = promisify(execFile);

let packed;
let tarball;

before(async () => {
  packed = await mkdtemp(join(tmpdir(), 'tasker-pack-'));
  await run(process.execPath, [join(root, 'npm/pack.mjs'), packed]);
  const names = (await readdir(packed)).filter((name) => name.endsWith('.tgz'));
  assert.deepEqual(names.sort(), ['tasker-engine-2.0.0.tgz', 'tasker-engine-linux-x64-gnu-2.0.0.tgz']);
  tarball = join(packed, 'tasker-engine-2.0.0.tgz');
});

test('publint finds nothing', async () => {
  const { stdout } = await run(bin('publint'), ['run', '--strict', tarball]);
  assert.match(stdout, /All good/);
});

test('the types are right for import and for require', async () => {
  await run(bin('attw'), [tarball, '--profile', 'node16']);
});

const needsGlibc = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);

test('the native half needs no newer glibc than 2.28', { skip: !needsGlibc }, async () => {
  await run(join(root, '../scripts/check-glibc'), [join(root, 'dist/tasker_node.node')]);
});

test('no declaration says any', async () => {
  const declarations = (await readdir(join(root, 'dist'), { recursive: true })).filter((name) =>
    /\.d\.[cm]?ts$/.test(name),
  );
  assert.ok(declarations.length > 5);
  for (const name of declarations) {
    const text = await readFile(join(root, 'dist', name), 'utf8');
    assert.doesNotMatch(text.replace(/\/\*.*?\*\//gs, ''), /\bany\b/, name);
  }
});

test('the package installs into an empty folder, where the first example of its README runs', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tasker-install-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  await run('npm', ['init', '--yes'], { cwd: folder });
  const tarballs = (await readdir(packed)).filter((name) => name.endsWith('.tgz')).map((name) => join(packed, name));
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...tarballs], { cwd: folder });
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const [, example] = /```js\n(.*?)```/s.exec(readme);
  await writeFile(join(folder, 'order.mjs'), example);
  const databaseUrl = await database(t);
  const ended = await new Program(t, [join(folder, 'order.mjs')], databaseUrl).ended;
  assert.deepEqual([ended.status, ended.output], [0, 'complete { charged: 42 }\n'], ended.errors);
  const command = await new Program(t, [join(folder, 'node_modules/.bin/tasker-engine'), 'worker', '--help'], '').ended;
  assert.equal(command.status, 0, command.errors);
  await rm(packed, { recursive: true });
});
