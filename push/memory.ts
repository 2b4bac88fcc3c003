import { age, check, having, rule, type Rules } from '../adapters/check.ts';
/**
 * A log in the memory of this process: what one server needs, and what tests use. With the process goes its history: listeners are told of a gap.
 */
import { type Clock, systemClock } from '../adapters/clock.ts';
import { Listeners } from '../adapters/listeners.ts';
import { type AppendOptions, type Entry, idsKeptFor, type Log, LogError, type Payload, type Read } from './log.ts';
import type { Position } from './position.ts';

export interface MemoryLogOptions {
  /** How many messages of a topic are kept. Default 1,000. */
  messages?: number | undefined;
  /** How long each is kept, ms. Default 600,000. */
  maxAge?: number | undefined;
  /** Default: the system's. */
  clock?: Pick<Clock, 'now'> | undefined;
}

/** How long a topic to which nobody writes keeps its numbers, ms. */
const idleFor = 86_400_000;
/** How often that is looked after, at most, ms. */
const sweepEvery = 60_000;

/** @throws {TypeError | RangeError} naming the option at fault */
export function memoryLog(options: MemoryLogOptions = {}): Log {
  check(options, rules);
  const { messages = 1_000, maxAge = 600_000, clock = systemClock } = options;
  return new MemoryLog(messages, maxAge, clock);
}

interface Kept {
  readonly entry: Entry;
  readonly since: number;
}

class Topic {
  readonly followers = new Listeners<Entry>();
  /** In order; the first is the oldest. */
  kept: Kept[] = [];
  readonly ids = new Map<string, { at: number; since: number }>();
  /** Of the newest message. */
  at: number;
  /** When anything was appended at last. */
  since: number;

  constructor(at: number, since: number) {
    this.at = at;
    this.since = since;
  }
}

class MemoryLog implements Log {
  readonly #epoch = crypto.randomUUID().slice(0, 13);
  readonly #topics = new Map<string, Topic>();
  readonly #messages: number;
  readonly #maxAge: number;
  readonly #clock: Pick<Clock, 'now'>;
  /** No topic that was forgotten had come further: one that is new goes on from there, so that no number is used twice. */
  #floor = 0;
  #swept: number;
  #isClosed = false;

  constructor(messages: number, maxAge: number, clock: Pick<Clock, 'now'>) {
    this.#messages = messages;
    this.#maxAge = maxAge;
    this.#clock = clock;
    this.#swept = clock.now();
  }

  async append(topic: string, data: Payload, { id }: AppendOptions = {}): Promise<Position> {
    this.#checkOpen();
    const now = this.#clock.now();
    this.#sweep(now);
    const its = this.#of(topic);
    const known = id === undefined ? undefined : its.ids.get(id);
    if (known !== undefined && now - known.since <= idsKeptFor) return { epoch: this.#epoch, at: known.at };
    // Whoever appends may use the bytes for something else.
    const kept = typeof data === 'string' ? data : new Uint8Array(data);
    const entry: Entry = { epoch: this.#epoch, at: its.at + 1, prev: its.at, data: kept };
    its.at = entry.at;
    its.since = now;
    its.kept.push({ entry, since: now });
    if (id !== undefined) {
      // One that is given anew, after its time, is the youngest.
      its.ids.delete(id);
      its.ids.set(id, { at: entry.at, since: now });
    }
    this.#trim(its, now);
    its.followers.call(entry);
    return { epoch: this.#epoch, at: entry.at };
  }

  async head(topic: string): Promise<Position> {
    this.#checkOpen();
    return this.#head(topic);
  }

  async read(topic: string, after: Position, limit: number): Promise<Read> {
    this.#checkOpen();
    const head = this.#head(topic);
    const its = this.#topics.get(topic);
    if (after.epoch !== head.epoch) return { gap: 'epoch', head };
    if (after.at > head.at) return { gap: 'ahead', head };
    if (its !== undefined) this.#trim(its, this.#clock.now());
    const kept = its?.kept ?? [];
    const first = kept[0]?.entry.prev ?? head.at;
    if (after.at < first) return { gap: 'trimmed', head, ...(its && { missed: head.at - after.at }) };
    const from = after.at - first;
    return { entries: kept.slice(from, from + limit).map(({ entry }) => entry), head };
  }

  async follow(topic: string, hear: (entry: Entry) => void): Promise<() => void> {
    this.#checkOpen();
    const its = this.#of(topic);
    const remove = its.followers.add(hear);
    return () => {
      remove();
      this.#leave(topic, its);
    };
  }

  /** Nobody misses anything here. */
  onReset(): () => void {
    return () => {};
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#topics.clear();
  }

  #head(topic: string): Position {
    return { epoch: this.#epoch, at: this.#topics.get(topic)?.at ?? this.#floor };
  }

  #of(topic: string): Topic {
    let its = this.#topics.get(topic);
    if (its === undefined) {
      its = new Topic(this.#floor, this.#clock.now());
      this.#topics.set(topic, its);
    }
    return its;
  }

  /** Nothing is left behind by who asks for names under which nothing is: the head of such a topic is the floor. */
  #leave(topic: string, its: Topic): void {
    if (its.followers.all.length > 0 || this.#topics.get(topic) !== its) return;
    if (its.at === this.#floor && its.kept.length === 0 && its.ids.size === 0) this.#topics.delete(topic);
  }

  #trim(its: Topic, now: number): void {
    const { kept, ids } = its;
    let gone = Math.max(0, kept.length - this.#messages);
    while (gone < kept.length && now - kept[gone]!.since > this.#maxAge) gone += 1;
    if (gone > 0) its.kept = kept.slice(gone);
    for (const [id, { since }] of ids) {
      if (now - since <= idsKeptFor) break;
      ids.delete(id);
    }
  }

  #sweep(now: number): void {
    if (now - this.#swept < sweepEvery) return;
    this.#swept = now;
    for (const [name, its] of this.#topics) {
      this.#trim(its, now);
      if (now - its.since < idleFor || its.kept.length > 0 || its.followers.all.length > 0) continue;
      this.#floor = Math.max(this.#floor, its.at);
      this.#topics.delete(name);
    }
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new LogError('closed', 'the log is closed: close() was called');
  }
}

const wholeNumber = rule((value) => Number.isInteger(value) && (value as number) >= 0, 'a whole number from 0');

const rules: Rules = { messages: wholeNumber, maxAge: age, clock: having(['now']) };
