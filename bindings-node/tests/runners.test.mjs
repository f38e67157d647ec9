/** The kit under the test runners that people have besides `node:test`: a project of a user's, with the package in it. */

import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { atEnd, database, Program } from './support.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const modules = join(root, 'node_modules');

/** Each runner: its tests, and how it is run in the folder of the project. */
const RUNNERS = {
  vitest: { from: 'order.vitest.mjs', to: 'order.test.mjs', command: ['vitest/vitest.mjs', 'run'] },
  jest: { from: 'order.jest.cjs', to: 'order.test.cjs', command: ['jest/bin/jest.js', '--ci', '--watchman=false'] },
};

/** A folder in which these packages are installed, this one as a copy: a runner treats what is linked to as sources. */
async function project(t, ...packages) {
  const folder = await mkdtemp(join(tmpdir(), 'tasker-runner-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  const own = join(folder, 'node_modules/tasker-engine');
  await mkdir(own, { recursive: true });
  await cp(join(root, 'dist'), join(own, 'dist'), { recursive: true });
  await cp(join(root, 'package.json'), join(own, 'package.json'));
  for (const name of packages) await symlink(join(modules, name), join(folder, 'node_modules', name));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'shop', jest: { transform: {} } }));
  return folder;
}

for (const [name, { from, to, command }] of Object.entries(RUNNERS)) {
  test(`workflows are tested under ${name}, which then ends by itself`, async (t) => {
    const folder = await project(t, 'pg', 'vitest');
    await cp(join(root, 'tests/runners', from), join(folder, to));
    const [program, ...args] = command;
    const env = { CI: 'true', NO_COLOR: '1' };
    const runs = new Program(t, [join(modules, program), ...args], await database(t), { cwd: folder, env });
    const { status, output, errors } = await runs.ended;
    assert.equal(status, 0, output + errors);
    assert.match(output + errors, /Tests:? +3 passed/);
    assert.doesNotMatch(output + errors, /did not exit/);
  });
}
