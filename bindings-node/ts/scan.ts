/** Finding handlers: modules are loaded, and what they register is there. */

import { readdir, stat } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const EXTENSIONS = new Set(['.js', '.mjs', '.cjs']);
const WITH_TYPES = new Set(['.ts', '.mts', '.cts']);

/** Whether this Node runs TypeScript by itself. */
function runsTypes(): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript);
}

/**
 * Loads modules, so that the handlers in them are registered: ES modules and CommonJS, and TypeScript where this Node runs it.
 *
 * @param places - Paths of files, or of folders, whose modules are all loaded in order of their names; tests are left out.
 * @returns The paths of what was loaded.
 * @throws What a module throws; an error with the code `ENOENT` where there is nothing.
 */
export async function scan(...places: readonly string[]): Promise<string[]> {
  const loaded: string[] = [];
  for (const place of places) {
    for (const file of await filesOf(resolve(place))) {
      await import(pathToFileURL(file).href);
      loaded.push(file);
    }
  }
  return loaded;
}

async function filesOf(place: string): Promise<string[]> {
  if (!(await stat(place)).isDirectory()) return [place];
  const entries = await readdir(place, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(place, entry.name);
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    if (entry.isDirectory()) found.push(...(await filesOf(path)));
    else if (isModule(entry.name)) found.push(path);
  }
  return found;
}

/** Code, and no test or declaration of types. */
function isModule(name: string): boolean {
  const extension = extname(name);
  const runs = EXTENSIONS.has(extension) || (runsTypes() && WITH_TYPES.has(extension));
  return runs && !/\.(test|spec|d)\.[cm]?[jt]s$/.test(name);
}
