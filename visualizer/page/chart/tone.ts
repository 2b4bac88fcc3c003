/** What a state means for the line, by the tags of systole's machine; the states of other machines mean nothing to us. */
import type { Layout } from './shapes.ts';

export type Tone = 'alive' | 'doubt' | 'dead' | 'dialling' | 'over';

const tones: Record<string, Tone> = {
  alive: 'alive',
  stale: 'doubt',
  reconnecting: 'dead',
  closing: 'over',
  closed: 'over',
  connecting: 'dialling',
  'awaiting-id': 'dialling',
};

/** What has no tag because nobody ever finds it there. */
const tonesById: Record<string, Tone> = { 'connection.lost': 'dead' };

/** By tag, its own or of what it is in. A dial after a loss is part of the outage. */
export function tonesOf({ boxes }: Pick<Layout, 'boxes'>, isOutage = false): Map<string, Tone> {
  const found = new Map<string, Tone>();
  for (const { id, parent, tags } of boxes) {
    const own = tags
      .map((tag) => (Object.hasOwn(tones, tag) ? tones[tag] : undefined))
      .find((tone) => tone !== undefined);
    const tone = own ?? tonesById[id] ?? (parent === undefined ? undefined : found.get(parent));
    if (tone !== undefined) found.set(id, tone === 'dialling' && isOutage ? 'dead' : tone);
  }
  return found;
}
