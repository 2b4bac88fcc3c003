/**
 * Faults for real, of trusted push: two nodes, an engine, twelve clients on three topics each, and five publishers who number what they say. Whatever becomes of lines, nodes
 * and engines: nothing is lost in silence, nothing comes twice, a gap is told where there may be one and nowhere else, and everybody comes to the end.
 */
import { expect, onTestFinished, test } from 'vitest';

import { findEngine } from '../../../helpers/find-engines.ts';
import type { EngineName } from './engine.ts';
import type { Verdict } from './judge.ts';
import { pace, planOf } from './plan.ts';
import { World } from './world.ts';

const faults = Number(process.env['SOAK_FAULTS'] ?? 1_000);
const seed = Number(process.env['SOAK_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** Faults between two calms. */
const stretch = 250;
/** What is done meanwhile, and waits, ms. */
const patience = 300_000;

test.each<EngineName>(['memory', 'redis', 'nats'])(
  `${faults} faults, with the log in %s`,
  { timeout: faults * pace * 4 + 4 * patience },
  async (engine) => {
    const binary = { memory: undefined, redis: 'redis-server' as const, nats: 'nats-server' as const }[engine];
    if (binary !== undefined && findEngine(binary) === undefined) {
      throw new Error(`there is no ${binary}: apt-get install redis-server nats-server`);
    }
    console.info(`SOAK_SEED=${seed} SOAK_FAULTS=${faults}, ${engine}`);
    const startedAt = performance.now();
    const before = resources();
    const world = new World();
    onTestFinished(() => world.abandon());
    await world.start(engine, seed);
    for (const fault of planOf(seed, faults)) {
      await world.suffer(fault);
      if (fault.index % stretch === stretch - 1) await world.calm();
      if (world.complaints.length > 0) break;
    }
    await world.calm();
    await world.close();
    const verdict = world.judge();
    const seconds = (performance.now() - startedAt) / 1_000;
    report(world, verdict, { 'most bytes that waited for a client': world.mostUnsent, seconds: Math.round(seconds) });
    const { complaints } = world;
    expect([...complaints, ...world.ledger.forks].slice(0, 5).join('\n\n'), `${complaints.length} complaints`).toBe('');
    expect(verdict).toMatchObject({ lost: 0, doubled: 0, misordered: 0, needless: 0 });
    expect(verdict.passed, 'lives of the log that were told').toBe(verdict.begun);
    expect(world.tailsUnfinished, 'tails').toBe(0);
    await expect.poll(resources, { timeout: 20_000 }).toEqual(before);
  },
);

function resources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const each of process.getActiveResourcesInfo()) counts[each] = (counts[each] ?? 0) + 1;
  return counts;
}

function report(world: World, verdict: Verdict, figures: Record<string, number>): void {
  const { ledger, counts } = world;
  const rows = [
    ...[...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ['published', ledger.published],
    ['tries that failed', ledger.retries],
    ['lives of topics', ledger.lives.length],
    ['delivered', verdict.delivered],
    ['of which missed at first', verdict.replayed],
    ['lost silently', verdict.lost],
    ['doubled', verdict.doubled],
    ['misordered', verdict.misordered],
    ['positions with two messages', ledger.forks.length],
    ['tails unfinished', world.tailsUnfinished],
    ['longest tail, ms', Math.round(world.longestTail)],
    ['losses of the engine', world.losses],
    ['gaps told', verdict.gaps],
    ['of which needless', verdict.needless],
    ['for want of messages that were no longer kept', verdict.trimmed],
    ['lives of the log that began while somebody heard, of all', verdict.begun],
    ['of which told by a gap', verdict.passed],
    ['said again in another life of the log', verdict.saidAgain],
    ...Object.entries(figures),
    ['seed', seed],
  ] as const;
  console.info(rows.map(([what, count]) => `${what.padEnd(56)}${String(count).padStart(12)}`).join('\n'));
}
