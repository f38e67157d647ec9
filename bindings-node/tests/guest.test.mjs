/** The package as a guest in a process: what goes wrong inside of it, and what it leaves behind. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { atEnd, database, Program } from './support.mjs';

const run = promisify(execFile);
const skip = process.platform !== 'linux' && 'looks at /proc, or at how Linux links';

for (const FIRST of ['call', 'worker']) {
  test(`a panic of the engine in the first ${FIRST} is an internal error, and the process goes on`, {
    skip,
  }, async (t) => {
    // The runtime of the engine panics when the system gives it no thread.
    const folder = await mkdtemp(join(tmpdir(), 'tasker-preload-'));
    atEnd(t, () => rm(folder, { recursive: true }));
    const preloaded = join(folder, 'no_threads.so');
    const source = fileURLToPath(new URL('../../tests/preload/no_threads.c', import.meta.url));
    await run('cc', ['-shared', '-fPIC', '-o', preloaded, source]);
    const env = { FIRST, LD_PRELOAD: preloaded, NO_THREAD_FOR: 'tasker_node' };
    const ended = await Program.of(t, 'panic.mjs', await database(t), env).ended;
    // A worker asks for its answer on a thread of its own, which is refused before anything can panic.
    const error = FIRST === 'worker' ? 'InternalError internal 9001' : 'InternalError panic 9002';
    assert.deepEqual([ended.status, ended.output], [0, `${error}\ncomplete\n`], ended.errors);
  });
}

/** How often each of some things is there that were not before, whatever their numbers. */
function added(now, before) {
  const counts = {};
  for (const [number, what] of Object.entries(now)) {
    if (number in before) continue;
    const kind = what.replace(/:?\[\d+\]$/, '');
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

test('after the end there is the runtime of the process and nothing else', { skip }, async (t) => {
  const program = fileURLToPath(new URL('programs/left.mjs', import.meta.url));
  const ended = await new Program(t, [program], await database(t)).ended;
  assert.equal(ended.status, 0, ended.errors);
  const [begun, one, other, said] = ended.output.trim().split('\n');
  assert.deepEqual([begun, one, other], ['begun', 'complete', 'complete']);
  const { before, first, second } = JSON.parse(said);
  // Two threads of the runtime, and what they wait on; no connection, no thread of a worker.
  assert.deepEqual(added(first.threads, before.threads), { tasker: 2 });
  const kept = { 'anon_inode:[eventpoll]': 2, 'anon_inode:[eventfd]': 1, socket: 3 };
  assert.deepEqual(added(first.descriptors, before.descriptors), kept, said);
  assert.deepEqual(second, first);
});
