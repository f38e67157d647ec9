/** The package that the user's modules load. */

import { createRequire } from 'node:module';
import { join } from 'node:path';

/** This package, as the user's modules load it. */
export type Package = typeof import('../index.js');

/**
 * The package that modules of a folder load. It need not be the one that this command is of: `npx` may have one of its own,
 * and handlers would be registered with the other one.
 */
export function packageOf(folder: string): Package {
  const requireThere = createRequire(join(folder, 'tasker'));
  try {
    return requireThere('tasker-engine') as Package;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    return requireThere(join(__dirname, '../index.js')) as Package;
  }
}
