/**
 * The life of one machine as the page has it: its entries, the newest so many, and what was the case at any of them. Plain data; no signals here.
 */
import type { Changed, Counted, Definition, Delay, Entry, Happened, Registered, StateValue } from '../entry.ts';

/** The oldest entries give way beyond this. */
export const mostEntries = 10_000;
/** How many go at once, so that making room costs little. */
const oldest = 1_000;

/** A line of the log: what happened, and where it led. */
export interface Row {
  /** Counts all rows there ever were: it stays when older ones give way. */
  readonly number: number;
  readonly at: number;
  readonly type: string;
  readonly from: string;
  /** Where it led, if anywhere. */
  to: string;
  cause: string;
  readonly event: unknown;
  /** What followed from it, if anything did, else itself. */
  entry: Entry;
}

/** It came to another state, as people know it by one word. */
export interface Turn {
  readonly at: number;
  readonly word: string;
  /** It is there because a line was lost, or did not come about. */
  isOutage: boolean;
}

/** What was the case at a moment. */
export interface LifeMoment {
  readonly at: number;
  readonly value: StateValue;
  readonly context: Readonly<Record<string, unknown>>;
  /** By the type of the event that ends them. */
  readonly delays: Readonly<Record<string, Delay>>;
  /** Since when it is in the state that people know by one word, epoch ms. */
  readonly since: number;
  readonly done: boolean;
  readonly counted: Counted | undefined;
  /** What led here, and from where. */
  readonly led: Happened | undefined;
  readonly previous: StateValue | undefined;
}

export class LifeStory {
  readonly session: string;
  readonly name: string;
  readonly definition: Definition;
  readonly entries: Entry[] = [];
  readonly rows: Row[] = [];
  /** Where it is, and what it knows. */
  latest: Registered | Changed;
  /** Entries that gave way. */
  forgotten = 0;
  /** Of the newest entry. */
  #seq = -1;
  #rowsMade = 0;
  #word: string;
  readonly #turns: Turn[];

  constructor(registered: Registered) {
    this.session = registered.session;
    this.name = registered.name;
    this.definition = registered.definition;
    this.latest = registered;
    this.#word = wordOf(registered.value);
    const word = stateWord(registered.value);
    this.#turns = [{ at: registered.at, word, isOutage: isOutage(word, registered.context) }];
    this.add(registered);
  }

  get last(): Entry {
    return this.entries.at(-1)!;
  }

  get isOver(): boolean {
    return this.last.type === 'stopped';
  }

  /** The states it was in, the oldest first, and of the older ones only the newest so many. */
  get turns(): readonly Turn[] {
    return this.#turns;
  }

  /** A `registered` that is told again, as what follows it may be: of a line that was lost and is there again. */
  retold({ session, at, seq }: Registered): boolean {
    const [first] = this.entries;
    return seq !== undefined && session === this.session && first?.at === at && first.seq === seq;
  }

  add(entry: Entry): void {
    if (entry.seq !== undefined && entry.seq <= this.#seq) return;
    this.#seq = entry.seq ?? this.#seq;
    if (this.entries.length >= mostEntries) this.#makeRoom();
    this.entries.push(entry);
    if (entry.type === 'event') {
      const { event, at } = entry;
      this.#row({ at, type: nameOf(event.type), from: this.#word, to: '', cause: '', event, entry });
    } else if (entry.type === 'changed') this.#change(entry);
    else if (entry.type === 'stopped') {
      this.#row({ at: entry.at, type: 'stopped', from: this.#word, to: '', cause: '', event: entry.output, entry });
    }
  }

  /** The index of the last entry that is not later than a time; the first one where all are. */
  indexAt(time: number): number {
    let from = 0;
    let to = this.entries.length - 1;
    while (from < to) {
      const middle = Math.ceil((from + to) / 2);
      if (this.entries[middle]!.at <= time) from = middle;
      else to = middle - 1;
    }
    return from;
  }

  /** When it came to the state, as people know it by one word, in which it is at a time. */
  turnAt(time: number): number {
    return (this.#turns.findLast(({ at }) => at <= time) ?? this.#turns[0]!).at;
  }

  /** What was the case at a time, looking back from there. */
  momentAt(time: number, pinned?: Entry): LifeMoment {
    const pin = pinned === undefined ? -1 : this.entries.lastIndexOf(pinned);
    let here: Changed | Registered | undefined;
    let before: Changed | Registered | undefined;
    let led: Happened | undefined;
    let counted: Counted | undefined;
    for (let i = pin < 0 ? this.indexAt(time) : pin; i >= 0 && !(before && counted); i -= 1) {
      const entry = this.entries[i]!;
      if (entry.type === 'counted') counted ??= entry;
      else if (entry.type === 'event') {
        if (here !== undefined && before === undefined) led ??= entry;
      } else if (entry.type === 'changed' || entry.type === 'registered') {
        if (here === undefined) here = entry;
        else before ??= entry;
      }
    }
    const { value = '', context, delays = {}, done = false } = (here ?? {}) as Partial<Changed>;
    return {
      at: time,
      value,
      context: (typeof context === 'object' && context !== null ? context : {}) as LifeMoment['context'],
      delays,
      since: this.turnAt(here?.at ?? time),
      done,
      counted,
      led,
      previous: before?.value,
    };
  }

  #change(entry: Changed): void {
    const { value, context, at } = entry;
    this.latest = entry;
    const word = wordOf(value);
    this.#turn(stateWord(value), at, context);
    const cause = causeIn(context);
    const row = this.rows.at(-1);
    if (row !== undefined && row.to === '' && row.type !== 'stopped') {
      row.to = word;
      row.cause = word === row.from ? '' : cause;
      row.entry = entry;
    } else if (word !== this.#word)
      this.#row({ at, type: '', from: this.#word, to: word, cause, event: undefined, entry });
    this.#word = word;
  }

  #turn(word: string, at: number, context: unknown): void {
    const last = this.#turns.at(-1)!;
    const outage = isOutage(word, context);
    if (last.word !== word) this.#turns.push({ at, word, isOutage: outage });
    // An attempt that fails is counted in the state that it leads to.
    else last.isOutage ||= outage;
  }

  #row(row: Omit<Row, 'number'>): void {
    this.rows.push({ ...row, number: (this.#rowsMade += 1) });
  }

  /** The first entry stays: it has the machine. */
  #makeRoom(): void {
    this.forgotten += oldest;
    this.entries.splice(1, oldest);
    if (this.#turns.length > oldest) this.#turns.splice(0, this.#turns.length - oldest);
    const from = this.entries[1]?.at ?? 0;
    const kept = this.rows.findIndex(({ at }) => at >= from);
    this.rows.splice(0, kept < 0 ? 0 : kept);
  }
}

/** An event as people read it: `after heartbeatInterval` for what time does. */
export function nameOf(type: string): string {
  return type
    .replace(/^xstate\.after\((.*?)\)#.*$/, 'after $1')
    .replace(/^done\.(?:invoke|state)\./, 'done ')
    .replace(/^error\.platform\./, 'error of ');
}

/** Where something led, in as few words as tell it: within one state its parts, else the states. */
export function stepOf({ from, to }: Pick<Row, 'from' | 'to'>): [from: string, to: string] {
  const [first = '', ...before] = from.split(' · ');
  const [last = '', ...after] = to.split(' · ');
  if (first !== last || before.length === 0 || after.length === 0) return [first, last];
  return [before.join(' · '), after.join(' · ')];
}

/** A state as people read it: `alive · quiet`, `a · x | b · y`. What a connection's machine wraps its sockets in is left out. */
export function wordOf(value: StateValue): string {
  if (typeof value === 'string') return value;
  return Object.entries(value)
    .map(([key, inner]) => {
      const within = wordOf(inner);
      if (key === 'socket') return within;
      return within === '' ? key : `${key} · ${within}`;
    })
    .join(' | ');
}

/** The first word of it: what `Connection.state` says. */
export function stateWord(value: StateValue): string {
  return wordOf(value).split(' ')[0] ?? '';
}

/** Where a connection is between two lines, and not before its first one. */
const between: ReadonlySet<string> = new Set(['connecting', 'awaiting-id', 'reconnecting']);

export function isOutage(word: string, context: unknown): boolean {
  // The first dial is an attempt, too.
  const { attempt } = (context ?? {}) as { attempt?: unknown };
  return between.has(word) && ((typeof attempt === 'number' && attempt > 1) || causeIn(context) !== '');
}

function causeIn(context: unknown): string {
  const cause = (context as { cause?: unknown } | null | undefined)?.cause;
  return typeof cause === 'string' ? cause : '';
}
