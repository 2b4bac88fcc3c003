/**
 * Rows of a life that are one line of the log: a run of heartbeats that were answered, or of equal events that changed nothing.
 *
 * Which rows are heartbeats is decided by what the machine of a connection is: what its peer says, or the interval of its heart, while it is alive and
 * stays so. A question that was not answered is no such row: it is where the trouble begins.
 */
import type { Definition } from '../entry.ts';
import { delayOf } from './chart/graph.ts';
import { leads, type Row } from './row.ts';
import { stateWord } from './words.ts';

export interface Run {
  kind: 'one' | 'heartbeats' | 'same';
  readonly rows: Row[];
  /** Of heartbeats: of those that were answered, ms. */
  trips: Trips | undefined;
  /** Heartbeats that were asked for, and answered or still under way. */
  asked: number;
  /** Heartbeats of the peer. */
  beats: number;
}

export interface Trips {
  readonly least: number;
  readonly most: number;
}

/** There is more than one row in it. */
export function isFold({ kind, rows }: Run): boolean {
  return kind !== 'one' && rows.length > 1;
}

export function heartbeatsIn({ rows, asked, beats }: Run): number {
  return Math.max(1, beats, asks(rows.at(-1)!) ? asked - 1 : asked);
}

export class Runs {
  readonly all: Run[] = [];
  /** Grows where the oldest rows gave way. */
  shortened = 0;
  readonly #hasHeart: boolean;

  constructor({ id, states }: Definition) {
    this.#hasHeart = id === 'connection' && states['socket']?.states['alive'] !== undefined;
  }

  add(row: Row): void {
    const last = this.all.at(-1);
    if (this.#isHeartbeat(row)) {
      if (last?.kind === 'heartbeats') take(last, row);
      else this.all.push(runOf('heartbeats', row));
      return;
    }
    if (last?.kind === 'heartbeats') {
      this.#partWithQuestion(last);
      this.all.push(runOf('one', row));
    } else if (last !== undefined && isAgain(row, last.rows.at(-1)!)) {
      last.kind = 'same';
      last.rows.push(row);
    } else this.all.push(runOf('one', row));
  }

  /** Of the last row more is known: where it led. */
  settle(row: Row): void {
    const last = this.all.at(-1)!;
    // Counted already, and a run may be thousands of rows long.
    if (last.kind === 'heartbeats' && this.#isHeartbeat(row)) return;
    last.rows.pop();
    if (last.rows.length === 0) this.all.pop();
    else count(last);
    this.add(row);
  }

  /** So many of the oldest rows are no longer there; in their place is one that says so. */
  shorten(gone: number, row: Row): void {
    let left = gone;
    const whole = this.all.findIndex(({ rows }) => {
      if (rows.length > left) return true;
      left -= rows.length;
      return false;
    });
    this.all.splice(0, whole < 0 ? this.all.length : whole, runOf('one', row));
    const first = this.all[1];
    if (first !== undefined && left > 0) {
      first.rows.splice(0, left);
      count(first);
    }
    this.shortened += 1;
  }

  #isHeartbeat(row: Row): boolean {
    if (!this.#hasHeart || row.kind !== 'event') return false;
    if (stateWord(row.fromValue) !== 'alive' || (row.to !== '' && stateWord(row.toValue) !== 'alive')) return false;
    const { type } = row.event as { type: string };
    return type === 'peer.beat' || type === 'peer.spoke' || asks(row);
  }

  #partWithQuestion(run: Run): void {
    const question = run.rows.at(-1)!;
    if (!asks(question)) return;
    run.rows.pop();
    if (run.rows.length === 0) this.all.pop();
    else count(run);
    this.all.push(runOf('one', question));
  }
}

function runOf(kind: Run['kind'], row: Row): Run {
  const run: Run = { kind, rows: [], trips: undefined, asked: 0, beats: 0 };
  take(run, row);
  return run;
}

function take(run: Run, row: Row): void {
  run.rows.push(row);
  if (run.kind === 'heartbeats') countIn(run, row);
}

function count(run: Run): void {
  Object.assign(run, { trips: undefined, asked: 0, beats: 0 });
  if (run.kind === 'heartbeats') for (const row of run.rows) countIn(run, row);
}

function countIn(run: Run, row: Row): void {
  const { type, roundTripTime: trip } = row.event as { type: string; roundTripTime?: unknown };
  if (asks(row)) run.asked += 1;
  if (type !== 'peer.beat') return;
  run.beats += 1;
  if (typeof trip !== 'number') return;
  const { least, most } = run.trips ?? { least: trip, most: trip };
  run.trips = { least: Math.min(least, trip), most: Math.max(most, trip) };
}

function asks({ event }: Row): boolean {
  return delayOf((event as { type?: string } | undefined)?.type ?? '') === 'heartbeatInterval';
}

/** The same event as before, and neither changed anything. */
function isAgain(row: Row, before: Row): boolean {
  return row.kind === 'event' && before.kind === 'event' && row.type === before.type && !leads(row) && !leads(before);
}
