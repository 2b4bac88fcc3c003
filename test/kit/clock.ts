/** A clock that stands still until it is stepped from timer to timer. It is a `clock` for `connect()`, and for XState. */
export interface SteppedClock {
  /** Ms, from an origin of its own. */
  now(): number;
  setTimeout(callback: () => void, ms: number): number;
  clearTimeout(id: unknown): void;
  /** Runs the timer that is due next, at its time. False: there is none. */
  step(): boolean;
  /** Runs everything that is due within `ms`, each at its time. */
  advance(ms: number): void;
  /** Ms until each timer, soonest first. */
  readonly pending: number[];
}

/** @param armed is told of each timer, in ms */
export function steppedClock(armed: (ms: number) => void = () => {}): SteppedClock {
  let now = 1_000_000;
  let last = 0;
  const timers = new Map<number, { due: number; callback: () => void }>();
  const next = () => [...timers].toSorted(([a, x], [b, y]) => x.due - y.due || a - b)[0];
  const step = () => {
    const [id, timer] = next() ?? [];
    if (id === undefined || timer === undefined) return false;
    timers.delete(id);
    now = Math.max(now, timer.due);
    timer.callback();
    return true;
  };
  return {
    now: () => now,
    setTimeout(callback, ms) {
      armed(ms);
      last += 1;
      timers.set(last, { due: now + ms, callback });
      return last;
    },
    clearTimeout: (id) => void timers.delete(id as number),
    step,
    advance(ms) {
      const until = now + ms;
      while ((next()?.[1].due ?? Infinity) <= until) step();
      now = until;
    },
    get pending() {
      return [...timers.values()].map(({ due }) => due - now).toSorted((a, b) => a - b);
    },
  };
}
