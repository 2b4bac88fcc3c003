/**
 * What the trace shows of a life between two times, and where its labels stand. Pure: how wide a text is comes in by parameter.
 *
 * Of what is closer together than can be told apart, one is drawn, so that a picture is cheap however much has happened.
 */
import type { Definition, StateValue } from '../entry.ts';
import { seconds } from './figures.ts';
import { indexAt } from './in-time.ts';
import { isConnection, type LifeStory, wordOf } from './life.ts';
import { type Outage, readingOf, type Turn } from './reading.ts';
import type { Tone } from './tone.ts';

export interface Span {
  readonly from: number;
  readonly to: number;
  readonly word: string;
  readonly tone: Tone;
}

/** The states of a machine, or of one of its parallel regions. */
export interface Lane {
  /** Of the region; '': of the machine. */
  readonly name: string;
  readonly spans: readonly Span[];
}

/** More messages than can be told apart. */
export interface Flood {
  readonly from: number;
  to: number;
  received: number;
  sent: number;
}

/** What is said of a moment, in ever fewer words. */
export interface Saying {
  readonly at: number;
  readonly kind: 'loss' | 'flood';
  readonly texts: readonly string[];
}

export interface Picture {
  readonly from: number;
  readonly to: number;
  /** Of a connection. */
  readonly spans: readonly Span[];
  /** Of another machine; none of a connection. */
  readonly lanes: readonly Lane[];
  /** Lanes that have no room. */
  readonly folded: readonly string[];
  /** When a line was lost, or a dial failed. */
  readonly losses: readonly number[];
  readonly sayings: readonly Saying[];
  readonly beats: readonly { readonly at: number; readonly trip: number }[];
  /** Messages that came or went. */
  readonly ticks: readonly { readonly at: number; readonly received: number; readonly sent: number }[];
  readonly floods: readonly Flood[];
}

/** How many columns can be told apart. */
const columns = 600;
const mostLanes = 3;
/** How often a bridge counts, ms: what it counts has passed within this. */
const pace = 250;
/** A count that comes later than that, ms, is of a process that is busy: it goes on with the flood of the one before. */
const late = 8 * pace;
/** So many messages in a second are a flood. */
const floodRate = 100;

export const noPicture: Picture = {
  from: 0,
  to: 1,
  spans: [],
  lanes: [],
  folded: [],
  losses: [],
  sayings: [],
  beats: [],
  ticks: [],
  floods: [],
};

export function pictureOf(life: LifeStory, from: number, to: number): Picture {
  const { turns, trips, outages } = readingOf(life);
  const grain = (to - from) / columns;
  if (!isConnection(life)) {
    const lanes = lanesOf(within(turns, from, to), from, to, grain);
    const folded = lanes.splice(mostLanes).map(({ name }) => name);
    return { ...noPicture, from, to, lanes, folded };
  }
  const spans = new Spans(from, grain);
  for (const { at, word, tone } of within(turns, from, to)) spans.turn(at, word, tone);
  const seen = outages.filter((each) => each.from <= to && (each.to ?? to) >= from);
  const { ticks, floods } = messagesOf(life, from, to, grain);
  return {
    from,
    to,
    spans: spans.until(to),
    lanes: [],
    folded: [],
    losses: thinned(
      seen.flatMap(({ losses }) => losses.filter(({ at }) => at >= from && at <= to)),
      grain,
    ).map(({ at }) => at),
    sayings: [...seen.map((each) => sayingOf(each, from, to)), ...floods.map(sayingOfFlood)],
    beats: thinned(within(trips, from, to), 2 * grain).filter(({ at }) => at >= from),
    ticks,
    floods,
  };
}

/** Those between two times, and the one before, which may last until then. */
function within<T extends { readonly at: number }>(list: readonly T[], from: number, to: number): T[] {
  return list.slice(Math.max(0, indexAt(list, from)), indexAt(list, to) + 1);
}

function thinned<T extends { readonly at: number }>(list: readonly T[], grain: number): T[] {
  let last = -Infinity;
  return list.filter(({ at }) => {
    if (at - last < grain) return false;
    last = at;
    return true;
  });
}

const ranks: Readonly<Record<Tone, number>> = { dead: 4, doubt: 3, dialling: 2, over: 1, alive: 0 };

/** One state after another; of those within one grain the worst is seen. */
class Spans {
  readonly #spans: { from: number; word: string; tone: Tone }[] = [];
  readonly #from: number;
  readonly #grain: number;
  #now: { word: string; tone: Tone } | undefined;
  /** Until then the last one is seen, however soon it ended. */
  #end = -Infinity;

  constructor(from: number, grain: number) {
    this.#from = from;
    this.#grain = grain;
  }

  turn(time: number, word: string, tone: Tone): void {
    const at = Math.max(time, this.#from);
    const last = this.#spans.at(-1);
    if (at >= this.#end) {
      this.#resume();
      this.#begin(at, word, tone);
    } else if (last !== undefined && ranks[tone] > ranks[last.tone]) Object.assign(last, { word, tone });
    this.#now = { word, tone };
  }

  until(to: number): Span[] {
    if (to >= this.#end) this.#resume();
    return this.#spans.map((span, i) => ({ ...span, to: this.#spans[i + 1]?.from ?? to }));
  }

  #begin(at: number, word: string, tone: Tone): void {
    const last = this.#spans.at(-1);
    if (last?.word === word && last.tone === tone) return;
    this.#spans.push({ from: at, word, tone });
    this.#end = at + this.#grain;
  }

  /** Where the worst of a while was not its last. */
  #resume(): void {
    const now = this.#now;
    if (now !== undefined) this.#begin(this.#end, now.word, now.tone);
  }
}

function lanesOf(turns: readonly Turn[], from: number, to: number, grain: number): Lane[] {
  const lanes = new Map<string, Spans>();
  for (const { at, value, word, tone } of turns) {
    const regions = tone === 'over' && word === 'closed' ? [['', 'ended'] as const] : regionsOf(value);
    for (const [name, state] of regions) {
      if (!lanes.has(name)) lanes.set(name, new Spans(from, grain));
      lanes.get(name)!.turn(at, state, 'alive');
    }
    // A region that was left says nothing until it is entered again.
    for (const [name, spans] of lanes) if (!regions.some(([each]) => each === name)) spans.turn(at, '', 'alive');
  }
  return [...lanes].map(([name, spans]) => ({ name, spans: spans.until(to).filter(({ word }) => word !== '') }));
}

/** Down to where it forks, the state by itself; from there a region each. */
export function regionsOf(value: StateValue): (readonly [name: string, word: string])[] {
  const path: string[] = [];
  let inner = value;
  while (typeof inner !== 'string') {
    const [key, ...others] = Object.keys(inner);
    if (key === undefined || others.length > 0) break;
    path.push(key);
    inner = inner[key]!;
  }
  if (typeof inner === 'string') return [['', [...path, inner].filter((each) => each !== '').join(' · ')]];
  const regions = Object.entries(inner).map(([key, each]) => [key, wordOf(each)] as const);
  return path.length === 0 && regions.length > 0 ? regions : [['', path.join(' · ')], ...regions];
}

/** All words that a machine's lanes can say, in its own order: a place in it is a colour. */
export function wordsOf({ states, type }: Definition, path: readonly string[] = []): string[] {
  const children = Object.values(states).filter((each) => each.type !== 'history');
  if (type === 'parallel') return [path.join(' · '), ...children.flatMap((child) => wordsOf(child))];
  if (children.length === 0) return [path.join(' · ')];
  return children.flatMap((child) => wordsOf(child, [...path, child.key]));
}

function messagesOf(life: LifeStory, from: number, to: number, grain: number) {
  const { counts } = readingOf(life);
  const ticks: { at: number; received: number; sent: number }[] = [];
  const floods: Flood[] = [];
  for (let i = Math.max(1, indexAt(counts, from)); i < counts.length; i += 1) {
    const { at, received, sent } = counts[i]!;
    if (at > to) break;
    const before = counts[i - 1]!;
    const passed = {
      received: received.messages - before.received.messages,
      sent: sent.messages - before.sent.messages,
    };
    if (passed.received <= 0 && passed.sent <= 0) continue;
    const during = Math.max(1, Math.min(pace, at - before.at));
    const last = ticks.at(-1);
    if ((Math.max(passed.received, passed.sent) * 1_000) / pace >= floodRate) {
      const flood = floods.at(-1);
      const isNext = flood !== undefined && flood.to === before.at && at - before.at <= late;
      if (flood !== undefined && (isNext || at - during - flood.to <= Math.max(2 * pace, grain))) {
        flood.to = at;
        flood.received += passed.received;
        flood.sent += passed.sent;
      } else floods.push({ from: at - during, to: at, ...passed });
    } else if (last !== undefined && at - last.at < grain) {
      last.received += passed.received;
      last.sent += passed.sent;
    } else if (at >= from) ticks.push({ at, ...passed });
  }
  return { ticks, floods };
}

/** Messages in a second. */
export function rateOf({ from, to }: Flood, messages: number): number {
  return Math.round((messages * 1_000) / Math.max(1, to - from));
}

function sayingOfFlood(flood: Flood): Saying {
  const way = flood.received >= flood.sent ? 'in' : 'out';
  const count = Math.max(flood.received, flood.sent);
  const rate = `${rateOf(flood, count).toLocaleString('en')}/s`;
  return {
    at: flood.from,
    kind: 'flood',
    texts: [`${count.toLocaleString('en')} ${way}, ${rate}`, `${way} ${rate}`, rate],
  };
}

function sayingOf({ from: begun, to: ended, losses }: Outage, from: number, to: number): Saying {
  const [{ cause } = { cause: 'lost' }, ...failed] = losses.filter(({ at }) => at <= to);
  const dials = failed.length === 0 ? '' : `, ${failed.length} ${failed.length === 1 ? 'dial' : 'dials'} failed`;
  const offline = ended === undefined || ended > to ? '' : `, offline ${seconds(ended - begun)}`;
  return {
    at: Math.max(begun, from),
    kind: 'loss',
    texts: [...new Set([`${cause}${offline}${dials}`, `${cause}${offline}`, `${cause}${dials}`, cause])],
  };
}

/** A label and its place, CSS px. */
export interface Label {
  readonly kind: Saying['kind'];
  readonly text: string;
  readonly x: number;
  readonly width: number;
}

/** Between labels, px. */
const gap = 8;

/**
 * Side by side in one row, above all lines: each as near to its moment as it can stand, in as many words as fit. Losses come first; what does not fit is
 * left to the log.
 */
export function labelsOf(
  sayings: readonly Saying[],
  xOf: (at: number) => number,
  widthOf: (text: string) => number,
  { left, right }: { left: number; right: number },
): Label[] {
  const placed: Label[] = [];
  for (const kind of ['loss', 'flood'] as const) {
    const ours = sayings.filter((each) => each.kind === kind);
    for (const [i, { at, texts }] of ours.entries()) {
      const anchor = xOf(at);
      const next = ours[i + 1];
      const most = next === undefined ? right : xOf(next.at) - gap;
      const label = placeOf(texts, anchor, widthOf, { left, right, most }, placed);
      if (label !== undefined) placed.push({ kind, ...label });
    }
  }
  return placed.toSorted((a, b) => a.x - b.x);
}

function placeOf(
  texts: readonly string[],
  anchor: number,
  widthOf: (text: string) => number,
  { left, right, most }: { left: number; right: number; most: number },
  placed: readonly Label[],
): Omit<Label, 'kind'> | undefined {
  for (const [i, text] of texts.entries()) {
    const width = widthOf(text);
    const x = Math.max(left, Math.min(anchor, right - width));
    // The last words are said even where they reach to the moment after.
    if (i < texts.length - 1 && x + width > most) continue;
    const isFree = placed.every((each) => x + width + gap <= each.x || each.x + each.width + gap <= x);
    if (isFree && x + width <= right) return { text, x, width };
  }
  return undefined;
}

export function describe({ beats, spans, sayings, lanes, folded }: Picture): string {
  if (lanes.length > 0) {
    const now = lanes.map(({ name, spans: each }) => `${name === '' ? '' : `${name}: `}${each.at(-1)?.word ?? 'left'}`);
    const more = folded.length === 0 ? '' : `, and ${folded.length} more: ${folded.join(', ')}`;
    return `States over time. Now ${now.join(', ')}${more}.`;
  }
  const worst = beats.reduce((most, { trip }) => Math.max(most, trip), 0);
  const losses = sayings.filter(({ kind }) => kind === 'loss').map(({ texts: [text] }) => text);
  const floods = sayings.filter(({ kind }) => kind === 'flood').map(({ texts: [text] }) => text);
  return [
    `Heart trace: ${beats.length} beats answered${worst === 0 ? '' : `, the slowest after ${Math.round(worst)} ms`}.`,
    `Now ${spans.at(-1)?.word ?? 'unknown'}.`,
    losses.length === 0 ? '' : `Losses: ${losses.join('; ')}.`,
    floods.length === 0 ? '' : `Floods: ${floods.join('; ')}.`,
  ]
    .filter((each) => each !== '')
    .join(' ');
}
