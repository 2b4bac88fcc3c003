/**
 * A server that is killed while 300 clients are at work, and is back on its port two seconds later: how they come back, and what becomes of what they send meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, describe, onTestFinished, test } from 'vitest';

import { Child, endChildren } from '../test/helpers/children/start.ts';
import { script } from './alternation.ts';
import { chosen, quickOr } from './chosen.ts';
import { expectWithin, type Measured, measured } from './measurement.ts';
import { peerNames } from './peers/index.mjs';
import { type Figure, figureOf, report, type Row } from './report.ts';

const clients = quickOr(300, 100);
/** Ms that the server is away. */
const away = 2_000;
/** Ms that all are in before: their lines are stable by then. */
const calm = 5_500;
/** Ms after the server's return, after which nobody is waited for. */
const longest = 20_000;
/** Ms before the kill, and after the clients' process has heard of it: what was sent between may have been on its way to a server that died, as no client can know. */
const aroundTheKill = 100;
/** Ms in which new connections are counted together. */
const bin = 100;

interface Storm {
  /** When the server died, and another one was there; monotonic ms, as all times. */
  died: number;
  /** When the clients' process heard of it. */
  heardAt: number;
  returned: number;
  /** When clients entered afterwards, by the server's word. */
  entries: number[];
  /** When each client was back, by its own word; undefined: not at all. */
  back: (number | undefined)[];
  /** By client: when each message was sent, and the numbers of those that were heard, in order. */
  sent: number[][];
  heard: number[][];
}

afterAll(endChildren);

describe(`${clients} clients, and a server that is away for two seconds`, () => {
  const rows: Row[] = [];
  afterAll(() => {
    report({
      question: 'storm',
      title: `${clients} clients, and their server is away for ${away / 1_000} s`,
      how: `A server is killed, and another one is on its port ${away / 1_000} s later. Its ${clients} clients, by the defaults of their library, each send a message every 100 to 200 ms, before, meanwhile and after. What was sent within ${aroundTheKill} ms of the kill, or before they could have heard of it, may have been on its way to a server that died, and is counted apart. New connections are counted in steps of ${bin} ms since the return.`,
      columns: [
        { key: 'peak', title: 'new connections in 100 ms, at most' },
        { key: 'back', title: '99 % are back after', unit: 's', digits: 1 },
        { key: 'lost', title: 'lost of what was sent without a line', unit: '%', digits: 1 },
        { key: 'lostAtKill', title: 'lost of what was under way', unit: '%', digits: 1 },
        { key: 'doubled', title: 'heard twice' },
        { key: 'misplaced', title: 'heard out of order' },
      ],
      rows,
    });
  });

  test.for(chosen(peerNames.filter((name) => name !== 'ws')))('%s', async (peer, context) => {
    const storms: Storm[] = [];
    // Chance has a large part in it, and ours is judged.
    for (let i = 0; i < (peer === 'systole' ? quickOr(3, 1) : 1); i += 1) storms.push(await stormOf(peer));
    const peak = measured(storms.map(peakOf));
    const back = measured(storms.map(backAfter));
    const fates = storms.map(fateOf);
    const worst = (of: keyof Fate) => Math.max(...fates.map((fate) => fate[of]));
    const { lost, doubled, misplaced } = {
      lost: worst('lost'),
      doubled: worst('doubled'),
      misplaced: worst('misplaced'),
    };
    rows.push({
      peer,
      cells: {
        peak: cellOf(peak),
        back: back.median < Infinity ? cellOf(back) : `${shareBack(storms[0]!)} % within ${longest / 1_000} s`,
        lost,
        lostAtKill: worst('lostAtKill'),
        doubled,
        misplaced,
      },
    });
    console.info(peer, JSON.stringify(rows.at(-1)!.cells));
    if (peer !== 'systole') return;
    const among = `${clients} clients`;
    expectWithin(context, {
      what: `new connections in ${bin} ms of ${among}`,
      value: peak.median,
      noise: peak.noise,
      unit: '',
      aim: 30,
      bound: 100,
    });
    expectWithin(context, {
      what: `99 % of ${among} are back after`,
      value: back.median,
      noise: back.noise,
      unit: 's',
      aim: 2,
      bound: 3.5,
    });
    // A process that stands still for long may hear of some connections' ends later than of others'.
    expectWithin(context, {
      what: `lost of what ${among} sent without a line`,
      value: lost,
      unit: '%',
      aim: 0,
      bound: 2,
    });
    expectWithin(context, {
      what: `heard twice or out of order, of ${among}`,
      value: doubled + misplaced,
      unit: '',
      aim: 0,
      bound: 0,
    });
  });
});

async function stormOf(peer: string): Promise<Storm> {
  const [first, second] = [start('storm-server.mjs', [peer]), start('storm-server.mjs', [peer])];
  await Promise.all([first.until('ready'), second.until('ready')]);
  first.tell('listen', { port: 0 });
  const { port } = await first.until('listening');
  const crowd = start('storm-clients.mjs', [peer, `ws://127.0.0.1:${String(port)}`, String(clients)]);
  await crowd.until('all in');
  await sleep(calm);

  first.tell('die');
  await first.exited;
  const before = await first.until('told');
  await sleep(away);
  second.tell('listen', { port });
  const { at: returned } = await second.until('listening');
  const from = crowd.said.length;
  crowd.tell('await', { since: before.at });
  await Promise.race([crowd.until('all in', undefined, from), sleep(longest)]);
  await sleep(1_000);
  crowd.tell('stop');
  const stopped = await crowd.until('stopped');
  const { sent, entered, heardAt } = stopped as never as Pick<Storm, 'sent' | 'heardAt'> & { entered: number[][] };
  // The last ones arrive.
  await sleep(500);
  second.tell('tell');
  const after = await second.until('told');

  const heard = sent.map((): number[] => []);
  for (const message of [...(before['heard'] as string[]), ...(after['heard'] as string[])]) {
    const [client, number] = message.split(' ').map(Number);
    heard[client!]!.push(number!);
  }
  await Promise.all([crowd.end(), second.end()]);
  const back = entered.map((times) => times.find((at) => at > returned));
  return { died: before.at, heardAt, returned, entries: after['entered'] as number[], back, sent, heard };
}

function start(name: string, args: string[]): Child {
  const child = new Child(script(name), args);
  onTestFinished(() => child.end());
  return child;
}

/** One storm has no noise to be told. */
function cellOf(figure: Measured): Figure | number {
  return figure.noise > 0 ? figureOf(figure) : figure.median;
}

function peakOf({ entries, returned }: Storm): number {
  const bins: number[] = [0];
  for (const at of entries) {
    const i = Math.floor((at - returned) / bin);
    bins[i] = (bins[i] ?? 0) + 1;
  }
  return Math.max(...Object.values(bins));
}

/** S from the server's return. */
function backAfter({ back, returned }: Storm): number {
  const sorted = back.map((at) => at ?? Infinity).toSorted((a, b) => a - b);
  return (sorted[Math.ceil(0.99 * sorted.length) - 1]! - returned) / 1_000;
}

/** Per cent. */
function shareBack({ back }: Storm): number {
  return Math.round((100 * back.filter((at) => at !== undefined).length) / back.length);
}

interface Fate {
  /** Per cent of what was sent from the kill until the client was back. */
  lost: number;
  /** Per cent of what was sent around the kill. */
  lostAtKill: number;
  /** Messages, of all. */
  doubled: number;
  misplaced: number;
}

function fateOf({ died, heardAt, back, sent, heard }: Storm): Fate {
  const [down, atKill] = [new Tally(), new Tally()];
  let [doubled, misplaced] = [0, 0];
  for (const [client, numbers] of heard.entries()) {
    const arrived = new Set<number>();
    let last = -1;
    for (const number of numbers) {
      if (arrived.has(number)) doubled += 1;
      else if (number < last) misplaced += 1;
      arrived.add(number);
      last = Math.max(last, number);
    }
    for (const [number, at] of sent[client]!.entries()) {
      if (at < died - aroundTheKill || at > (back[client] ?? Infinity)) continue;
      (at < heardAt + aroundTheKill ? atKill : down).count(arrived.has(number));
    }
  }
  return { lost: down.missing, lostAtKill: atKill.missing, doubled, misplaced };
}

class Tally {
  #all = 0;
  #arrived = 0;

  count(hasArrived: boolean): void {
    this.#all += 1;
    if (hasArrived) this.#arrived += 1;
  }

  /** Per cent. */
  get missing(): number {
    return this.#all === 0 ? 0 : 100 * (1 - this.#arrived / this.#all);
  }
}
