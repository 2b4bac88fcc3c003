/**
 * What a message costs a client beside `ws` alone: with systole to a hundredth, with all others as near as it takes to compare.
 */
import { afterAll, describe, expect, test } from 'vitest';

import { chosen, quickOr } from './chosen.ts';
import { type Effort, type Exchange, exchanges, exchangeServer, ratiosOf, sizes } from './exchange.ts';
import { expectWithin, type Measured } from './measurement.ts';
import { peerNames, peerOf } from './peers/index.mjs';
import { type Cell, figureOf, report } from './report.ts';

const precise: Effort = quickOr(
  { processes: 9, warmUp: 2, pairs: 7, share: 1 },
  { processes: 3, warmUp: 1, pairs: 3, share: 0.5 },
);
const coarse: Effort = quickOr(
  { processes: 5, warmUp: 1, pairs: 3, share: 0.25 },
  { processes: 1, warmUp: 1, pairs: 1, share: 0.1 },
);

const found = new Map<string, Record<string, Cell>>();
const asked = chosen(peerNames);

describe.runIf(asked.includes('systole'))('systole', () => {
  const json: Exchange = { direction: 'in', kind: 'json', bytes: 64 };
  const cells: Record<string, Cell> = {};

  test.for([json, ...exchanges].map((each) => [keyOf(each), each] as const))('%s', async ([key, exchange], context) => {
    const [{ median, noise } = nothing] = await ratiosOf(
      'systole',
      await exchangeServer('systole'),
      [exchange],
      precise,
    );
    expectWithin(context, {
      what: `a message ${key}`,
      value: median,
      noise,
      unit: '×',
      aim: 1.05,
      bound: boundOf(exchange),
    });
    if (exchange === json) return;
    cells[key] = { value: median, noise };
    found.set('systole', cells);
  });
});

test.for(asked.filter((name) => name !== 'systole'))('%s', async (name) => {
  const { carries } = await peerOf(name);
  const carried = exchanges.filter(({ kind }) => kind !== 'json' && carries.includes(kind));
  const ratios = await ratiosOf(name, await exchangeServer(name), carried, coarse);
  expect(ratios.map(({ median }) => median > 0)).toEqual(carried.map(() => true));
  const cells = new Map(carried.map((exchange, i) => [exchange, ratios[i]!]));
  found.set(name, Object.fromEntries(exchanges.map((each) => [keyOf(each), cellOf(cells.get(each))])));
});

afterAll(() =>
  report({
    question: 'messages',
    title: 'What a message costs a client, for one of bare ws',
    how: `Processor time of the client's process per message, in (received) and out (sent), as a ratio to npm ws alone, which takes turns with the library in the same process. Messages come in bursts of 200, of 64 KiB in bursts of 8. systole: ${effort(precise)}; all others: ${effort(coarse)}. Noise: how far the median of the processes may be off.`,
    columns: exchanges.map((each) => ({ key: keyOf(each), title: keyOf(each), unit: '×', digits: 2 })),
    rows: asked.flatMap((peer) => {
      const cells = found.get(peer);
      return cells === undefined ? [] : [{ peer, cells }];
    }),
  }),
);

const nothing: Measured = { median: Number.NaN, noise: Number.NaN };

/** Bytes are handed over in buffers that are collected now or later, and 64 KiB are read and written in more than one piece: they vary by more; so does what was measured quickly. */
function boundOf({ kind, bytes }: Exchange): number {
  return (kind === 'binary' || bytes > 1_024 ? 1.3 : 1.15) + quickOr(0, 0.1);
}

function keyOf({ direction, kind, bytes }: Exchange): string {
  return `${direction}, ${kind}, ${sizes.find(([, each]) => each === bytes)![0]}`;
}

function cellOf(ratio: Measured | undefined): Cell {
  return ratio === undefined ? null : figureOf(ratio);
}

function effort({ processes, pairs }: Effort): string {
  return `${pairs} pairs of two turns in each of ${processes} processes`;
}
