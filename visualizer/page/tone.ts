/**
 * What a state of a connection means for the line: five tones, the same everywhere. As classes `tone-alive`, `tone-doubt`, `tone-dead`, `tone-dialling`
 * and `tone-over`, each of which sets the colour.
 */
export type Tone = 'alive' | 'doubt' | 'dead' | 'dialling' | 'over';

const tones: Readonly<Record<string, Tone>> = {
  alive: 'alive',
  stale: 'doubt',
  connecting: 'dialling',
  'awaiting-id': 'dialling',
  reconnecting: 'dead',
  redialling: 'dead',
  lost: 'dead',
  closing: 'over',
  closed: 'over',
};

/** The custom property that has its colour. */
export const inkOf: Readonly<Record<Tone, string>> = {
  alive: '--alive',
  doubt: '--doubt',
  dead: '--dead',
  dialling: '--dialling',
  over: '--ink-soft',
};

/**
 * @param word the state as people know it by one word; one of another machine is as calm as a first dial
 * @param isAfterLoss a line was lost and none has come in its place: a dial is part of the outage, and no calm beginning
 */
export function toneOf(word: string, isAfterLoss: boolean): Tone {
  const tone = Object.hasOwn(tones, word) ? tones[word]! : 'dialling';
  return tone === 'dialling' && isAfterLoss ? 'dead' : tone;
}
