/** Plays lives in the world of two hubs: every order of a few steps, or long ones by chance. */
import * as fc from 'fast-check';

import { type Invariant, invariants } from './invariants.ts';
import { small, World, type WorldOptions } from './world.ts';

export class Breach extends Error {
  override name = 'Breach';
}

export interface Scene {
  readonly name: string;
  readonly options: Partial<WorldOptions>;
  /** What has happened before the orders part. */
  readonly before: (world: World) => Promise<void>;
}

const live = (world: World) => world.gather();

/** Where everything begins from. */
export const scenes: readonly Scene[] = [
  { name: 'nobody has come yet', options: {}, before: async () => {} },
  { name: 'a client is live', options: {}, before: live },
  {
    name: 'a client is cut off while messages are under way',
    options: { cuts: 3 },
    async before(world) {
      await live(world);
      await world.play('publish', 'A hears', 'client 1 is cut off', 'publish');
    },
  },
  {
    name: 'a client has come farther than the other hub',
    options: { cuts: 3 },
    async before(world) {
      await live(world);
      await world.play('client 1 is cut off', 'client 1 comes to B', 'up', 'answer B', 'answer B', 'down', 'down');
      await world.play(
        'publish',
        'A hears',
        'client 1 is cut off',
        'client 1 comes to A',
        'up',
        'down',
        'down',
        'down',
        'publish',
      );
    },
  },
  {
    name: 'a hub is still in an earlier life of the engine than a client',
    options: { cuts: 3 },
    async before(world) {
      await live(world);
      await world.play('publish', 'A hears', 'the engine is wiped', 'client 1 is cut off', 'client 1 comes to B');
      await world.carry();
      await world.play('client 1 is cut off');
    },
  },
  { name: 'a hub may be killed', options: { kills: true, wipes: false }, before: live },
  { name: 'a page loads a state', options: { loads: true }, before: live },
  { name: 'a page may be reloaded', options: { reloads: true, wipes: false }, before: live },
  { name: 'a client reads slowly', options: { slow: true, unsent: 70, wipes: false }, before: live },
];

export const rich: WorldOptions = {
  topics: ['t', 'u'],
  clients: 2,
  kept: 4,
  recent: 2,
  unsent: 150,
  wipes: true,
  kills: true,
  loads: false,
  slow: true,
  reloads: true,
  cuts: 12,
  publishes: 30,
  retries: true,
  silent: true,
  checks: true,
  forgers: true,
  late: true,
};

/** Random lives of several kinds: what mends one fault hides another. */
export const kinds: Readonly<Record<string, WorldOptions>> = {
  'all that can happen': rich,
  'heads are never compared, and every miss is told': { ...rich, silent: false, checks: false },
  'a state is loaded': { ...rich, loads: true, reloads: false },
};

/** Every order of `depth` steps; what follows is well. Answers how many there were. @throws {Breach} */
export async function everyOrder(scene: Scene, depth: number, judges = invariants): Promise<number> {
  let orders = 0;
  // The numbers of the steps taken, as digits that are counted up.
  const path: number[] = [];
  do {
    const widths = await playPath(scene, path, depth, judges);
    orders += 1;
    path.length = widths.length;
    for (let i = 0; i < widths.length; i += 1) path[i] ??= 0;
    while (path.length > 0 && path.at(-1)! + 1 >= widths[path.length - 1]!) path.pop();
    if (path.length > 0) path[path.length - 1]! += 1;
  } while (path.length > 0);
  return orders;
}

/** Answers how many ways there were at each step. */
async function playPath(
  scene: Scene,
  path: readonly number[],
  depth: number,
  judges: readonly Invariant[],
): Promise<number[]> {
  const world = await World.begin({ ...small, ...scene.options });
  const widths: number[] = [];
  try {
    await scene.before(world);
    for (let i = 0; i < depth; i += 1) {
      const { actions } = world;
      if (actions.length === 0) break;
      widths.push(actions.length);
      await world.do(actions[path[i] ?? 0]!);
    }
    await judge(world, judges);
  } finally {
    world.end();
  }
  return widths;
}

/** A life by chance: each number chooses one of what is possible. */
export const randomLives: fc.Arbitrary<readonly number[]> = fc.array(fc.nat(2 ** 20), {
  minLength: 30,
  maxLength: 250,
  size: 'max',
});

/** @throws {Breach} */
export async function lifeBy(options: WorldOptions, steps: readonly number[], judges = invariants): Promise<void> {
  const world = await World.begin(options);
  try {
    for (const step of steps) {
      const { actions } = world;
      if (actions.length > 0) await world.do(actions[step % actions.length]!);
    }
    await judge(world, judges);
  } finally {
    world.end();
  }
}

async function judge(world: World, judges: readonly Invariant[]): Promise<void> {
  await world.settle();
  const counts = new Map(world.options.topics.map((topic) => [topic, world.engine.count(topic)]));
  const { events } = world;
  for (const { name, says, judge: wrongIn } of judges) {
    const wrong = wrongIn({ events, counts });
    if (wrong === undefined) continue;
    const story = events
      .filter(({ type }) => type !== 'cursor' && type !== 'waiting' && type !== 'sent')
      .map((event) => `  ${told(event)}`);
    throw new Breach(`${name}: ${wrong}\n(${says})\n${story.join('\n')}`);
  }
}

function told(event: World['events'][number]): string {
  return event.type === 'did' ? event.what : `    ${JSON.stringify(event)}`;
}
