/** The library is broken, by `vitest.config.ts` beside this: the invariant has to notice. */
import * as fc from 'fast-check';
import { expect, inject, test } from 'vitest';

import { wrongEverywhere } from '../everywhere.ts';
import { invariants } from '../invariants.ts';
import { Breach, live, lives, shortLives } from '../life.ts';
import { universe } from '../universe.ts';

const { invariant: name, judges, what } = inject('mutation');
const invariant = invariants.find((each) => each.name === name);

for (const judge of judges) {
  test(`${name} (${judge}): ${what}`, async () => {
    if (invariant === undefined) throw new Error(`there is no invariant ${name}`);
    const found =
      judge === 'everywhere' ? wrongEverywhere(invariant, [universe('ask', false, 1)])[0] : await firstBreach();
    expect(found, 'it has not noticed').toBeDefined();
    console.log(`${name}: ${found}`);
  });
}

async function firstBreach(): Promise<string | undefined> {
  for (const life of fc.sample(lives(shortLives), { numRuns: 3_000, seed: 1 })) {
    try {
      await live(life, [invariant!]);
    } catch (error) {
      if (error instanceof Breach) return error.message.split('\n')[0];
      throw error;
    }
  }
  return undefined;
}
