/**
 * Would a test notice? Breaks `machines/` and `adapters/` in one place at a time (https://stryker-mutator.io), and runs the tests that judge the
 * file. A break that no test notices has to stand in test/mutation/survivors.md, with the reason why it does no harm.
 *
 *     npm run test:mutation                    everything
 *     npm run test:mutation -- machines        the files whose paths begin so
 *     npm run test:mutation -- --since main    the lines changed since then, committed or not
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';

import { Stryker } from '@stryker-mutator/core';

/** How much of what is broken has to be noticed, %. */
const least = 96;

/**
 * Which tests judge which files, the quick ones first. None of them draws at random, lest the score be a matter of luck. What is not here has
 * nothing that could be broken (types, re-exports), or is judged in Chromium (`platform.ts`, `worker-clock.ts`).
 */
const groups = [
  {
    files: ['backoff', 'settings', 'next-dial', 'session', 'server-clock', 'connection'].map(
      (name) => `machines/${name}.ts`,
    ),
    tests: ['machine/backoff', 'machine/table', 'machine/machine'],
  },
  { files: ['adapters/proof.ts', 'adapters/inbox.ts'], tests: ['line/proof', 'line/inbox'] },
  {
    files: ['adapters/socket.ts', 'adapters/socket.ws.ts', 'adapters/departure.ts'],
    tests: ['line/socket', 'line/visit', 'line/options', 'line/line', 'line/departure'],
  },
  {
    files: ['adapters/visit.ts', 'adapters/surface.ts'],
    tests: ['line/visit', 'line/gate', 'line/line', 'line/dial', 'machine/embedding'],
  },
  {
    files: ['adapters/line.ts', 'adapters/websocket.ts', 'adapters/listeners.ts'],
    tests: [
      'line/gate',
      'line/visit',
      'line/inbox',
      'line/lifecycle',
      'line/line',
      'machine/embedding',
      'line/options',
      'line/buffer',
      'line/snapshot',
    ],
  },
  { files: ['adapters/buffer.ts'], tests: ['line/outbox', 'line/gate', 'line/realms', 'line/unsendable'] },
  {
    files: ['adapters/connect.ts', 'adapters/reader.ts', 'adapters/aborts.ts'],
    tests: [
      'line/aborts',
      'line/gate',
      'line/visit',
      'line/options',
      'line/confirmed',
      'drop-in/drop-in-steps',
      'line/snapshot',
      'line/codec',
      'line/line',
      'machine/embedding',
    ],
  },
  {
    files: ['snapshot', 'codec', 'json', 'display'].map((name) => `adapters/${name}.ts`),
    tests: ['line/snapshot', 'line/codec', 'line/display', 'line/options'],
  },
  {
    files: ['adapters/check.ts', 'adapters/options.ts', 'adapters/clock.ts'],
    tests: ['line/options', 'line/gate', 'line/dial', 'line/realms'],
  },
  {
    files: ['adapters/asked.ts', 'adapters/dial.ts', 'adapters/url.ts'],
    tests: ['line/options', 'line/dial', 'websockets/node/standard', 'line/realms'],
  },
  {
    files: [
      'drop-in',
      'drop-in.events',
      'drop-in.options',
      'drop-in.unsent',
      'event-family',
      'event-handlers',
      'turns',
      'twin',
      'web-idl',
    ].map((name) => `adapters/${name}.ts`),
    tests: [
      'drop-in/turns',
      'drop-in/drop-in-steps',
      'drop-in/beyond',
      'line/above',
      'drop-in/failing',
      'drop-in/event-family',
      'drop-in/dismissed',
      'websockets/node/standard',
      'drop-in/drop-in',
      'line/options',
      'line/dial',
    ],
  },
  { files: ['adapters/lifecycle.ts'], tests: ['line/lifecycle'] },
  { files: ['adapters/server.ts', 'adapters/backlog.ts'], tests: ['line/server'] },
  { files: ['adapters/loopback.ts'], tests: ['cli/loopback'] },
  { files: ['adapters/guests.ts'], tests: ['cli/guests'] },
  { files: ['adapters/inspected.ts', 'adapters/short-name.ts'], tests: ['cli/inspected'] },
  {
    files: [
      'actioncable',
      'graphql-transport-ws',
      'home-assistant',
      'id-heartbeat',
      'native-ping',
      'plain',
      'protocol',
      'silent',
      'trpc',
    ].map((name) => `adapters/protocols/${name}.ts`),
    tests: ['line/dialects', 'line/protocols'],
  },
  {
    files: ['mqtt', 'nats', 'phoenix', 'pusher', 'questions', 'stream'].map((name) => `adapters/protocols/${name}.ts`),
    tests: ['mqtt', 'nats', 'phoenix', 'pusher'].map((name) => `line/protocols/${name}`),
  },
];

const {
  values: { since },
  positionals: wanted,
} = parseArgs({ options: { since: { type: 'string' } }, allowPositionals: true });
const isWanted = (file) => wanted.length === 0 || wanted.some((beginning) => file.startsWith(beginning));

const mutants = [];
for (const { files, tests } of groups) {
  const mutate = files.filter(isWanted).flatMap((file) => (since === undefined ? [file] : changedIn(file, since)));
  if (mutate.length === 0) continue;
  process.env.SYSTOLE_JUDGES = tests.join(' ');
  mutants.push(...(await new Stryker({ mutate }).runMutationTest()));
}

const judged = mutants
  .map((mutant) => ({ ...changeOf(mutant), outcome: outcomeOf(mutant) }))
  .filter(({ outcome }) => outcome !== undefined);
const known = survivorsIn(read('test/mutation/survivors.md'));
const unknown = judged.filter(({ outcome, key }) => outcome === 'survived' && !known.has(key));
const keysOf = (which) => new Set(judged.filter(({ outcome }) => outcome === which).map(({ key }) => key));
const survived = keysOf('survived');
const noticed = [...keysOf('noticed')].filter((key) => known.has(key) && !survived.has(key));

for (const file of new Set(judged.map((each) => each.file))) {
  scoreOf(
    file,
    judged.filter((each) => each.file === file),
  );
}
const score = scoreOf('all', judged);
if (noticed.length > 0)
  console.log(`\nNoticed, though test/mutation/survivors.md says they are not:\n\n${noticed.join('\n')}`);
if (unknown.length > 0) {
  console.log(
    '\nNoticed by no test, and not in test/mutation/survivors.md. Write one, or say there why it does no harm:\n',
  );
  for (const { key } of unknown) console.log(`${key}\n`);
}
// Of a few lines a share says little: there each survivor with a reason is fine. The score is not a number, where nothing was broken.
const isGood = unknown.length === 0 && (since !== undefined || score >= least);
const verdict =
  judged.length === 0 ? 'nothing to break' : `${score.toFixed(1)} %, where ${least} % is the least of a whole file`;
console.log(`\n${isGood ? '' : 'FAILED: '}${verdict}; ${unknown.length} survivors without a reason`);
if (!isGood) process.exitCode = 1;

/** The lines that are not as they were, each run of them as Stryker wants it: `file:first-last`. */
function changedIn(file, base) {
  const diff = execFileSync('git', ['diff', '--unified=0', base, '--', file], { encoding: 'utf8' });
  return [...diff.matchAll(/^@@ .* \+(\d+)(?:,(\d+))? @@/gm)]
    .map(([, first, count = '1']) => [Number(first), Number(count)])
    .filter(([, count]) => count > 0)
    .map(([first, count]) => `${file}:${first}-${first + count - 1}`);
}

/** Prints a line of the table. @returns {number} % */
function scoreOf(name, all) {
  const count = all.filter(({ outcome }) => outcome === 'noticed').length;
  const share = (100 * count) / all.length;
  if (all.length > 0) {
    console.log(`${name.padEnd(44)} ${`${count} of ${all.length}`.padStart(14)} ${share.toFixed(1).padStart(6)} %`);
  }
  return share;
}

function outcomeOf({ status }) {
  switch (status) {
    case 'Killed':
    case 'Timeout':
    // An error outside of any test, which fails a run of vitest as well.
    case 'RuntimeError':
      return 'noticed';
    case 'Survived':
    case 'NoCoverage':
      return 'survived';
    default:
      return undefined;
  }
}

/** What was broken: the line as it was, and as it became. White space is one space, and what is long is cut. */
function changeOf({ fileName, location: { start, end }, replacement }) {
  const file = relative(process.cwd(), fileName);
  const lines = read(file)
    .split('\n')
    .slice(start.line - 1, end.line);
  const before = lines[0].slice(0, start.column - 1).trimStart();
  const after = lines.at(-1).slice(end.column - 1);
  const was = lines.join('\n').slice(start.column - 1, after === '' ? undefined : -after.length);
  const show = (code) => `${tail(before)}${middle(code)}${head(after)}`.replaceAll(/\s+/g, ' ');
  return { file, key: `${file}\n- ${show(was)}\n+ ${show(replacement)}` };
}

function tail(code) {
  return code.length <= 80 ? code : `…${code.slice(-80)}`;
}

function middle(code) {
  return code.length <= 120 ? code : `${code.slice(0, 80)}…${code.slice(-40)}`;
}

function head(code) {
  return code.length <= 40 ? code : `${code.slice(0, 40)}…`;
}

/** The pairs of `-` and `+` lines below the headings that name a file. */
function survivorsIn(markdown) {
  const survivors = new Set();
  let file = '';
  let before = '';
  for (const line of markdown.split('\n')) {
    if (line.startsWith('## ')) file = line.slice(3);
    if (line.startsWith('- ')) before = line;
    if (line.startsWith('+ ')) survivors.add(`${file}\n${before}\n${line}`);
  }
  return survivors;
}

function read(path) {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}
