/**
 * What will go wrong, and when: all of it follows from a seed. What real sockets make of it does not.
 */
import { chance } from '../../kit/schedule.ts';
import { type FaultKind, kinds } from './fault-kinds.ts';

export interface Fault {
  readonly index: number;
  readonly kind: FaultKind;
  /** Which of so many groups of clients. */
  readonly group: number;
  /** One link or client of the group; otherwise all. */
  readonly one: boolean;
  /** Which one, and how much: 0 ≤ x < 1. */
  readonly pick: number;
  readonly amount: number;
  /** Ms, for those that last. */
  readonly lasts: number;
  /** Ms to the next fault. */
  readonly wait: number;
  /** For the traffic that goes on meanwhile. */
  readonly seed: number;
}

/** Ms from one fault to the next, on average. */
export const pace = 50;

export function planOf(seed: number, count: number, groups: { real: number[]; rude: number[] }): Fault[] {
  const random = chance(seed);
  const all = { ...groups, any: [...groups.real, ...groups.rude] };
  const names = Object.keys(kinds) as FaultKind[];
  const sum = names.reduce((total, name) => total + kinds[name].weight, 0);
  const draw = (): FaultKind => {
    let left = random() * sum;
    return names.find((name) => (left -= kinds[name].weight) < 0) ?? names[0]!;
  };
  return Array.from({ length: count }, (_, index) => {
    // Each kind once to begin with, so that none is missing from a short plan.
    const kind = names[index] ?? draw();
    const { at, alone } = kinds[kind];
    return {
      index,
      kind,
      group: pickOf(all[at], random()),
      one: random() < alone,
      pick: random(),
      amount: random(),
      // Most are short, some outlast `heartbeat.interval + heartbeat.timeout`.
      lasts: 30 + 1_400 * random() ** 2,
      wait: 2 * pace * random(),
      seed: Math.floor(random() * 2 ** 32),
    };
  });
}

/** @param pick 0 ≤ x < 1 */
export function pickOf<T>(all: readonly T[], pick: number): T {
  return all[Math.floor(pick * all.length)] as T;
}
