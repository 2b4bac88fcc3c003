/** What the documentation shows of the benchmarks is what they have found, and all of it. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { kept, placesIn, withResults } from '../../bench/documents.ts';
import { figures } from '../../bench/figures.ts';
import type { Cell, Kept } from '../../bench/report.ts';

const results = existsSync('bench/results') ? readdirSync('bench/results') : [];
const measured = results.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
const drawn = results.filter((file) => file.endsWith('.svg'));
const page = readFileSync('docs/BENCH.md', 'utf8');

test('every question has its place, and so has all that was found', () => {
  const sources = readdirSync('bench').filter((file) => file.endsWith('.bench.ts'));
  const questions = sources.flatMap((file) =>
    [...readFileSync(`bench/${file}`, 'utf8').matchAll(/\bquestion: '([\w-]+)'/g)].map(([, question]) => question!),
  );
  expect(placesIn(page)).toEqual(expect.arrayContaining([...questions, ...measured]));
});

test.each(['README.md', 'docs/BENCH.md'] as const)(
  '%s shows what was found: otherwise `npm run bench -- draw`',
  (document) => {
    expect(placesIn(readFileSync(document, 'utf8'))).not.toEqual([]);
    expect(readFileSync(document, 'utf8')).toBe(withResults(document, kept()));
  },
);

test.each<[what: string, ours: Cell, theirs: Cell, line: string]>([
  ['ours', 2, 3, '| **2.0 KiB** | 3.0 KiB, mqtt |'],
  ['theirs', 3, 2, '| 3.0 KiB | **2.0 KiB, mqtt** |'],
  [
    'nobody, within the noise',
    { value: 2, noise: 0.6 },
    { value: 3, noise: 0.6 },
    '| 2.0 ± 0.6 KiB | 3.0 ± 0.6 KiB, mqtt |',
  ],
  ['ours, where theirs has no figure', 2, 'never in 45 s', '| **2.0 KiB** | never in 45 s, mqtt |'],
  ['nobody, where neither has', 'never', 'never', '| never | never, mqtt |'],
])('whoever is better stands out: %s', (_, ours, theirs, line) => {
  const idle: Kept = {
    question: 'idle',
    title: 'Heap',
    how: 'Weighed.',
    columns: [{ key: 'heap', title: 'heap', unit: 'KiB', digits: 1 }],
    rows: [
      { peer: 'ws', cells: { heap: 0 } },
      { peer: 'mqtt', cells: { heap: theirs } },
      { peer: 'mqtt', onSystole: true, cells: { heap: 1 } },
      { peer: 'systole', cells: { heap: ours } },
    ],
    measured: { date: '2026-01-01', machine: 'any', versions: { node: '20.0.0', ws: '8.0.0', systole: '0.0.0' } },
  };
  const findings = new Map([['idle', idle]]);
  expect(figures(findings).endsWith(line)).toBe(true);
  const filled = withResults('docs/BENCH.md', findings);
  expect(filled).toContain('\n| mqtt on systole | 1.0 KiB |\n');
  expect(filled).toContain('2026-01-01; any; Node 20.0.0, systole 0.0.0, ws 8.0.0.');
});

test.each(drawn)('%s is of what was found, has its other half, and runs and loads nothing', (file) => {
  const [, question] = /^([\w-]+)-(?:light|dark)\.svg$/.exec(file)!;
  const source = readFileSync(`bench/results/${question}.json`, 'utf8');
  const svg = readFileSync(`bench/results/${file}`, 'utf8').replaceAll('http://www.w3.org/2000/svg', '');
  expect(svg).toContain(`<metadata>${createHash('sha256').update(source).digest('hex').slice(0, 16)}<`);
  expect(svg).not.toMatch(/<script|\bon\w+=|href=|url\(|https?:/);
  expect(drawn).toEqual(expect.arrayContaining([`${question}-light.svg`, `${question}-dark.svg`]));
});

test.each([
  { args: ['dedline'], says: 'there is no question "dedline"; there are ' },
  {
    args: ['cable', '--only', 'systole,partisocket'],
    says: 'there is no library "partisocket"; there are systole, ws, ',
  },
  { args: ['--only'], says: 'there is no library ""' },
  { args: ['draw', '--quick'], says: 'draw stands alone' },
])('npm run bench -- $args is refused, and told what there is', ({ args, says }) => {
  const { status, stderr } = spawnSync(process.execPath, ['bench/run.mjs', ...args], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(says) });
});
