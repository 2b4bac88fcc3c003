/** The library is broken, by `vitest.config.ts` beside this: the invariant has to notice. */
import * as fc from 'fast-check';
import { expect, inject, test } from 'vitest';

import { invariants as invariantsOfListeners } from '../../push/world/invariants.ts';
import { Breach as ListenersBreach, everyOrder, kinds, lifeBy, randomLives, scenes } from '../../push/world/play.ts';
import { wrongEverywhere } from '../everywhere.ts';
import { invariants } from '../invariants.ts';
import { Breach, live, lives, shortLives } from '../life.ts';
import { universe } from '../universe.ts';
import type { Mutation } from './mutations.ts';

const { invariant: name, judges, what } = inject('mutation');
const invariant = invariants.find((each) => each.name === name);
const ofListeners = invariantsOfListeners.filter((each) => each.name === name);

for (const judge of judges) {
  test(`${name} (${judge}): ${what}`, async () => {
    const found = await foundBy(judge);
    expect(found, 'it has not noticed').toBeDefined();
    console.log(`${name}: ${found}`);
  });
}

async function foundBy(judge: Mutation['judges'][number]): Promise<string | undefined> {
  if (judge === 'push') return firstOfListeners();
  if (invariant === undefined) throw new Error(`there is no invariant ${name}`);
  return judge === 'everywhere' ? wrongEverywhere(invariant, [universe('ask', false, 1)])[0] : firstBreach();
}

async function firstOfListeners(): Promise<string | undefined> {
  if (ofListeners.length === 0) throw new Error(`there is no invariant ${name}`);
  try {
    for (const scene of scenes) await everyOrder(scene, 3, ofListeners);
    for (const options of Object.values(kinds)) {
      for (const steps of fc.sample(randomLives, { numRuns: 3_000, seed: 1 }))
        await lifeBy(options, steps, ofListeners);
    }
  } catch (error) {
    if (error instanceof ListenersBreach) return error.message.split('\n')[0];
    throw error;
  }
  return undefined;
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
