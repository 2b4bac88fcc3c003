import { checkTime, Schedule, type Task } from './schedule.ts';

/** A clock that stands still until it is stepped from timer to timer. It is a `clock` for `connect()`, and for XState. */
export interface SteppedClock {
  /** Ms, from an origin of its own. */
  now(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(id: unknown): void;
  /** Runs the timer that is due next, at its time. False: there is none. */
  step(): boolean;
  /** Runs everything that is due within `ms`, each at its time. @throws {TypeError | RangeError} */
  advance(ms: number): void;
  /** Ms until each timer, soonest first. */
  readonly pending: number[];
}

/** @param armed is told of each timer, in ms */
export function steppedClock(armed: (ms: number) => void = () => {}): SteppedClock {
  const schedule = new Schedule();
  schedule.now = 1_000_000;
  const step = () => {
    const { due } = schedule;
    if (due === Infinity) return false;
    schedule.now = due;
    schedule.runNext();
    return true;
  };
  return {
    now: () => schedule.now,
    setTimeout(callback, ms) {
      armed(ms);
      return schedule.at(schedule.now + ms, callback);
    },
    clearTimeout: (id) => schedule.callOff(id as Task | undefined),
    step,
    advance(ms) {
      checkTime('advance', 'ms', ms);
      const until = schedule.now + ms;
      while (schedule.due <= until) step();
      schedule.now = until;
    },
    get pending() {
      return schedule.dues.map((due) => due - schedule.now);
    },
  };
}
