#!/usr/bin/env node
/** `npx tasker-engine`: the worker of Node (`worker MODULE…`), and everything else that the `tasker` command does. */

import { inspect } from 'node:util';
import { native } from '../native.js';
import { parse } from './arguments.js';
import { packageOf } from './package.js';
import { supervise } from './reload.js';
import { work } from './work.js';

async function main([command, ...given]: readonly string[]): Promise<number> {
  if (command !== 'worker') return native.runCommand(['tasker', ...(command === undefined ? [] : [command]), ...given]);
  const asked = parse(given);
  switch (asked.kind) {
    case 'help':
      process.stdout.write(`${asked.text}\n`);
      return 0;
    case 'refused':
      process.stderr.write(`error: ${asked.problem}\n`);
      return 2;
    case 'worker':
      return asked.reload ? supervise(asked) : work(asked, packageOf(process.cwd()));
  }
}

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    process.stderr.write(`error: ${error instanceof Error ? (error.stack ?? error.message) : inspect(error)}\n`);
    process.exitCode = 1;
  },
);
