/**
 * What is read from a life, kept as it grows: what is asked ten times a second looks only at what is new. Plain data, no signals.
 */
import type { Changed, Counted, Entry, Registered, StateValue } from '../entry.ts';
import { indexAt } from './in-time.ts';
import { causeIn, isConnection, isOutage, type LifeStory, stateWord, wordOf } from './life.ts';
import { type Tone, toneOf } from './tone.ts';

export type Context = Readonly<Record<string, unknown>>;

/** From here on it was in a state that people tell from the one before. */
export interface Turn {
  readonly at: number;
  /** `alive`; of another machine `hot · boiling`. */
  readonly word: string;
  readonly tone: Tone;
  readonly value: StateValue;
}

/** A line that was lost, and those that failed after it, until one is alive again. */
export interface Outage {
  /** When the line was given up; of dials that failed before any line was alive: when the first did. */
  readonly from: number;
  /** Undefined: it goes on. */
  to: number | undefined;
  /** No line was alive before. */
  readonly isFirst: boolean;
  /** Why the line was lost, then why dials failed. */
  readonly losses: { readonly at: number; readonly cause: string }[];
  dials: number;
}

/** The line is left for good, and what was known of it. */
export interface Going {
  readonly at: number;
  readonly context: Context;
}

export interface Trip {
  readonly at: number;
  readonly trip: number;
}

/** Of the server's clock against ours, ms. */
export interface Offset {
  readonly at: number;
  readonly offset: number;
}

export class Reading {
  readonly turns: Turn[] = [];
  readonly outages: Outage[] = [];
  readonly goings: Going[] = [];
  readonly trips: Trip[] = [];
  readonly offsets: Offset[] = [];
  readonly counts: Counted[] = [];
  /** Those that tell of topics. */
  readonly topics: Counted[] = [];
  /** When something came, epoch ms. */
  readonly heard: { readonly at: number }[] = [];
  #seen = 0;
  #forgotten = 0;
  #context: Context = {};
  #clockAt: unknown;
  readonly #isConnection: boolean;

  constructor(life: LifeStory) {
    this.#isConnection = isConnection(life);
  }

  catchUp({ entries, forgotten }: LifeStory): void {
    const all = forgotten + entries.length;
    for (let i = Math.max(0, this.#seen - forgotten); i < entries.length; i += 1) this.#read(entries[i]!);
    this.#seen = all;
    if (forgotten === this.#forgotten) return;
    this.#forgotten = forgotten;
    this.#forget(entries[1]?.at ?? -Infinity);
  }

  #read(entry: Entry): void {
    if (entry.type === 'counted') this.#count(entry);
    else if (entry.type === 'changed' || entry.type === 'registered') this.#change(entry);
    else if (entry.type === 'event') {
      const { at, event } = entry;
      const { type } = event;
      if (type.startsWith('peer.') || type === 'socket.opened') this.#hear(at);
      const trip = roundTripIn(entry);
      if (trip !== undefined) this.trips.push({ at, trip });
    } else this.#turn(entry.at, 'closed', this.turns.at(-1)?.value ?? '');
  }

  #count(entry: Counted): void {
    const before = this.counts.at(-1);
    this.counts.push(entry);
    if ((entry.topics?.length ?? 0) > 0) this.topics.push(entry);
    if (entry.heardAt !== undefined) this.#hear(entry.heardAt);
    else if (before !== undefined && entry.received.messages > before.received.messages) this.#hear(entry.at);
  }

  #hear(at: number): void {
    if (at > (this.heard.at(-1)?.at ?? -Infinity)) this.heard.push({ at });
  }

  #change({ at, value, context }: Changed | Registered): void {
    const before = this.#context;
    this.#context = (typeof context === 'object' && context !== null ? context : {}) as Context;
    if (this.#isConnection) {
      this.#follow(at, stateWord(value), before);
      this.#clock(at);
    }
    this.#turn(at, this.#isConnection ? stateWord(value) : wordOf(value), value);
  }

  #turn(at: number, word: string, value: StateValue): void {
    const last = this.turns.at(-1);
    const tone = toneOf(word, isOutage(word, this.#context));
    if (last?.word !== word || last.tone !== tone) this.turns.push({ at, word, tone, value });
  }

  /** Outages and goings, before the turn is noted. */
  #follow(at: number, word: string, before: Context): void {
    const last = this.turns.at(-1)?.word;
    if (word === last) return;
    if (last !== undefined && isOnline(last) && !isOnline(word)) this.goings.push({ at, context: before });
    const outage = this.outages.at(-1);
    const current = outage?.to === undefined ? outage : undefined;
    const cause = causeIn(this.#context);
    if (isOnline(word) || cause === 'user-closed' || cause === 'aborted') {
      if (current !== undefined) current.to = at;
    } else if (word === 'reconnecting' || word === 'redialling' || word === 'closed') {
      const loss = { at, cause: cause === '' ? 'lost' : cause };
      if (current !== undefined) current.losses.push(loss);
      else this.outages.push({ from: at, to: undefined, isFirst: this.goings.length === 0, losses: [loss], dials: 0 });
    } else if (word === 'connecting' && current !== undefined) current.dials += 1;
  }

  /** The machine knows it against a clock of its own: it is compared to ours at the very moment when there is a sample. */
  #clock(entryAt: number): void {
    const clock = this.#context['serverClock'] as { offset?: unknown; at?: unknown } | null | undefined;
    if (typeof clock?.offset !== 'number' || typeof clock.at !== 'number' || clock.at === this.#clockAt) return;
    this.#clockAt = clock.at;
    this.offsets.push({ at: entryAt, offset: clock.offset + clock.at - entryAt });
  }

  /** What was the case when it begins stays. */
  #forget(before: number): void {
    const { turns, goings, trips, offsets, counts, topics, heard, outages } = this;
    for (const list of [turns, goings, trips, offsets, counts, topics, heard] as { at: number }[][]) {
      list.splice(0, Math.max(0, indexAt(list, before)));
    }
    const kept = outages.findIndex(({ to = Infinity }) => to >= before);
    outages.splice(0, kept < 0 ? Math.max(0, outages.length - 1) : kept);
  }
}

const readings = new WeakMap<LifeStory, Reading>();

export function readingOf(life: LifeStory): Reading {
  const reading = readings.get(life) ?? new Reading(life);
  readings.set(life, reading);
  reading.catchUp(life);
  return reading;
}

export function isOnline(word: string): boolean {
  return word === 'alive' || word === 'stale';
}

export function roundTripIn(entry: Entry): number | undefined {
  if (entry.type !== 'event' || entry.event.type !== 'peer.beat') return undefined;
  const { roundTripTime } = entry.event;
  return typeof roundTripTime === 'number' ? roundTripTime : undefined;
}
