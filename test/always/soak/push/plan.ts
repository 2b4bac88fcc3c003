/** What goes wrong, and when: all of it follows from a seed. What real processes make of it does not. */
import { chance } from '../../../kit/schedule.ts';

export interface Fault {
  readonly index: number;
  /** Of all that can happen, by weight. */
  readonly draw: number;
  /** Which one, how much, and where: 0 ≤ x < 1. */
  readonly pick: number;
  readonly amount: number;
  readonly where: number;
  /** Ms, for those that last. */
  readonly lasts: number;
  /** Ms to the next fault. */
  readonly wait: number;
}

/** Ms from one fault to the next, on average. */
export const pace = 250;

export function planOf(seed: number, count: number): Fault[] {
  const random = chance(seed);
  return Array.from({ length: count }, (_, index) => ({
    index,
    draw: random(),
    pick: random(),
    amount: random(),
    where: random(),
    // Most are short, some outlast what heartbeats, and a log, wait for.
    lasts: 50 + 2_500 * random() ** 2,
    wait: 2 * pace * random(),
  }));
}

/** @param pick 0 ≤ x < 1 */
export function pickOf<T>(all: readonly T[], pick: number): T {
  return all[Math.floor(pick * all.length)] as T;
}
