/** What `bench/herd.ts` simulates is what connections do: the same clients, with the same chance, dial at the same times. */
import { expect, onTestFinished, test } from 'vitest';

import { connect } from '../../adapters/connect.ts';
import { systole } from '../../bench/backoffs.ts';
import { stampede } from '../../bench/herd.ts';
import { virtualWorld } from '../kit/index.ts';
import { chance } from '../kit/schedule.ts';

const clients = 100;
/** Ms that it is looked at. */
const until = 300_000;
/** Ms from one end to the other. */
const delay = 20;

type Fault = 'refuses' | 'hangs';

test.each<[string, Fault]>([
  ['a server that refuses', 'refuses'],
  ['a server that never answers', 'hangs'],
])('%s', async (_, fault) => {
  const real = await realDials(fault);
  const simulated = simulatedDials(fault);
  for (const [client, dials] of simulated.entries()) {
    expect(dials.length).toBeGreaterThan(10);
    // The simulation counts whole ms.
    const differences = dials.map((at, i) => Math.abs(at - real[client]![i]!));
    expect(Math.max(...differences), `client ${client}`).toBeLessThan(2 * dials.length);
  }
});

/** By client: ms from the loss to each dial. */
function simulatedDials(fault: Fault): number[][] {
  const dials = Array.from({ length: clients }, (): number[] => []);
  let next = 0;
  stampede({
    clients,
    dialler: () => systole({}, 2 * delay)(chance((next += 1))),
    away: fault === 'refuses' ? Infinity : 0,
    perSecond: 0,
    room: Infinity,
    heardWithin: 0,
    roundTrip: 2 * delay,
    until,
    onDial: (client, now) => dials[client]!.push(now),
  });
  return dials;
}

async function realDials(fault: Fault): Promise<number[][]> {
  const world = virtualWorld({ delay, jitter: 0 });
  let chances: (() => number)[] = Array.from({ length: clients }, () => () => 0.5);
  const connections = chances.map((_, i) =>
    connect(`ws://virtual/${i}`, { ...world.options, random: () => chances[i]!() }),
  );
  onTestFinished(() => connections.forEach((each) => each.close()));
  // Stable, and dialled so long ago that no pace holds them up.
  await world.run(100_000);
  expect(connections.every(({ state }) => state === 'alive')).toBe(true);

  const dials = chances.map((): number[] => []);
  const lost = world.time;
  world.watch({ dialled: ({ url }) => void dials[Number(new URL(url).pathname.slice(1))]!.push(world.time - lost) });
  chances = chances.map((_, i) => chance(i + 1));
  if (fault === 'refuses') world.refuse();
  else world.behave({ upgrade: 'hang' });
  world.reset();
  await world.run(until);
  return dials;
}
