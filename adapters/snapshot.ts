/**
 * What a view renders of a connection: one object that says all of it, and is the same object until something of it changes.
 */
import type { Context } from '../machines/connection.ts';
import type { Cause, State } from '../machines/events.ts';
import { nextDialAt } from '../machines/next-dial.ts';
import type { Amount } from './buffer.ts';
import { isFunction, isObject } from './check.ts';

/** Frozen: what changes is which one there is, and no message changes that. */
export interface Snapshot {
  readonly state: State;
  /** Why, where all is not well. */
  readonly cause: Cause | undefined;
  /** What the server calls this session; the last one's name while there is none. */
  readonly id: string | undefined;
  /** Of the last change of `state`, epoch ms. */
  readonly since: number;
  /** When the next dial is due, epoch ms; Infinity where it waits until the page is seen. Undefined unless `reconnecting`. */
  readonly nextDialAt: number | undefined;
  /** Dials since the line was last stable, the one that is under way included. */
  readonly attempt: number;
  /** Of the last heartbeat that was answered, ms; undefined from each dial until one is. Each answer is a change of it. */
  readonly roundTripTime: number | undefined;
  /** Ms to add to `Date.now()` to have the server's clock, as of the last time that the server has stated. */
  readonly clockOffset: number | undefined;
  /** What the last loss left unconfirmed: handed to its socket, not known to have arrived, and not sent again. Undefined before any loss. */
  readonly unconfirmed: Readonly<Amount> | undefined;
}

/** Called at once, and at every change. */
export type SnapshotListener = (snapshot: Snapshot) => void;

/** As RxJS has it. */
export interface SnapshotObserver {
  next?: SnapshotListener | undefined;
  /** It is closed: nothing changes any more. */
  complete?: (() => void) | undefined;
}

/** The last that was seen of a machine. */
export class Sight {
  #snapshot: Snapshot | undefined;
  #context: Context | undefined;

  look(state: State, context: Context, unconfirmed = this.#snapshot?.unconfirmed): Snapshot {
    const last = this.#snapshot;
    const { cause, id, nextDial, attempt, roundTripTime, serverClock, line } = context;
    // Read anew without a new time of the server's, it would differ by the noise of two clocks.
    const isSameClock = last && this.#context!.serverClock === serverClock;
    this.#context = context;
    const seen: Snapshot = {
      state,
      cause,
      id,
      since: last?.state === state ? last.since : line.wallTime(),
      nextDialAt: state === 'reconnecting' ? nextDialAt(nextDial) : undefined,
      attempt,
      roundTripTime,
      clockOffset: isSameClock ? last.clockOffset : clockOffsetOf(context),
      unconfirmed,
    };
    const names = Object.keys(seen) as (keyof Snapshot)[];
    return last && names.every((name) => seen[name] === last[name]) ? last : (this.#snapshot = Object.freeze(seen));
  }
}

/** Ms to add to the wall clock to have the server's; undefined where the server states none, or one that cannot be trusted. */
export function clockOffsetOf({ serverClock, line }: Context): number | undefined {
  return typeof serverClock === 'object' ? serverClock.offset + line.now() - line.wallTime() : undefined;
}

/** @throws {TypeError} for what neither hears nor observes */
export function observerOf(listener: SnapshotListener | SnapshotObserver): SnapshotObserver {
  if (isFunction(listener)) return { next: listener as SnapshotListener };
  if (isObject(listener)) return listener;
  throw new TypeError('listener must be a function or an observer');
}
