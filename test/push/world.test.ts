/** Two hubs, one engine, clients that come and go: every order of a few steps, and long lives by chance. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { everyOrder, lifeBy, randomLives, rich, scenes } from './world/play.ts';

const depth = Number(process.env['PUSH_DEPTH'] ?? 4);
const lives = Number(process.env['PUSH_LIVES'] ?? 300);

describe(`every order of ${depth} steps`, () => {
  for (const scene of scenes) {
    test(scene.name, async () => {
      const orders = await everyOrder(scene, depth);
      console.info(`${scene.name}: ${orders} orders`);
      expect(orders).toBeGreaterThan(1);
    });
  }
});

test.each([{ loads: false }, { loads: true, reloads: false }])(`${lives} random lives %o`, async (options) => {
  await fc.assert(
    fc.asyncProperty(randomLives, (steps) => lifeBy({ ...rich, ...options }, steps)),
    { numRuns: lives, ...(process.env.PUSH_SEED && { seed: Number(process.env.PUSH_SEED) }) },
  );
});
