/** The time as a connection sees it. XState's `SimulatedClock` is one. */
export interface Clock {
  /** Monotonic ms, from any origin. */
  now(): number;
  /** Epoch ms; it may jump. Default: `now()`. */
  wallTime?(): number;
  setTimeout(callback: (...args: unknown[]) => void, ms: number): unknown;
  clearTimeout(id: unknown): void;
}

/** Epoch ms. */
export function wallTimeOf(clock: Clock): number {
  return clock.wallTime?.() ?? clock.now();
}

const done = Promise.resolve();

/** When the code that runs now is done. By a promise: test tools that stop the clock stop `queueMicrotask` with it. */
export function soon(callback: () => void): void {
  // oxlint-disable-next-line promise/no-callback-in-promise -- that is what it is for
  void done.then(callback);
}

export const systemClock: Required<Clock> = {
  // React Native has no origin.
  now: () => (performance.timeOrigin || 0) + performance.now(),
  wallTime: () => Date.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (id) => clearTimeout(id as number),
};
