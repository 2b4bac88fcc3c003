/** What a state means for the line, by the tags of systole's machine; the states of other machines mean nothing to us. */
import type { Layout } from './shapes.ts';

export type Tone = 'alive' | 'doubt' | 'dead' | 'dialling';

const tones: Record<string, Tone> = {
  alive: 'alive',
  stale: 'doubt',
  reconnecting: 'dead',
  closed: 'dead',
  connecting: 'dialling',
  'awaiting-id': 'dialling',
};

/** By tag, its own or of what it is in. */
export function tonesOf({ boxes }: Layout): Map<string, Tone> {
  const found = new Map<string, Tone>();
  for (const { id, parent, tags } of boxes) {
    const own = tags
      .map((tag) => (Object.hasOwn(tones, tag) ? tones[tag] : undefined))
      .find((tone) => tone !== undefined);
    const tone = own ?? (parent === undefined ? undefined : found.get(parent));
    if (tone !== undefined) found.set(id, tone);
  }
  return found;
}
