/**
 * Packs what is published, into a folder: the package, and beside it one with the native half for the system that this runs
 * on. The package names those of all systems as optional dependencies; npm installs the one that fits.
 *
 *     node npm/pack.mjs FOLDER
 */

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The systems that there is a native half for, as npm describes them. */
const SYSTEMS = {
  'linux-x64-gnu': { os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
};
const HERE = 'linux-x64-gnu';
const NATIVE = 'tasker_node.node';

const root = fileURLToPath(new URL('..', import.meta.url));
const { scripts, devDependencies, ...manifest } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

function pack(folder, name, json, files) {
  const staged = join(folder, name);
  rmSync(staged, { recursive: true, force: true });
  mkdirSync(staged, { recursive: true });
  writeFileSync(join(staged, 'package.json'), `${JSON.stringify(json, undefined, 2)}\n`);
  for (const [from, to] of files) cpSync(join(root, from), join(staged, to), { recursive: true });
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: staged, stdio: 'inherit' });
}

const folder = resolve(process.argv[2] ?? 'packed');
const { version, license, author, repository, engines } = manifest;
const ofSystem = (system) => `${manifest.name}-${system}`;
const optionalDependencies = Object.fromEntries(Object.keys(SYSTEMS).map((system) => [ofSystem(system), version]));
const documents = [
  ['README.md', 'README.md'],
  ['../LICENSE', 'LICENSE'],
];

pack(folder, manifest.name, { ...manifest, optionalDependencies }, [['dist', 'dist'], ...documents]);
pack(
  folder,
  ofSystem(HERE),
  {
    name: ofSystem(HERE),
    version,
    description: `The native half of ${manifest.name} for ${HERE}`,
    license,
    author,
    repository,
    engines,
    ...SYSTEMS[HERE],
    main: NATIVE,
    files: [NATIVE],
  },
  [[`dist/${NATIVE}`, NATIVE], ...documents],
);
