/**
 * The life of one machine as the page has it: its entries, the newest so many, and what was the case at any of them. Plain data; no signals here.
 */
import type { Changed, Counted, Definition, Delay, Entry, Happened, Registered, StateValue } from '../entry.ts';
import { indexAt } from './in-time.ts';
import type { Row } from './row.ts';
import { Runs } from './runs.ts';
import { shared } from './shared.ts';
import { invokedIn, nameOf, stateWord, wordOf } from './words.ts';

export type { Row } from './row.ts';
export { nameOf, stateWord, stepsOf, wordOf } from './words.ts';

/** The oldest entries give way beyond this. */
export const mostEntries = 10_000;
/** How many go at once, so that making room costs little. */
const oldest = 1_000;

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
  /** The same rows, those that are read as one together. */
  readonly runs: Runs;
  /** Where it is, and what it knows. */
  latest: Registered | Changed;
  /** Entries that gave way. */
  forgotten = 0;
  readonly #invoked: ReadonlyMap<string, string>;
  /** Number of the last entry that was told; −1: there is none. */
  #seq = -1;
  /** What came first behind a gap: if it is a state, that is where the gap led. */
  #afterGap: Entry | undefined;
  #rowsMade = 0;
  #value: StateValue;
  #word: string;
  #cause: string;
  readonly #turns: Turn[];

  constructor(registered: Registered) {
    this.session = registered.session;
    this.name = registered.name;
    this.definition = registered.definition;
    this.latest = registered;
    this.runs = new Runs(registered.definition);
    this.#invoked = invokedIn(registered.definition);
    this.#value = registered.value;
    this.#word = wordOf(registered.value);
    this.#cause = causeIn(registered.context);
    const word = this.#stateIn(registered.value);
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

  /** What it knows already is left out; where something is missing, a row says so. */
  add(entry: Entry): void {
    const { seq } = entry;
    if (seq !== undefined) {
      if (seq <= this.#seq) return;
      const missing = seq - this.#seq - 1;
      if (missing > 0 && this.entries.length > 0) this.#miss(missing, entry);
      this.#seq = seq;
    }
    if (this.entries.length >= mostEntries) this.forget(oldest);
    if (entry.type === 'changed') entry.context = shared(entry.context, this.latest.context);
    this.entries.push(entry);
    if (entry.type === 'event') this.#row('event', nameOf(entry.event.type, this.#invoked), entry, entry.event);
    else if (entry.type === 'changed') this.#change(entry);
    else if (entry.type === 'stopped') this.#row('stopped', 'stopped', entry, entry.output);
  }

  /** The row that an entry is in, or the last one that is not later than a time. */
  rowAt(time: number, pinned?: Entry): Row | undefined {
    const last = indexAt(this.rows, time);
    if (pinned === undefined) return this.rows[last];
    // Of several in the same millisecond.
    for (let i = last; i >= 0; i -= 1) if (this.rows[i]!.entry === pinned) return this.rows[i];
    return this.rows[last];
  }

  /** The index of the last entry that is not later than a time; the first one where all are. */
  indexAt(time: number): number {
    return Math.max(0, indexAt(this.entries, time));
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

  /** Since when it is there is told of a connection's one word, and of all that another machine is in. */
  #stateIn(value: StateValue): string {
    return isConnection(this) ? stateWord(value) : wordOf(value);
  }

  #change(entry: Changed): void {
    const { value, context, at } = entry;
    this.latest = entry;
    const word = wordOf(value);
    const turn = this.#stateIn(value);
    this.#turn(turn, at, context);
    let row = this.rows.at(-1);
    const isTaken = row === undefined || row.to !== '' || row.kind === 'stopped' || row.number === 0;
    if (isTaken && this.#afterGap !== entry) {
      if (word === this.#word) row = undefined;
      else row = this.#row('event', '', entry, undefined);
    }
    const cause = causeIn(context);
    if (row !== undefined) {
      row.to = word;
      row.toValue = value;
      // Where a dial follows a loss, the loss has said why.
      const isSaid = cause === this.#cause && (turn === 'connecting' || turn === 'awaiting-id');
      row.cause = word === row.from || isSaid ? '' : cause;
      row.isOutage = isOutage(turn, context);
      row.entry = entry;
      this.runs.settle(row);
    }
    this.#value = value;
    this.#word = word;
    this.#cause = cause;
  }

  #turn(word: string, at: number, context: unknown): void {
    const last = this.#turns.at(-1)!;
    const outage = isOutage(word, context);
    if (last.word !== word) this.#turns.push({ at, word, isOutage: outage });
    // An attempt that fails is counted in the state that it leads to.
    else last.isOutage ||= outage;
  }

  #row(kind: Row['kind'], type: string, entry: Entry, event: unknown): Row {
    const row = this.#rowOf((this.#rowsMade += 1), kind, type, entry, event);
    this.rows.push(row);
    this.runs.add(row);
    return row;
  }

  #rowOf(number: number, kind: Row['kind'], type: string, entry: Entry, event: unknown): Row {
    return {
      number,
      kind,
      at: entry.at,
      type,
      from: this.#word,
      fromValue: this.#value,
      to: '',
      toValue: '',
      cause: '',
      isOutage: false,
      event,
      entry,
      missing: 0,
    };
  }

  /** Of two gaps with nothing but a state between them, one is told. */
  #miss(missing: number, next: Entry): void {
    const last = this.rows.at(-1);
    const row = last?.kind === 'gap' && last.number > 0 ? last : this.#row('gap', '', next, undefined);
    row.missing += missing;
    this.#afterGap = next;
  }

  /** So many of the oldest entries give way. The first one stays: it has the machine. */
  forget(count: number): void {
    const gone = new Set(this.entries.splice(1, count));
    this.forgotten += gone.size;
    if (this.#turns.length > oldest) this.#turns.splice(0, this.#turns.length - oldest);
    const first = this.entries[1];
    if (first === undefined) return;
    const later = this.rows.findIndex(({ entry }) => !gone.has(entry));
    const rows = this.rows.splice(0, later < 0 ? this.rows.length : later);
    const missing = rows.reduce((sum, row) => sum + row.missing, gone.size);
    // Number 0 is free: it is the first of all.
    const row: Row = { ...this.#rowOf(0, 'gap', '', first, undefined), from: '', fromValue: '', missing };
    this.rows.unshift(row);
    this.runs.shorten(rows.length, row);
  }
}

/** Where a connection is between two lines, and not before its first one. */
const between: ReadonlySet<string> = new Set(['connecting', 'awaiting-id', 'reconnecting', 'redialling']);

/** Whether it is the life of a connection of systole. */
export function isConnection({ definition }: LifeStory): boolean {
  return definition.id === 'connection' && 'reconnecting' in definition.states;
}

export function isOutage(word: string, context: unknown): boolean {
  // The first dial is an attempt, too.
  const { attempt } = (context ?? {}) as { attempt?: unknown };
  return between.has(word) && ((typeof attempt === 'number' && attempt > 1) || causeIn(context) !== '');
}

/** '': there is none. */
export function causeIn(context: unknown): string {
  const cause = (context as { cause?: unknown } | null | undefined)?.cause;
  return typeof cause === 'string' ? cause : '';
}
