/** What the documentation shows of the benchmarks is what they have found, and all of it. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { kept, placesIn, withResults } from '../../bench/documents.ts';

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
