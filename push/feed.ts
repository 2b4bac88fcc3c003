/**
 * One topic, as a hub holds it: how far its log is known to have come, its newest messages, and who hears them. What is heard of the log is delivered only
 * where it joins what is known; else the log is read.
 */
import type { Clock } from '../adapters/clock.ts';
import { surface } from '../adapters/surface.ts';
import type { Entry, Log, Read } from './log.ts';
import { encoded, type Framed } from './peer.ts';
import { isSame, type Position } from './position.ts';

/** Who hears all there is, as it comes. */
export interface Listening {
  heard(message: Kept): void;
  /** What is missing up to `to`, nobody can tell. */
  missed(read: Extract<Read, { gap: string }>, from: Position): void;
}

/** A message, and as it goes onto the wire, the same for every line. */
export interface Kept {
  readonly entry: Entry;
  readonly framed: Framed;
}

export interface FeedOptions {
  log: Log;
  clock: Clock;
  name: string;
  /** Stands for the topic on the wire. */
  alias: number;
  /** How many of the newest messages are kept, and how many bytes. */
  recent: { messages: number; bytes: number };
}

/** Entries read at a time. */
export const chunk = 100;
/** Until a log that did not answer is asked again, ms. */
const pause = 1_000;
/** What may be held while the log is read. With more, it is read once more. */
const mostHeld = 1_000;

interface Waiting {
  readonly after: Position;
  readonly away: number | undefined;
  readonly resolve: (read: Read) => void;
  readonly reject: (error: unknown) => void;
}

export class Feed {
  readonly name: string;
  readonly alias: number;
  readonly listening = new Set<Listening>();
  readonly #options: FeedOptions;
  /** How far the log is known to have come. Undefined: it has not been asked yet. */
  #head: Position | undefined;
  /** The newest messages, without a hole: all that follows `#from`. */
  #recent: Kept[] = [];
  #recentBytes = 0;
  #from = 0;
  /** What is heard while the log is read. */
  #held: Entry[] = [];
  /** While the log is read, so as to know how far it has come. */
  #syncing: Promise<void> | undefined;
  /** Who waits for that. */
  readonly #unsettled = new Set<() => void>();
  /** Something happened meanwhile: once more. */
  #again = false;
  /** When everything there was is known to have been heard at last, monotonic ms. */
  #completeAt: number;
  #waiting: Waiting[] = [];
  #unfollow: (() => void) | undefined;
  #isClosed = false;
  #timers = new Set<() => void>();

  constructor(options: FeedOptions) {
    this.name = options.name;
    this.alias = options.alias;
    this.#options = options;
    this.#completeAt = options.clock.now();
    this.sync();
  }

  /** How far all there is has been heard. Undefined: the log is being read; wait with `whenSettled`. */
  get head(): Position | undefined {
    return this.#syncing === undefined ? this.#head : undefined;
  }

  /**
   * Told once, when the log has been read as far as there is something, or the feed is closed. The answer calls it off: while a log does not answer, clients may ask
   * and leave without end.
   */
  whenSettled(tell: () => void): () => void {
    if (this.#syncing === undefined) tell();
    else this.#unsettled.add(tell);
    return () => void this.#unsettled.delete(tell);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The newest messages after a position; undefined: they do not reach back so far, or it is of another life of the log. */
  after({ epoch, at }: Position): readonly Kept[] | undefined {
    if (epoch !== this.#head?.epoch || at < this.#from || at > this.#head.at) return undefined;
    const recent = this.#recent;
    let first = recent.length;
    while (first > 0 && recent[first - 1]!.entry.at > at) first -= 1;
    return recent.slice(first);
  }

  /**
   * What the log has after a position. Those who come back at once read it once: the one who is farthest behind reads for all.
   * @throws {LogError}
   */
  read(after: Position, away: number | undefined): Promise<Read> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ after, away, resolve, reject });
      if (this.#waiting.length === 1) void this.#readForAll();
    });
  }

  /** The log may have come farther, or begun another life: it is read from where we are. */
  sync(): void {
    this.#again = true;
    if (this.#isClosed) return;
    this.#syncing ??= this.#sync().finally(() => {
      this.#syncing = undefined;
      this.#release();
      const unsettled = [...this.#unsettled];
      this.#unsettled.clear();
      for (const tell of unsettled) tell();
    });
  }

  /** Compares heads, which is cheaper than to read. A log that does not answer is asked the next time. */
  async check(): Promise<void> {
    if (this.head === undefined) return;
    const at = this.#options.clock.now();
    const head = await this.#options.log.head(this.name).catch(() => undefined);
    // It may have been read meanwhile, or given up before it ever was.
    if (head === undefined || this.head === undefined) return;
    if (isSame(head, this.#head!)) this.#completeAt = at;
    else this.sync();
  }

  close(): void {
    this.#isClosed = true;
    this.#unfollow?.();
    for (const wake of this.#timers) wake();
    this.#recent = [];
    this.#held = [];
  }

  /** A frame of a message. */
  kept(entry: Entry): Kept {
    const { at, data } = entry;
    const framed =
      typeof data === 'string'
        ? { text: encoded(`~${this.alias} ${at} ${data}`) }
        : { text: encoded(`~b ${this.alias} ${at}`), binary: data };
    return { entry, framed };
  }

  // What the log says.

  #hear(entry: Entry): void {
    if (this.#isClosed) return;
    if (this.#syncing === undefined) this.#take(entry);
    else if (this.#held.length < mostHeld) this.#held.push(entry);
    else this.#again = true;
  }

  /** Delivers what joins. What does not may mean that something was missed, or that the log has begun anew: it is read. */
  #take(entry: Entry): void {
    const head = this.#head!;
    if (entry.epoch === head.epoch && entry.prev <= head.at && head.at < entry.at) this.#deliver(entry);
    else this.sync();
  }

  #deliver(entry: Entry): void {
    const message = this.kept(entry);
    this.#head = { epoch: entry.epoch, at: entry.at };
    this.#keep(message);
    for (const each of this.listening) {
      try {
        each.heard(message);
      } catch (error) {
        surface(error);
      }
    }
  }

  #release(): void {
    const held = this.#held;
    this.#held = [];
    for (const entry of held) {
      // What was read meanwhile, it says again.
      if (entry.epoch === this.#head?.epoch && entry.at <= this.#head.at) continue;
      this.#hear(entry);
    }
  }

  // Reading, so as to know how far the log has come.

  async #sync(): Promise<void> {
    while (this.#again && !this.#isClosed) {
      this.#again = false;
      try {
        await this.#step();
      } catch {
        // It does not answer, and is asked again: whoever hears this topic hears nothing meanwhile, and everything afterwards.
        this.#again = true;
        await this.pause();
      }
    }
  }

  async #step(): Promise<void> {
    const { log, clock, name } = this.#options;
    // Before the head is asked for: what comes in between is held.
    this.#unfollow ??= await this.#followed();
    const now = clock.now();
    const head = this.#head;
    if (head === undefined) {
      this.#begin(await log.head(name));
    } else {
      const read = await log.read(name, head, chunk, { away: now - this.#completeAt });
      if (this.#isClosed) return;
      if ('gap' in read) this.#gap(read, head);
      else if (this.#advance(read)) this.#again = true;
    }
    this.#completeAt = now;
  }

  async #followed(): Promise<() => void> {
    const unfollow = await this.#options.log.follow(this.name, (entry) => this.#hear(entry));
    if (this.#isClosed) unfollow();
    return unfollow;
  }

  /** True: there is more to be read. */
  #advance({ entries, head }: Extract<Read, { entries: unknown }>): boolean {
    for (const entry of entries) {
      if (entry.at > this.#head!.at) this.#deliver(entry);
    }
    const isMore = entries.length > 0 && this.#head!.at < head.at;
    // Where numbers are shared among topics, the head may be farther than the last message.
    if (!isMore && head.at > this.#head!.at) this.#head = head;
    return isMore;
  }

  #gap(read: Extract<Read, { gap: string }>, from: Position): void {
    this.#begin(read.head);
    for (const each of this.listening) {
      try {
        each.missed(read, from);
      } catch (error) {
        surface(error);
      }
    }
  }

  #begin(head: Position): void {
    this.#head = head;
    this.#recent = [];
    this.#recentBytes = 0;
    this.#from = head.at;
  }

  // The newest messages.

  #keep(message: Kept): void {
    this.#recent.push(message);
    this.#recentBytes += bytesOf(message);
    const { messages, bytes } = this.#options.recent;
    while (this.#recent.length > messages || this.#recentBytes > bytes) {
      const gone = this.#recent.shift()!;
      this.#recentBytes -= bytesOf(gone);
      this.#from = gone.entry.at;
    }
  }

  /** What was read before the newest messages, and joins them, is kept as well, as far as there is room. */
  #keepBefore(after: Position, { entries, head }: Extract<Read, { entries: unknown }>): void {
    if (after.epoch !== this.#head?.epoch || after.at >= this.#from) return;
    const last = entries.at(-1);
    if ((last?.at ?? head.at) < this.#from) return;
    const { messages, bytes } = this.#options.recent;
    for (const entry of entries.filter(({ at }) => at <= this.#from).toReversed()) {
      const message = this.kept(entry);
      if (this.#recent.length >= messages || this.#recentBytes + bytesOf(message) > bytes) return;
      this.#recent.unshift(message);
      this.#recentBytes += bytesOf(message);
      this.#from = entry.prev;
    }
    this.#from = after.at;
  }

  // Reading for those who are behind.

  async #readForAll(): Promise<void> {
    // All who come in this turn are there.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const [first] = this.#waiting.toSorted((a, b) => a.after.at - b.after.at);
      const { after, away } = first!;
      try {
        const read = await this.#options.log.read(this.name, after, chunk, { away });
        if (!('gap' in read)) this.#keepBefore(after, read);
        this.#answer(first!, read);
      } catch (error) {
        for (const { reject } of this.#waiting.splice(0)) reject(error);
      }
    }
  }

  /** What was read for one is read for all whose position lies within it. */
  #answer(first: Waiting, read: Read): void {
    const rest: Waiting[] = [];
    for (const each of this.#waiting) {
      const part = each === first ? read : partOf(read, first.after, each.after);
      if (part === undefined) rest.push(each);
      else each.resolve(part);
    }
    this.#waiting = rest;
  }

  /** A pause that ends with the feed. */
  pause(ms = pause): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const wake = () => {
        clock.clearTimeout(timer);
        this.#timers.delete(wake);
        resolve();
      };
      const timer = clock.setTimeout(wake, ms);
      this.#timers.add(wake);
      if (this.#isClosed) wake();
    });
  }
}

function bytesOf({ framed }: Kept): number {
  return framed.text.length + (framed.binary?.length ?? 0);
}

/** What a read from one position says of another one; undefined: nothing, as of all that lie before it. */
function partOf(read: Read, from: Position, after: Position): Read | undefined {
  if (after.epoch !== from.epoch) return undefined;
  if ('gap' in read) return isSame(after, from) ? read : undefined;
  const last = read.entries.at(-1)?.at ?? from.at;
  // Who came while it was read may be farther behind than the one for whom it was.
  if (after.at < from.at || after.at > last) return undefined;
  return { entries: read.entries.filter(({ at }) => at > after.at), head: read.head };
}
