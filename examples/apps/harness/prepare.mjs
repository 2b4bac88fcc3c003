/** What the examples need, made where it is missing: their packages, and systole as its users get it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { apps } from './listed.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const modules = join(apps, 'node_modules');
/** Of what the packed systole was made. */
const stamp = join(modules, '.systole');

/** @returns whether all is there */
export function prepare() {
  if (!existsSync(join(modules, '.package-lock.json'))) console.error('installing what the examples need, once …');
  return (
    run(process.execPath, 'test/helpers/install-packages.mjs', apps) &&
    (existsSync(join(root, 'dist')) || run('npm', 'run', '--silent', 'build')) &&
    (isPacked() || pack())
  );
}

function isPacked() {
  return existsSync(join(modules, 'systole')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === newest();
}

/** Packed and unpacked: by a link a page would get its React and its xstate twice, ours and its own. */
function pack() {
  const folder = join(modules, `.systole-${process.pid}`);
  mkdirSync(folder);
  const made = newest();
  // Without its scripts: it has been built.
  const isMade =
    run('npm', 'pack', '--ignore-scripts', '--silent', '--pack-destination', folder) &&
    run(
      'tar',
      '-xzf',
      join(
        folder,
        readdirSync(folder).find((name) => name.endsWith('.tgz')),
      ),
      '-C',
      folder,
    );
  if (isMade) {
    rmSync(join(modules, 'systole'), { recursive: true, force: true });
    renameSync(join(folder, 'package'), join(modules, 'systole'));
    writeFileSync(stamp, made);
  }
  rmSync(folder, { recursive: true, force: true });
  return isMade;
}

/** When `dist` was last written to, and how much is in it. */
function newest() {
  const files = readdirSync(join(root, 'dist'), { recursive: true }).map((name) => statSync(join(root, 'dist', name)));
  return `${files.length} files, ${Math.max(...files.map(({ mtimeMs }) => mtimeMs))}`;
}

function run(command, ...args) {
  const { status } = spawnSync(command, args, {
    cwd: root,
    // Trouble, and what is being installed, is for those who look; not for those who read our lines.
    stdio: ['ignore', command === 'npm' ? 'ignore' : 2, 2],
    shell: process.platform === 'win32' && command !== process.execPath,
  });
  return status === 0;
}
