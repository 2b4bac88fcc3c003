/**
 * 100,000 clients that lose their server at once, and come back to one that takes 1,000 a second: how long that takes with the rules of each library, and with
 * other numbers of ours. A simulation: it measures the rules, and no machine.
 */
import { afterAll, describe, test } from 'vitest';

import { type Backoff, defaultBackoff } from '../machines/backoff.ts';
import { backoffs, systole } from './backoffs.ts';
import { chosen, quickOr } from './chosen.ts';
import { type DiallerOf, type Herd, type Outcome, peakOf, stampede, sumOf } from './herd.ts';
import { expectWithin, measured } from './measurement.ts';
import { type Cell, report, type Row } from './report.ts';

const clients = quickOr(100_000, 10_000);
/** S that the server needs for 99 % of them, if it never waits for one. */
const limit = 99;
/** As many as listen on Node for a server that is busy (`net.Server.listen`, backlog). */
const backlog = 511;

/** `refuses`: beyond the backlog, as a balancer does that answers 503. `queues`: they wait there, each until its own dial timeout. */
type Overload = 'refuses' | 'queues';

const cases: [key: string, title: string, away: number, overload: Overload][] = [
  ['restart', 'restarted; refuses whom it has no room for', 0, 'refuses'],
  ['away', 'away for 30 s; refuses', 30_000, 'refuses'],
  ['restartQueue', 'restarted; lets them wait', 0, 'queues'],
  ['awayQueue', 'away for 30 s; lets them wait', 30_000, 'queues'],
];

function herdOf(dialler: DiallerOf, away: number, overload: Overload, size = clients): Herd {
  const share = size / 100_000;
  return {
    clients: size,
    dialler,
    away,
    perSecond: 1_000 * share,
    room: overload === 'refuses' ? backlog * share : Infinity,
  };
}

describe('100,000 clients that come back at once', () => {
  const rows: Row[] = [];
  afterAll(() => {
    report({
      question: 'herd',
      title: '100,000 clients lose their server at once: until 99 % are back',
      how: 'A simulation. The server takes 1,000 a second, and needs 99 s for 99 % of them if it never waits for one: the columns are multiples of that. All hear of the loss within 100 ms. A server that refuses has room for 511 that wait; in the queue of the other one each waits until it gives its dial up, which costs the server nothing. "over 6": not within 10 minutes.',
      columns: [
        ...cases.map(([key, title]) => ({ key, title, unit: '×' as const, digits: 2 })),
        { key: 'peak', title: 'dials in the busiest second' },
        { key: 'dials', title: 'dials a client', digits: 1 },
      ],
      rows,
    });
  });

  test.for(chosen(Object.keys(backoffs)))('%s', (peer, context) => {
    const outcomes = cases.map(([, , away, overload]) => stampede(herdOf(backoffs[peer]!, away, overload)));
    const ratios = outcomes.map(({ back }) => back / 1_000 / limit);
    rows.push({
      peer,
      cells: {
        ...Object.fromEntries(cases.map(([key], i) => [key, cellOf(ratios[i]!, outcomes[i]!)])),
        peak: Math.max(...outcomes.map(({ dials }) => peakOf(dials, 1_000))) * (100_000 / clients),
        dials: round(Math.max(...outcomes.map(({ dials }) => sumOf(dials))) / clients, 1),
      },
    });
    if (peer !== 'systole') return;
    expectWithin(context, {
      what: '99 % of 100,000 are back, over what the server needs',
      value: Math.max(...ratios),
      unit: '×',
      aim: 1.3,
      bound: 1.35,
    });
  });
});

/** What else the defaults could be, each beside them. */
const others: Partial<Backoff>[] = [
  {},
  { initial: 250 },
  { initial: 1_000 },
  { factor: 1.5 },
  { factor: 3 },
  { max: 10_000 },
  { max: 20_000 },
  { max: 60_000 },
  { spread: 0 },
  { spread: 500 },
  { spread: 2_000 },
  { spread: 5_000 },
];

test('other numbers', (context) => {
  const found = others.map(tried);
  const [{ peak, back }] = found as [Tried];
  // Always the same: no noise is to be allowed for.
  expectWithin(context, {
    what: 'simulated storm: new connections in 100 ms',
    value: peak,
    unit: '',
    aim: 30,
    bound: 30,
  });
  expectWithin(context, { what: 'simulated storm: 99 % are back after', value: back, unit: 's', aim: 2, bound: 2 });
  const rows = found.map((cells, i): Row => ({ peer: 'systole', settings: nameOf(others[i]!), cells: { ...cells } }));
  report({
    question: 'backoff',
    title: 'What other numbers of `backoff` would do',
    how: `Simulated: a storm of 300 clients whose server is away for two seconds, 40 times, and a herd of 100,000 as above, the worst of its four cases. ${JSON.stringify(defaultBackoff)} but for what is named.`,
    columns: [
      { key: 'peak', title: 'storm: new connections in 100 ms' },
      { key: 'back', title: 'storm: 99 % are back', unit: 's', digits: 2 },
      { key: 'herd', title: 'herd: 99 % are back', unit: '×', digits: 2 },
      { key: 'dials', title: 'herd: dials a client', digits: 1 },
      { key: 'busiest', title: 'herd: dials in the busiest second' },
      { key: 'alone', title: 'after a minute away, half are back', unit: 's', digits: 1 },
    ],
    rows,
  });
});

interface Tried {
  peak: number;
  back: number;
  herd: number;
  dials: number;
  busiest: number;
  alone: number;
}

function tried(backoff: Partial<Backoff>): Tried {
  // One storm has too few clients to tell anything.
  const storms = Array.from({ length: quickOr(40, 20) }, (_, i) => stampede(stormOf(backoff, i + 1)));
  const herds = cases.map(([, , away, overload]) => stampede(herdOf(systole(backoff), away, overload, 10_000)));
  const busiestOf = ({ dials }: Outcome) => peakOf(dials, 100, away);
  return {
    peak: measured(storms.map(busiestOf)).median,
    back: round(measured(storms.map((storm) => storm.back / 1_000)).median, 2),
    herd: round(Math.max(...herds.map((herd) => herd.back / 1_000 / limit)), 2),
    dials: round(Math.max(...herds.map(({ dials }) => sumOf(dials))) / 10_000, 1),
    busiest: Math.max(...herds.map(({ dials }) => peakOf(dials, 1_000))) * 10,
    alone: round(halfAreBack(backoff), 1),
  };
}

function nameOf(backoff: Partial<Backoff>): string {
  return (
    Object.entries(backoff)
      .map(([name, value]) => `${name} ${value}`)
      .join() || 'the defaults'
  );
}

const away = 2_000;

function stormOf(backoff: Partial<Backoff>, seed: number): Herd {
  const dialler = systole(backoff, 5);
  return { clients: 300, dialler, away, perSecond: 1_000_000, room: Infinity, heardWithin: 20, roundTrip: 1, seed };
}

/** S from the return of a server that was away for a minute until every other client is back. */
function halfAreBack(backoff: Partial<Backoff>): number {
  return stampede({ ...stormOf(backoff, 1), clients: 1_000, away: 60_000, share: 0.5 }).back / 1_000;
}

function cellOf(ratio: number, { gone }: Outcome): Cell {
  if (ratio < Infinity) return round(ratio, 2);
  return gone > 0 ? `never: ${Math.round((100 * gone) / clients)} % give up` : 'over 6';
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
