/**
 * `npm run bench`: all questions. `-- deadline storm`: these. `-- --only systole,partysocket`: these libraries. `-- --quick`: fewer repetitions. All else is
 * vitest's, such as `-t`. The libraries are a project of their own (`peers/`), and are installed the first time.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

const { values, tokens } = parseArgs({
  options: { only: { type: 'string' }, quick: { type: 'boolean' } },
  allowPositionals: true,
  strict: false,
  tokens: true,
});
console.log(values, tokens.length, at('.'), spawnSync.name);
