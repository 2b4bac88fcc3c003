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

/**
 * A message of `@xstate/inspect`'s that registers a machine which is nested too deep: its receivers let XState 4 make a machine of it, which takes its time
 * or overflows the stack, before anybody here sees it.
 */
export function isBottomless(message: unknown): boolean {
  const { type, machine } = (message ?? {}) as { type?: unknown; machine?: unknown };
  // Each state lies in the `states` of another one.
  return type === 'service.register' && typeof machine === 'string' && nestingOf(machine) > 4 * bounds.depth;
}

/** Of a text of JSON. */
function nestingOf(json: string): number {
  let depth = 0;
  let most = 0;
  for (const [found] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[{]|[\]}]/gs)) {
    if (found === '{' || found === '[') most = Math.max(most, (depth += 1));
    else if (found === '}' || found === ']') depth -= 1;
  }
  return most;
}

/** Epoch ms: a date that there is. */
export function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= 8.64e15;
}

export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
