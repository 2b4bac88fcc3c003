/**
 * A dead line: what is sent into it arrives nowhere, and both ends stay open, so that nobody is told. How long it takes until a client has another connection,
 * and is in the room again: while it is quiet, and while its app sends.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { onTestFinished, test } from 'vitest';

import { Child } from '../test/helpers/children/start.ts';
import { script } from './alternation.ts';
import { chosen, quickOr } from './chosen.ts';
import { expectWithin, measured } from './measurement.ts';
import { peerNames } from './peers/index.mjs';
import type { Peer } from './peers/peer.d.ts';
import { type Cell, figureOf, orNever, report } from './report.ts';

const heartbeat = { interval: 1_000, timeout: 500 };
/** Clients of each library and kind, whose cuts are spread over a beat. */
const links = quickOr(20, 5);
/** After which nobody waits any longer, ms. */
const patience = quickOr(45_000, 8_000);
const timely = (ms: number) => orNever(ms, patience / 1_000);
/** Longer than what systole calls stable, and time for a busy machine to become quiet, ms. */
const settling = 6_000;
/** Kinds of any library whose lines are cut at the same time. With all of them two cores would be so busy that their beats came late. */
const atOnce = 4;
/** After which the next one has its turn, though not all are back, ms. */
const turn = 6_000;

const kinds = ['quiet', 'sending'] as const;

interface Job {
  entry: Entry;
  kind: (typeof kinds)[number];
}

interface Entry extends Pick<Peer, 'hasHeart' | 'takesClass'> {
  peer: string;
  onSystole: boolean;
  child: Child;
}

test('a dead line', async (context) => {
  const entries: Entry[] = [];
  // One at a time: so many processes that begin at once would be late for each other's beats.
  const enter = async (peer: string, onSystole: boolean): Promise<Entry> => {
    const child = new Child(script('deadline.mjs'), [{ peer, onSystole, heartbeat, links }]);
    onTestFinished(() => child.end());
    const { takesClass, hasHeart } = (await child.until('open')) as never as Peer;
    const entry = { peer, onSystole, takesClass, hasHeart: hasHeart || onSystole, child };
    entries.push(entry);
    return entry;
  };
  for (const peer of chosen(peerNames)) {
    const { takesClass } = await enter(peer, false);
    if (takesClass) await enter(peer, true);
  }
  console.info(`${entries.length} processes with ${2 * links} clients each`);
  await quiet();

  const late = lateness();
  // Nobody expects those back that have no heart, so nothing happens while they are waited for.
  const jobs = entries.flatMap((entry) => kinds.map((kind) => ({ entry, kind })));
  const waiting = jobs.filter(({ entry }) => !entry.hasHeart).map(cut);
  const others = jobs.filter(({ entry }) => entry.hasHeart);
  const work = async (): Promise<void> => {
    for (let job = others.shift(); job !== undefined; job = others.shift()) {
      const back = cut(job);
      waiting.push(back);
      await Promise.race([back, sleep(turn, undefined, { ref: false })]);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  await Promise.all(waiting);
  console.info(`timers of this process were late by ${late().toFixed(0)} ms at most`);

  report({
    question: 'deadline',
    title: 'A dead line: until there is another connection',
    how: [
      `A beat every ${heartbeat.interval} ms and ${heartbeat.timeout} ms of patience, as far as a library has both.`,
      'A link goes silent while both of its ends stay open; ms until its client is in the server’s room by another one.',
      `${links} clients each, whose cuts are spread over a beat; quiet, or while each sends a small message every 100 ms.`,
    ].join(' '),
    columns: kinds.flatMap((kind) => [
      { key: `${kind}Median`, title: `${kind}, median`, unit: 'ms' as const },
      { key: `${kind}Max`, title: `${kind}, at most`, unit: 'ms' as const },
    ]),
    rows: entries.map(({ peer, onSystole, child }) => ({ peer, onSystole, cells: cellsOf(child) })),
  });

  const systole = entries.find(({ peer }) => peer === 'systole');
  for (const kind of systole === undefined ? [] : kinds) {
    const after = padded(afterOf(systole!.child, kind));
    const { median, noise } = measured(after);
    const what = `another connection after a dead line, ${kind}`;
    const max = Math.max(...after);
    expectWithin(context, { what: `${what}: median`, value: median, noise, unit: 'ms', aim: 1_250, bound: 2_000 });
    expectWithin(context, { what: `${what}: at most`, value: max, unit: 'ms', aim: 1_550, bound: 3_500 });
  }
});

/** When no timer was late by much for a second, and everybody has been there for long enough. */
async function quiet(): Promise<void> {
  await sleep(settling);
  for (let i = 0; i < 20; i += 1) {
    const late = lateness();
    await sleep(1_000);
    if (late() < 25) break;
  }
}

/** @returns how late timers have been at worst since then, ms; it may be asked once */
function lateness(): () => number {
  const resolution = 10;
  const delays = monitorEventLoopDelay({ resolution });
  delays.enable();
  return () => {
    delays.disable();
    return delays.max / 1e6 - resolution;
  };
}

/** Until all are back, or nobody waits any longer. */
async function cut({ entry: { peer, onSystole, child }, kind }: Job): Promise<void> {
  child.tell('cut', { kind });
  await child.until('cut', (said) => said['kind'] === kind);
  const back = child.untilMany('back', links, (said) => said['kind'] === kind);
  await Promise.race([back, sleep(patience, undefined, { ref: false })]);
  const after = padded(afterOf(child, kind));
  const { median } = measured(after);
  console.info(
    `${peer}${onSystole ? ' on systole' : ''}, ${kind}: ${shown(median)}, ${shown(Math.max(...after))} at most`,
  );
}

const shown = (ms: number) => (ms < Infinity ? `${ms.toFixed(0)} ms` : timely(ms));

/** Of those that have come back, ms. */
function afterOf(child: Child, kind: Job['kind']): number[] {
  return child.said
    .filter((said) => said.event === 'back' && said['kind'] === kind)
    .map((said) => said['after'] as number);
}

/** Those that never came back count as the slowest. */
const padded = (after: readonly number[]) => [...after, ...Array<number>(links - after.length).fill(Infinity)];

function cellsOf(child: Child): Record<string, Cell> {
  return Object.fromEntries(
    kinds.flatMap((kind) => {
      const after = padded(afterOf(child, kind));
      const { median, noise } = measured(after);
      const max = Math.max(...after);
      return [
        [`${kind}Median`, Number.isFinite(noise) ? figureOf({ median, noise }) : timely(median)],
        [`${kind}Max`, timely(max)],
      ] satisfies [string, Cell][];
    }),
  );
}
