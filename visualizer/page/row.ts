import type { Entry, StateValue } from '../entry.ts';

/** A line of the log: what happened, and where it led. */
export interface Row {
  /** Counts all rows there ever were: it stays when older ones give way. */
  readonly number: number;
  /** `gap`: entries that the page does not have. */
  readonly kind: 'event' | 'stopped' | 'gap';
  readonly at: number;
  /** What happened, as people read it; '': nobody told what it was. */
  readonly type: string;
  readonly from: string;
  readonly fromValue: StateValue;
  /** Where it led; '': nowhere, as far as is known. */
  to: string;
  toValue: StateValue;
  cause: string;
  /** It led to a dial after a loss, or to waiting for one. */
  isOutage: boolean;
  readonly event: unknown;
  /** What followed from it, if anything did, else itself. */
  entry: Entry;
  /** Of a gap: how many. */
  missing: number;
}

/** It led somewhere else. */
export function leads(row: Row): boolean {
  return row.to !== '' && row.to !== row.from;
}
