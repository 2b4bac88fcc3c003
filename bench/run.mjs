/**
 * `npm run bench`: all questions. `-- deadline storm`: these, and they come first. `--only systole,partysocket`: these libraries. `--quick`: fewer repetitions.
 * All else is vitest's, and is passed on. When everything was measured, pictures and documentation are drawn anew; `-- draw`: only that.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { peerNames } from './peers/index.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const usage =
  'usage: npm run bench -- [question…] [--only library,…] [--quick] [flags of vitest]\n       npm run bench -- draw';
const questions = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.slice(0, -'.bench.ts'.length));

const { asked, others, env } = understood(process.argv.slice(2));
if (asked.includes('draw')) {
  draw();
} else {
  install('bench/peers');
  const files = asked.map((question) => `bench/${question}.bench.ts`);
  const args = ['run', '--config', 'bench/vitest.config.ts', ...files, ...others];
  process.exitCode = statusOf('node_modules/vitest/vitest.mjs', args);
  // As `isWhole` of `chosen.ts` has it: otherwise nothing was kept.
  if (Object.keys(env).length === 0 && existsSync(`${root}/bench/results`)) draw();
}

/**
 * Questions; what is vitest's, in its order; and what is ours as `chosen.ts` reads it.
 * @param {string[]} given
 * @returns {{ asked: string[]; others: string[]; env: Record<string, string> }}
 */
function understood(given) {
  const told = { asked: [], others: [], env: {} };
  const args = [...given];
  while (args.length > 0) {
    const arg = args.shift();
    if (arg === '--quick') told.env.BENCH_QUICK = '1';
    else if (arg === '--only') told.env.BENCH_ONLY = args.shift() ?? '';
    else if (arg.startsWith('--only=')) told.env.BENCH_ONLY = arg.slice('--only='.length);
    // Some tests of a question are not all of it.
    else if (/^(?:-t|--testNamePattern)\b/.test(arg)) {
      told.env.BENCH_PART = '1';
      told.others.push(arg);
    }
    // Behind a flag that is not ours it may be its value.
    else if (told.others.length > 0 || arg.startsWith('-')) told.others.push(arg);
    else told.asked.push(arg);
  }
  refuseUnknown('question', told.asked, [...questions, 'draw']);
  refuseUnknown('library', told.env.BENCH_ONLY?.split(',') ?? [], peerNames);
  if (told.asked.includes('draw') && given.length > 1) refuse('draw stands alone: it measures nothing');
  return told;
}

function draw() {
  install('bench/pictures');
  run('bench/pictures/draw.mjs');
}

function install(folder) {
  run('test/helpers/install-packages.mjs', [folder]);
}

function refuseUnknown(what, names, known) {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) refuse(`there is no ${what} "${unknown}"; there are ${known.join(', ')}`);
}

function refuse(why) {
  console.error(`${why}\n${usage}`);
  process.exit(2);
}

function run(script, args = []) {
  const status = statusOf(script, args);
  if (status !== 0) process.exit(status);
}

function statusOf(script, args) {
  const { status } = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    env: { ...process.env, BENCH_ONLY: undefined, BENCH_QUICK: undefined, BENCH_PART: undefined, ...env },
    stdio: 'inherit',
  });
  return status ?? 1;
}
