// `node test/helpers/install-packages.mjs FOLDER`: installs the packages of a private project of its own, unless those that its lock file names are there.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

const [, , folder = ''] = process.argv;
const lock = join(folder, 'package-lock.json');
if (folder === '' || !existsSync(lock)) {
  console.error('usage: node test/helpers/install-packages.mjs FOLDER, of one that has a package-lock.json');
  process.exit(2);
}
const installed = join(folder, 'node_modules', '.package-lock.json');
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
  // What the lock file names. Not `npm ci`: it refuses one that lacks builds for other platforms, which are optional, and not in every registry.
  const { status } = spawnSync('npm', ['install', '--no-save'], {
    cwd: folder,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  process.exitCode = status ?? 1;
}
