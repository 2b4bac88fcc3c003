/**
 * The invariants of `invariants.ts`: everywhere the machine can be, and in random lives. A life that breaks one is shrunk to the shortest story, which
 * is told, and recorded for the visualizer. The environment may choose one invariant (INVARIANT), how many lives (LIVES), and their seed (SEED).
 */
import { describe, expect, test } from 'vitest';

import type { Liveness } from '../../machines/events.ts';
import { wrongEverywhere } from './everywhere.ts';
import { chosen, expectLives } from './expect-lives.ts';
import { invariants } from './invariants.ts';
import { shortLives } from './life.ts';
import { universe, type Universe } from './universe.ts';

const again = 'npx vitest run --project node test/always/invariants.test.ts';
const judged = invariants.filter(chosen);

describe('everywhere', () => {
  const all: Universe[] = [];
  for (const liveness of ['ask', 'server-beats', 'none'] satisfies Liveness[]) {
    for (const late of [false, true]) {
      for (const retries of [1, Infinity]) all.push(universe(liveness, late, retries));
    }
  }

  test.for(judged.filter(({ rest, step }) => rest ?? step))('$name', (invariant) => {
    expect(wrongEverywhere(invariant, all).slice(0, 3)).toEqual([]);
  });

  test('that is all of it', () => {
    expect([...new Set(all.flatMap(({ rests }) => rests.map(({ place }) => place)))].toSorted()).toMatchInlineSnapshot(`
      [
        "alive.probing",
        "alive.quiet",
        "alive.unwatched",
        "awaiting-id.draining",
        "awaiting-id.listening",
        "closed",
        "closing",
        "connecting.dialling",
        "connecting.draining",
        "reconnecting",
        "redialling",
        "stale.outdated.asking",
        "stale.outdated.draining",
        "stale.silent.asking",
        "stale.silent.draining",
      ]
    `);
    expect(all.reduce((sum, { steps }) => sum + steps.length, 0)).toBeGreaterThan(50_000);
  });
});

test('in random lives', async () => {
  const { hours, faults, dials } = await expectLives(judged, shortLives, Number(process.env.LIVES ?? 1_000), again);
  console.log(`${hours.toFixed(0)} connection-hours, ${faults} faults, ${dials} dials`);
  expect(faults).toBeGreaterThan(0);
}, 600_000);
