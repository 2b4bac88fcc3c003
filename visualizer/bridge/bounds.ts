/** How much a machine that the page is told of may have, whoever tells of it: what is drawn is looked at from within itself, and a chart must be laid out. */

export const bounds = {
  /** States within states, fields within fields. */
  depth: 64,
  /** Of one machine. */
  states: 5_000,
  /** Transitions, actions, tags and actors of one machine. */
  parts: 50_000,
  /** Characters of a name. */
  name: 1_000,
  /** Topics of one connection. */
  topics: 1_000,
};

/** It has more within itself than `depth`, counted from 1. */
export function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth === 0) return true;
  return Object.values(value).some((each) => isDeeper(each, depth - 1));
}

/** What lies deeper is left out. */
export function shallow(value: unknown, depth = bounds.depth): unknown {
  if (!isDeeper(value, depth)) return value;
  if (depth === 0) return '…';
  if (Array.isArray(value)) return value.map((each) => shallow(each, depth - 1));
  // Each becomes a field of its own, whatever it is called.
  return Object.fromEntries(Object.entries(value as object).map(([key, each]) => [key, shallow(each, depth - 1)]));
}

/** Epoch ms: a date that there is. */
export function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= 8.64e15;
}

export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
