/** The tone of each box, by the tags of systole's machine; the states of other machines mean nothing to us. */
import { type Tone, toneOf } from '../tone.ts';
import type { Layout } from './shapes.ts';

export type { Tone } from '../tone.ts';

/** Tags that are states as people know them. */
const words = new Set(['connecting', 'awaiting-id', 'alive', 'stale', 'reconnecting', 'closing', 'closed']);
/** What has no tag because nobody ever finds it there. */
const wordsById: Record<string, string> = { 'connection.lost': 'lost' };

/** By tag, its own or of what it is in. A dial after a loss is part of the outage. */
export function tonesOf({ boxes }: Pick<Layout, 'boxes'>, isOutage = false): Map<string, Tone> {
  const found = new Map<string, Tone>();
  for (const { id, parent, tags } of boxes) {
    const word = tags.find((tag) => words.has(tag)) ?? wordsById[id];
    const outer = parent === undefined ? undefined : found.get(parent);
    const tone = word === undefined ? outer : toneOf(word, isOutage);
    if (tone !== undefined) found.set(id, tone);
  }
  return found;
}
