/**
 * Faults for real: sixty clients, on real sockets, through thousands of faults of every kind, and both ends keep count of every message.
 *
 * What is promised of each is in `ledger.ts`. In the end all is well again: everybody comes back, and nothing is left behind.
 */
import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect, onTestFinished, test } from 'vitest';

import type { SoakClient } from './clients.ts';
import { kinds } from './fault-kinds.ts';
import { pace, planOf } from './plan.ts';
import { groupsAt, World } from './world.ts';

const faults = Number(process.env['SOAK_FAULTS'] ?? 5_000);
const seed = Number(process.env['SOAK_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** How long everybody may take to come back, ms: a dial that hangs is given up after 20 s at the latest, and 1013 waits for five. */
const patience = 60_000;
/** What the heap may grow by after a quarter of it all, bytes. Measured: 2 MiB, and 7 where the compiler came late. */
const mostGrowth = 16 * 2 ** 20;

test(
  `${faults} faults: nothing is lost in silence, nothing comes twice, and everybody comes back`,
  { timeout: faults * pace * 3 + 4 * patience },
  async () => {
    console.info(`SOAK_SEED=${seed} SOAK_FAULTS=${faults}`);
    const startedAt = performance.now();
    const before = resources();
    const heapBefore = await heap();
    const world = new World(seed);
    onTestFinished(() => world.close());
    await world.start();

    const plan = planOf(seed, faults, groupsAt);
    let heapEarly = 0;
    for (const fault of plan) {
      if (fault.index === Math.floor(faults / 4)) heapEarly = await heap();
      await world.suffer(fault);
      if (world.complaints.length > 0) break;
    }
    expectNone(world);

    await world.heal();
    world.answers = true;
    const deadline = performance.now() + patience;
    await Promise.all(world.clients.map((client) => roundTrip(client, deadline)));
    expectNone(world);
    const each = world.clients.length;
    await expect
      .poll(() => world.lines, { timeout: patience, message: 'no line but the last is left open' })
      .toEqual({ guests: each, links: each });
    const heapLate = await heap();

    // Each second client takes back what it still holds; the others are told that it is dropped.
    for (const client of world.clients.filter(({ index }) => index % 4 < 2)) client.takeBack();
    const closed = await Promise.all(world.clients.map((client) => client.close()));
    await world.close();
    for (const client of world.clients) {
      if (client.account.lost > 0)
        world.complain(client, `${client.account.lost} messages were accepted, and not heard of again`);
    }
    expectNone(world);
    await expect.poll(resources, { timeout: 20_000 }).toEqual(before);
    const heapAfter = await heap();
    const { fates } = world;
    const dials = world.counts.get('dials') ?? 0;
    const isGone = fates.written - fates.delivered - fates['confirmed by a lie, and gone'];
    report(world, {
      'written, and gone': isGone,
      clients: each,
      'closed cleanly': closed.filter(({ wasClean }) => wasClean).length,
      seconds: Math.round((performance.now() - startedAt) / 1_000),
      'KiB of heap, before': heapBefore >> 10,
      'after a quarter': heapEarly >> 10,
      'after all': heapLate >> 10,
      'after close()': heapAfter >> 10,
      'longest doubt, ms': Math.round(world.longestDoubt),
      'latest timer, ms': Math.round(world.lateness.worst()),
      'sockets of clients not collected': dials - world.collected,
      seed,
    });

    const settled = fates.written + fates['dropped: overflow'] + fates['dropped: expired'] + fates['dropped: closed'];
    expect(settled + fates['taken back'], 'every accepted message has one fate').toBe(fates.accepted);
    expect(isGone, 'gone, of those reported as unconfirmed').toBeLessThanOrEqual(fates.unconfirmed);
    expect(fates).toMatchObject({ duplicated: 0, misordered: 0 });
    const suffered = [...world.counts].filter(([what]) => what.startsWith('fault: '));
    expect(suffered.reduce((sum, [, count]) => sum + count, 0)).toBe(faults);
    expect(suffered, 'kinds of faults').toHaveLength(Math.min(faults, Object.keys(kinds).length));
    expect(world.leftovers, 'listeners, timers, guests and links').toBe(0);
    expect(world.clients.flatMap(({ signal }) => getEventListeners(signal, 'abort'))).toEqual([]);
    // Those that are left are the last ones, to which the clients refer.
    expect(dials - world.collected, 'sockets of clients not collected').toBeLessThanOrEqual(each);
    expect(heapLate - heapEarly, 'growth of the heap').toBeLessThan(mostGrowth);
  },
);

function expectNone({ complaints }: World): void {
  expect(complaints.slice(0, 3).join('\n\n'), `${complaints.length} complaints`).toBe('');
}

/** Says a last message and waits until it is answered, and all else has arrived; again where the line was lost meanwhile. */
async function roundTrip(client: SoakClient, deadline: number): Promise<void> {
  let number: number | undefined;
  let saidAt = 0;
  while (number === undefined || !client.hasAnswerTo(number) || client.account.want !== undefined) {
    if (performance.now() > deadline) {
      const { want } = client.account;
      return client.world.complain(
        client,
        `no answer to the last message; it is ${client.state}; ${want ?? 'its line is whole'}`,
      );
    }
    if (client.state === 'alive' && performance.now() - saidAt > 5_000) {
      number = client.send(30);
      saidAt = performance.now();
    }
    await sleep(20);
  }
}

function resources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const each of process.getActiveResourcesInfo()) counts[each] = (counts[each] ?? 0) + 1;
  return counts;
}

/** Bytes in use, once nothing is to be collected any more. */
async function heap(): Promise<number> {
  // What a finalizer lets go of is collected the next time.
  for (let i = 0; i < 3; i += 1) {
    globalThis.gc?.();
    await sleep(10);
  }
  return process.memoryUsage().heapUsed;
}

function report({ counts, fates }: World, figures: Record<string, number>): void {
  const rows = [
    ...[...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ...Object.entries(fates).map(([fate, count]) => [`messages: ${fate}`, count] as const),
    ...Object.entries(figures),
  ];
  console.info(rows.map(([what, count]) => `${what.padEnd(46)}${String(count).padStart(12)}`).join('\n'));
}
