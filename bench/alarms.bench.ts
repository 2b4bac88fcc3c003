/**
 * Dead lines against false alarms: whoever is sooner to give a line up gives up more of those that were only slow.
 */
import { onTestFinished, test } from 'vitest';

import { Child } from '../test/helpers/children/start.ts';
import { script } from './alternation.ts';
import { chosen, quickOr } from './chosen.ts';
import { expectWithin, measured } from './measurement.ts';
import { orNever, report } from './report.ts';

/** `interval/timeout`, ms. */
const pairs = ['500/500', '500/1500', '1000/500', '1000/1500', '2000/2000', '5000/2500'] as const;
/** Of those that are told but one number, and give up by a multiple of it. */
const intervals = ['500', '1000', '2000', '5000'] as const;

/** Every library that has a heart, with the settings that it can tell apart. */
const hearts = {
  systole: pairs,
  'fifteen lines by hand': pairs,
  'websocket-heartbeat-js': pairs,
  'graphql-ws': pairs,
  '@rails/actioncable': pairs,
  'socket.io-client': pairs,
  // Its server beats in whole seconds.
  centrifuge: ['1000/500', '1000/1500', '2000/2000', '5000/2500'],
  // Whole seconds.
  mqtt: ['1000', '2000', '5000'],
  phoenix: intervals,
} as const;

/** What a line does to each piece, in each direction. */
const lines = {
  jitter200: { kind: 'jitter', most: 200 },
  jitter400: { kind: 'jitter', most: 400 },
  late: { kind: 'late', share: 0.02, ms: 1_200 },
} as const;
type Line = keyof typeof lines;

/** How many go silent, and how long we wait for them, ms: websocket-heartbeat-js, which waits for `close`, takes 33.5 s. */
const silenced = quickOr(20, 5);
const patience = quickOr(45_000, 10_000);
/** They do so within as many beats, each at a moment of its own between two. */
const beats = 3;
/** Of the chance by which lines are bad, which is the same for all libraries. */
const seed = 1;
/** How many bear a bad line, and how long, s. */
const bearing = 10;
const spell = quickOr(60, 10);
/** A spell in which timers were later than this is repeated, if there are to be so many; the calmer one counts. Ms. */
const calm = 100;
const mostSpells = quickOr(2, 1);

const contestants = chosen(Object.keys(hearts) as (keyof typeof hearts)[]).flatMap((peer) =>
  hearts[peer].map((settings) => ({ peer, settings })),
);

/** All spells twice, on a machine that is slow to start so many processes, ms. */
const longest = 900_000;

test('dead lines against false alarms', { timeout: longest }, async (context) => {
  const all: Contestant[] = [];
  // One after the other: each has much to load.
  for (const { peer, settings } of contestants) all.push(await Contestant.start(peer, settings));
  const trials = ['silence', ...(Object.keys(lines) as Line[])] as const;
  for (const trial of trials) {
    // Whose process had to wait for the machine was not only judged by its line.
    const isRestless = ({ lateness }: Contestant) => !(lateness[trial]! <= calm);
    for (let spells = 0, these = all; spells < mostSpells && these.length > 0; spells += 1) {
      await Promise.all(these.map((contestant) => contestant.open(trial === 'silence' ? silenced : bearing)));
      await Promise.all(these.map((contestant) => contestant.undergo(trial)));
      these = these.filter(isRestless);
    }
  }

  const worst = Math.max(...all.map(({ latest }) => latest));
  report({
    question: 'alarms',
    title: 'Dead lines against false alarms',
    how:
      `Seconds until a client is in its room again whose line went silent while both sockets stay open, its library's wait before it dials included: ` +
      `${silenced} clients, at moments spread evenly between two beats. Needless reconnections of ${bearing} clients in ${spell} s whose lines are alive: ` +
      `each piece, each way, takes 0 to 200 ms; 0 to 400 ms; 2 % of them take 1.2 s, and what is behind those waits, as TCP has it (both a question and its ` +
      `answer: 4 in 10,000, 2.4 s). All have the same chance. ` +
      `Nothing is sent but heartbeats. Settings: ms between two beats / ms of patience, or the one number that there is. ` +
      `Timers were late by ${worst.toFixed(0)} ms at most.`,
    columns: [
      { key: 'noticeMedian', title: 'in the room again, median', unit: 's', digits: 2 },
      { key: 'noticeMax', title: 'at most', unit: 's', digits: 2 },
      { key: 'jitter200', title: 'needless, 0–200 ms' },
      { key: 'jitter400', title: 'needless, 0–400 ms' },
      { key: 'late', title: 'needless, 2 % late' },
      { key: 'lateness', title: 'timers late by at most', unit: 'ms' },
    ],
    rows: all.map(({ peer, settings, cells, latest }) => ({
      peer,
      settings,
      cells: { ...cells, lateness: Math.round(latest) },
    })),
  });

  const ours = all.find(({ peer, settings }) => peer === 'systole' && settings === '1000/1500');
  if (ours === undefined) return;
  const { noticeMax, ...needless } = ours.cells;
  const of = (what: string) => `${what}, at ${ours.settings}`;
  const what = of('back from a silent line, at most');
  expectWithin(context, { what, value: Number(noticeMax), unit: 's', aim: 2.55, bound: 3.5 });
  for (const line of Object.keys(lines)) {
    const alarms = of(`needless reconnections, ${line}`);
    expectWithin(context, { what: alarms, value: Number(needless[line]), unit: '', aim: 0, bound: 3 });
  }
});

/** A library with one of its settings, in a process of its own. */
class Contestant {
  readonly peer: string;
  readonly settings: string;
  readonly cells: Record<string, number | string> = {};
  /** Of timers, at worst, in what counts: ms. */
  readonly lateness: Partial<Record<Line | 'silence', number>> = {};
  readonly #child: Child;
  readonly #heartbeat: { interval: number; timeout: number };

  static async start(peer: string, settings: string): Promise<Contestant> {
    const contestant = new Contestant(peer, settings);
    await contestant.#child.until('ready');
    return contestant;
  }

  private constructor(peer: string, settings: string) {
    this.peer = peer;
    this.settings = settings;
    const [interval = 0, timeout = interval] = settings.split('/').map(Number);
    this.#heartbeat = { interval, timeout };
    this.#child = new Child(script('alarms.mjs'), [peer, this.#heartbeat]);
    onTestFinished(() => this.#child.end());
  }

  async open(count: number): Promise<void> {
    await this.#do('open', { count });
  }

  async undergo(trial: Line | 'silence'): Promise<void> {
    const done = await (trial === 'silence'
      ? this.#do('silence', { over: beats * this.#heartbeat.interval, patience })
      : this.#do('bear', { line: lines[trial], seconds: spell, seed }));
    const lateness = Number(done['lateness']);
    if (lateness >= (this.lateness[trial] ?? Infinity)) return;
    this.lateness[trial] = lateness;
    if (trial === 'silence') this.#noteSilence(done['took'] as (number | null)[]);
    else this.cells[trial] = Number(done['entries']);
  }

  #noteSilence(took: readonly (number | null)[]): void {
    const seconds = took.map((ms) => Math.round(ms ?? Infinity) / 1_000);
    const show = (value: number) => orNever(value, patience / 1_000);
    this.cells['noticeMedian'] = show(measured(seconds).median);
    this.cells['noticeMax'] = show(Math.max(...seconds));
  }

  get latest(): number {
    return Math.max(...Object.values(this.lateness));
  }

  async #do(command: string, detail: object) {
    const from = this.#child.said.length;
    this.#child.tell(command, detail);
    return this.#child.until(`done: ${command}`, undefined, from);
  }
}
