/**
 * Two hubs, one engine, clients that come and go: every order of a few steps, and long lives by chance. `npm run test:world` tries more of both;
 * `PUSH_SEED` repeats lives.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { everyOrder, kinds, lifeBy, randomLives, scenes } from './world/play.ts';

const depth = Number(process.env['PUSH_DEPTH'] ?? 4);
const lives = Number(process.env['PUSH_LIVES'] ?? 1_000);
const seed = process.env['PUSH_SEED'];

const limit = { timeout: 900_000 };

describe(`every order of ${depth} steps`, () => {
  test.each(scenes.map((scene) => [scene.name, scene] as const))('%s', limit, async (_, scene) => {
    const orders = await everyOrder(scene, depth);
    console.info(`${scene.name}: ${orders} orders`);
    expect(orders).toBeGreaterThan(1);
  });
});

test.each(Object.entries(kinds))(`${lives} lives by chance: %s`, limit, async (_, options) => {
  await expectAll((steps) => lifeBy(options, steps));
});

async function expectAll(live: (steps: readonly number[]) => Promise<void>): Promise<void> {
  await fc.assert(fc.asyncProperty(randomLives, live), {
    numRuns: lives,
    ...(seed !== undefined && { seed: Number(seed) }),
  });
}
