// Installs this folder's packages, unless those that the lock file names are there.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';

const here = (path) => new URL(path, import.meta.url);
const installed = here('node_modules/.package-lock.json');
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(here('package-lock.json')).mtimeMs) {
  // What the lock file names. Not `npm ci`: it refuses one that lacks builds for other platforms, which are optional, and not in every registry.
  const { status } = spawnSync('npm', ['install', '--no-save'], {
    cwd: here('.'),
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  process.exitCode = status ?? 1;
}
