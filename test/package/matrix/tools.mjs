/** `node test/package/matrix/tools.mjs`: installs what tools.json names, where that has not been done, and says where it is. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const wanted = readFileSync(new URL('tools.json', import.meta.url), 'utf8');
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'systole-ci');
const folder = join(cache, `tools-${createHash('sha256').update(wanted).digest('hex').slice(0, 12)}`);

if (!existsSync(folder)) {
  mkdirSync(cache, { recursive: true });
  // In its place only when it is whole: several may be at it.
  const begun = mkdtempSync(join(cache, 'begun-'));
  writeFileSync(join(begun, 'package.json'), wanted);
  try {
    execFileSync('npm', ['install', '--prefix', begun, '--no-fund', '--no-audit', '--no-package-lock'], {
      stdio: ['ignore', 2, 'inherit'],
    });
    renameSync(begun, folder);
  } catch (error) {
    rmSync(begun, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
}
console.log(folder);
