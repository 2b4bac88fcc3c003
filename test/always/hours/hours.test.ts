/**
 * Long lives: days of real connections in the virtual world, with every fault there is, every invariant judged, and every beat executed. HOURS of
 * connections in all (default 100,000), shared by as many processes as there are cores; `npm run test:million` asks for a million.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { chosen, expectLives, type Tally } from '../expect-lives.ts';
import { invariants } from '../invariants.ts';

const hours = Number(process.env.HOURS ?? 100_000);
const [share, shares] = (process.env.SHARE ?? '1/1').split('/').map(Number) as [number, number];
/** Other lives in each process; SEED: the few that had it, again. */
const again = process.env.SEED === undefined ? undefined : Number(process.env.SEED);
const first = again ?? share * 1_000_000;
const extent = {
  clients: 40,
  story: 250,
  health: { weight: 40, lasts: [60_000, 1_800_000, 3_600_000, 10_800_000] },
  waits: [1_000, 20_000, 90_000, 300_000],
  kinds: ['connection', 'connection', 'connection', 'asking', 'socket'] as const,
};
/** Lives between two looks at what there is of hours. */
const batch = 2;

/** Of all parts together: the one that is quicker lives more. */
function hoursWith(mine: number): number {
  const folder = process.env.TALLY;
  if (folder === undefined) return mine * shares;
  writeFileSync(`${folder}/${share}`, String(mine));
  return readdirSync(folder).reduce((sum, part) => sum + Number(readFileSync(`${folder}/${part}`, 'utf8')), 0);
}

test(`${hours} connection-hours, part ${share} of ${shares}`, async () => {
  const begin = performance.now();
  const total: Tally = { lives: 0, hours: 0, beats: 0, dials: 0, faults: 0 };
  for (let seed = first; hoursWith(total.hours) < hours; seed += 1) {
    const tally = await expectLives(invariants.filter(chosen), extent, batch, 'npm run test:hours', seed);
    for (const [name, amount] of Object.entries(tally)) total[name as keyof Tally] += amount;
    if (again !== undefined) break;
  }
  const seconds = (performance.now() - begin) / 1_000;
  const figures = Object.entries(total).map(([name, amount]) => `${Math.round(amount).toLocaleString('en')} ${name}`);
  console.log(`${figures.join(', ')} in ${seconds.toFixed(0)} s: ${(total.hours / seconds).toFixed(0)} hours a second`);
  // Most of the time all is well, and the hearts beat: else these would be hours of waiting.
  expect(total.beats / total.hours).toBeGreaterThan(20);
  expect(total.faults / total.lives).toBeGreaterThan(5);
}, 7_200_000);
