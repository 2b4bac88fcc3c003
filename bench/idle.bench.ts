/**
 * What an idle connection takes beside one of `ws` alone.
 */
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';

import { Child } from '../test/helpers/children/start.ts';
import { script } from './alternation.ts';
import { chosen, quickOr } from './chosen.ts';
import { exchangeServer } from './exchange.ts';
import { expectWithin, type Measured, measured } from './measurement.ts';
import { peerNames } from './peers/index.mjs';
import { figureOf, report, type Row } from './report.ts';

const connections = quickOr(1_000, 300);
/** Of systole; of others. */
const rounds = quickOr([5, 3], [1, 1]);
/** Until a line of systole's counts as stable, and the timer that waits for it is gone (`stableAfter`); of the others none has anything alike. */
const settling: Record<string, number> = { systole: 5_500 };
const asked = chosen(peerNames).filter((name) => name !== 'ws');

describe('heap per idle connection', () => {
  const rows: Row[] = [];

  test.for(asked)('%s', async (name, context) => {
    const { heap, timers } = await weighed(name);
    rows.push({ peer: name, cells: { heap: figureOf(heap), timers } });
    if (name !== 'systole') return;
    expect(timers, 'one for each').toBe(1);
    expectWithin(context, {
      what: 'heap of an idle connection, above ws',
      value: heap.median,
      noise: heap.noise,
      unit: 'KiB',
      aim: 12,
      bound: 14,
    });
  });

  afterAll(() =>
    report({
      question: 'idle',
      title: 'What an idle connection takes, above one of bare ws',
      how: `JavaScript's heap after it was collected, of ${connections} connections with the settings that the library has by itself, in a process of its own, less that of as many of npm ws; ${rounds[0]} times, others ${rounds[1]}. Timers: those that Node counts, for each connection.`,
      columns: [
        { key: 'heap', title: 'heap', unit: 'KiB', digits: 1 },
        { key: 'timers', title: 'timers', digits: 1 },
      ],
      rows,
    }),
  );
});

async function weighed(library: string): Promise<{ heap: Measured; timers: number }> {
  const { bare, port } = await exchangeServer(library);
  const more: number[] = [];
  let timers = 0;
  for (let round = 0; round < rounds[library === 'systole' ? 0 : 1]!; round += 1) {
    const its = await weigh(library, port);
    more.push((its.bytes - (await weigh('ws', bare)).bytes) / 1_024);
    timers = its.timers;
  }
  return { heap: measured(more), timers };
}

async function weigh(library: string, port: number): Promise<{ bytes: number; timers: number }> {
  const args = [library, `ws://127.0.0.1:${port}`, String(connections), String(settling[library] ?? 0)];
  const child = new Child(script('idle.mjs'), args, { flags: ['--expose-gc'] });
  onTestFinished(() => child.end());
  return (await child.until('measured')) as never;
}
