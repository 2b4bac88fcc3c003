/** What the page reads from a life: colours, and the figures an operator asks for. */
import { describe, expect, test } from 'vitest';

import { isOutage } from '../../visualizer/page/life.ts';
import { toneOf } from '../../visualizer/page/tone.ts';

describe('the tone of a state', () => {
  test.each([
    ['alive', {}, 'alive'],
    ['stale', { cause: 'silent' }, 'doubt'],
    ['connecting', { attempt: 1 }, 'dialling'],
    ['awaiting-id', { attempt: 1 }, 'dialling'],
    ['connecting', { attempt: 2 }, 'dead'],
    ['connecting', { attempt: 1, cause: 'user-reconnected' }, 'dead'],
    ['awaiting-id', { attempt: 1, cause: 'silent' }, 'dead'],
    ['reconnecting', {}, 'dead'],
    ['redialling', {}, 'dead'],
    ['closing', { cause: 'user-closed' }, 'over'],
    ['closed', { cause: 'fatal', attempt: 3 }, 'over'],
    ['constructor', {}, 'dialling'],
  ])('%s with %j is %s', (word, context, tone) => {
    expect(toneOf(word, isOutage(word, context))).toBe(tone);
  });
});
