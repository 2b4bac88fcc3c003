import { expect, test } from 'vitest';

import { type Backoff, defaultBackoff, paceOf, wait } from '../../machines/backoff.ts';
import type { Loss } from '../../machines/events.ts';

const lossOf = (loss: Partial<Loss>): Loss => ({
  cause: 'refused',
  attempt: 1,
  code: 1006,
  reason: '',
  wasClean: false,
  ...loss,
});

/** What is lost, and the waits at both ends of chance. */
const rows: [name: string, loss: Partial<Loss>, policy: Partial<Backoff>, least: number, most: number][] = [
  ['the first failed dial', { attempt: 1 }, {}, 250, 500],
  ['the second', { attempt: 2 }, {}, 500, 1_000],
  ['the third', { attempt: 3 }, {}, 1_000, 2_000],
  ['the cap', { attempt: 50 }, {}, 15_000, 30_000],
  ['an attempt beyond all numbers', { attempt: 1e9 }, {}, 15_000, 30_000],
  ['no initial wait, for ever', { attempt: 1e9 }, { initial: 0, factor: 1_000 }, 0, 0],
  [
    'a stable line closed by the server',
    { attempt: 0, cause: 'peer-closed', code: 1001, wasClean: true },
    {},
    0,
    1_000,
  ],
  ['a stable line closed by a restart', { attempt: 0, cause: 'peer-closed', code: 1012, wasClean: true }, {}, 0, 1_000],
  ['no spread', { attempt: 0, cause: 'peer-closed', code: 1001 }, { spread: 0 }, 0, 0],
  ['a stable line found dead', { attempt: 0, cause: 'silent' }, {}, 0, 0],
  ['an unstable line found dead', { attempt: 7, cause: 'silent' }, {}, 0, 0],
  ['an outdated line', { attempt: 0, cause: 'outdated' }, {}, 0, 0],
  ['another network', { attempt: 3, cause: 'network-changed' }, {}, 0, 0],
  ['accepted, then closed', { attempt: 1, cause: 'peer-closed', code: 1000, wasClean: true }, {}, 250, 500],
  ['try again later', { attempt: 0, cause: 'peer-closed', code: 1013 }, {}, 5_000, 6_000],
  ['try again later, again', { attempt: 2, cause: 'peer-closed', code: 1013 }, {}, 10_000, 11_000],
  ['try again later, capped', { attempt: 30, cause: 'peer-closed', code: 1013 }, {}, 30_000, 31_000],
  ['try again later, under a low cap', { attempt: 3, cause: 'peer-closed', code: 1013 }, { max: 100 }, 5_000, 6_000],
  ['a stated delay', { attempt: 1, retryAfter: 7_000 }, {}, 7_000, 8_000],
  ['a stated delay shorter than ours', { attempt: 50, retryAfter: 7_000 }, {}, 15_000, 30_000],
  ['an absurd stated delay', { attempt: 1, retryAfter: 1e300 }, {}, 3_600_000, 3_601_000],
  ['an infinite stated delay', { attempt: 1, retryAfter: Infinity }, {}, 3_600_000, 3_601_000],
  ['a stated delay of nothing', { attempt: 1, retryAfter: 0 }, {}, 250, 500],
  ['a negative stated delay', { attempt: 1, retryAfter: -1e9 }, {}, 250, 500],
  ['no number stated', { attempt: 1, retryAfter: Number.NaN }, {}, 250, 500],
];

test.each(rows)('%s', (_, loss, policy, least, most) => {
  const at = (random: number) => wait(lossOf(loss), { ...defaultBackoff, ...policy }, random);
  expect(at(0)).toBe(least);
  expect(at(1 - Number.EPSILON)).toBeCloseTo(most, 3);
  expect(at(0.5)).toBeCloseTo((least + most) / 2, 3);
});

test("the app's own rule is told all, and decides", () => {
  const told: unknown[] = [];
  const own = (attempt: number, loss: object) => {
    told.push([attempt, loss]);
    return attempt * 10;
  };
  expect(wait(lossOf({ attempt: 4, code: 4000 }), own, 0.25)).toBe(40);
  expect(told).toEqual([
    [4, lossOf({ attempt: 4, code: 4000 }) && { ...lossOf({ attempt: 4, code: 4000 }), random: 0.25 }],
  ]);
});

test('a rule may say at once', () => expect(wait(lossOf({ attempt: 1 }), () => 0, 0.5)).toBe(0));

test.each([Number.NaN, -1, Infinity, undefined as never, 'soon' as never])(
  'from a rule that says %s the default is taken',
  (said) => expect(wait(lossOf({ attempt: 1 }), () => said, 0)).toBe(250),
);

test('a stated delay binds the rule of the app as well', () => {
  expect(wait(lossOf({ retryAfter: 2_000 }), () => 5, 0)).toBe(2_000);
  expect(wait(lossOf({}), () => 1e12, 0)).toBe(2 ** 31 - 1);
});

test('ten dials take as long as ten refused ones wait at the least; the app keeps its own pace', () => {
  expect(paceOf(defaultBackoff)).toBe(75_750);
  expect(paceOf({ ...defaultBackoff, initial: 20, max: 20 })).toBe(100);
  expect(paceOf(() => 5)).toBe(0);
});
