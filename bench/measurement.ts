/**
 * A figure, with its noise beside it: what is measured, what it should be, and where a run fails.
 */
import { expect, type TestContext } from 'vitest';

export interface Measurement {
  what: string;
  value: number;
  unit: string;
  /** How far the median may be off, in the same unit: 95 % of such runs find it within. */
  noise?: number;
  /** What we want, measured on a quiet machine. */
  aim: number;
  /** What a noisy machine does not reach, and a real regression does. */
  bound: number;
}

declare module 'vitest' {
  interface TaskMeta {
    figures?: Measurement[];
  }
}

/** Fails where it is above its bound. The table at the end has all of them. */
export function expectWithin({ task }: Pick<TestContext, 'task'>, figure: Measurement): void {
  (task.meta.figures ??= []).push(figure);
  expect(figure.value, `${figure.what}, in ${figure.unit}`).toBeLessThanOrEqual(figure.bound);
}

export interface Measured {
  median: number;
  noise: number;
}

/** The median, and the notch around it (McGill, Tukey, Larsen, "Variations of Box Plots", The American Statistician 32, 1978). */
export function measured(numbers: readonly number[]): Measured {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
  return { median: at(0.5), noise: (1.57 * (at(0.75) - at(0.25))) / Math.sqrt(sorted.length) };
}
