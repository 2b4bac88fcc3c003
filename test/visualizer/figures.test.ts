/** What the page reads from a life: colours, and the figures an operator asks for. */
import { describe, expect, test } from 'vitest';

import { figuresOf, medianOf, offlineSince, ratesOf, topicsAt } from '../../visualizer/page/figures.ts';
import { isOutage, type LifeStory, mostEntries } from '../../visualizer/page/life.ts';
import { toneOf } from '../../visualizer/page/tone.ts';
import { begun, lifeOf, Story } from './lives.ts';

/** At so many ms since the beginning. */
function at(life: LifeStory, ms: number) {
  return figuresOf(life, life.momentAt(begun + ms), begun + ms);
}

function figure(life: LifeStory, ms: number, name: string) {
  const { outage, line, messages } = at(life, ms);
  return [...outage, ...line, ...messages].find((each) => each.name === name)!;
}

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

describe('round trips', () => {
  test.each([
    [[], 0],
    [[5], 5],
    [[1, 3], 2],
    [[1, 3, 100], 3],
    [[1, 3, 5, 100], 4],
  ])('the median of %j is %d', (sorted, median) => {
    expect(medianOf(sorted)).toBe(median);
  });

  test('last, median and worst, at now and at any time before', () => {
    const life = new Story().is(100, 'quiet').beats(1_000, 40).beats(2_000, 120).beats(3_000, 60).life();
    const trip = (ms: number) => figure(life, ms, 'round trip');
    expect(trip(500)).toMatchObject({ value: '–', note: 'not asked yet' });
    expect(trip(1_500)).toMatchObject({ value: '40 ms', note: 'median 40 ms, worst 40 ms' });
    expect(trip(2_500)).toMatchObject({ value: '120 ms', note: 'median 80 ms, worst 120 ms' });
    expect(trip(3_500)).toMatchObject({ value: '60 ms', note: 'median 60 ms, worst 120 ms' });
    expect(trip(1_500).value, 'looking back once more').toBe('40 ms');
  });

  test('what is told later is seen', () => {
    const story = new Story().is(100, 'quiet').beats(1_000, 40);
    const life = story.life();
    expect(figure(life, 9_000, 'round trip').value).toBe('40 ms');
    const before = story.entries.length;
    story.beats(2_000, 120);
    for (const entry of story.entries.slice(before)) life.add(entry);
    expect(figure(life, 9_000, 'round trip')).toMatchObject({ value: '120 ms', note: 'median 80 ms, worst 120 ms' });
  });
});

describe('last heard', () => {
  const story = () => new Story().hears(90, 'peer.named').is(100, 'quiet');

  test('while quiet, of the interval', () => {
    const life = story()
      .counts(2_000, 1, 0, { heardAt: begun + 1_900 })
      .life();
    expect(at(life, 100 + 1_000).lastHeard).toMatchObject({ value: '1.0 of 5.0 s' });
    expect(at(life, 1_900 + 3_100).lastHeard).toMatchObject({ value: '3.1 of 5.0 s', fill: 0.62 });
    expect(at(life, 1_900 + 3_100).lastHeard.asked).toBeUndefined();
  });

  test('once it is asked, and in doubt, of interval and timeout; the bar is never more than full', () => {
    const life = story().is(5_100, 'probing').is(7_100, 'stale', { cause: 'silent' }).life();
    expect(at(life, 90 + 6_000).lastHeard).toMatchObject({ value: '6.0 of 9.0 s', fill: 6 / 9, asked: 5 / 9 });
    expect(at(life, 90 + 8_000).lastHeard).toMatchObject({ value: '8.0 of 9.0 s', fill: 8 / 9 });
    expect(at(life, 90 + 12_000).lastHeard).toMatchObject({ value: '12.0 of 9.0 s', fill: 1 });
  });

  test('of an older bridge: by what was heard of the peer, and by messages that were counted', () => {
    const life = story().counts(1_000, 0).counts(3_000, 5).beats(4_000, 30).life();
    expect(at(life, 2_090).lastHeard.value).toBe('2.0 of 5.0 s');
    expect(at(life, 3_500).lastHeard.value).toBe('0.5 of 5.0 s');
    expect(at(life, 4_200).lastHeard.value).toBe('0.2 of 5.0 s');
  });

  test('without a line it is only how long ago; before anything came, nothing', () => {
    const life = story().outage(10_000).life();
    expect(at(life, 50).lastHeard).toMatchObject({ value: 'nothing yet', fill: undefined });
    expect(at(life, 10_090).lastHeard).toMatchObject({ value: '10.0 s ago', fill: undefined });
  });

  test('where nothing is ever asked, silence fills no bar', () => {
    const life = new Story({ settings: { heartbeat: { interval: 5_000, timeout: 4_000 }, liveness: 'none' } })
      .hears(90, 'peer.named')
      .is(100, 'unwatched')
      .life();
    expect(at(life, 3_090).lastHeard).toMatchObject({ value: '3.0 s ago', fill: undefined });
    expect(figure(life, 3_090, 'dead within').value).toBe('never');
  });
});

describe('offline for', () => {
  const offline = (life: LifeStory, ms: number) => figure(life, ms, 'offline for').value;

  test('from when the line was given up, over three dials, until one is alive', () => {
    const life = new Story().is(100, 'quiet').is(8_000, 'stale', { cause: 'silent' }).outage(10_000).life();
    expect(offline(life, 5_000)).toBe('–');
    expect(offline(life, 9_000), 'in doubt there still is a line').toBe('–');
    expect(offline(life, 10_400)).toBe('0.4 s');
    expect(offline(life, 11_200), 'the second dial').toBe('1.2 s');
    expect(offline(life, 12_700), 'the third').toBe('2.7 s');
    expect(offline(life, 13_080), 'nobody is named yet').toBe('3.1 s');
    expect(offline(life, 13_200)).toBe('–');
    expect(at(life, 14_000).why).toEqual({
      text: 'last outage: nothing was heard any more',
      code: 'silent',
      details: expect.stringMatching(/^was offline for 3\.1 s, until \d\d:\d\d:\d\d$/) as string,
    });
  });

  test('of one that never was online, since its beginning', () => {
    const life = new Story().is(500, 'reconnecting', { cause: 'refused' }).is(900, 'connecting', { attempt: 2 }).life();
    expect(offline(life, 300)).toBe('0.3 s');
    expect(offline(life, 2_000)).toBe('2.0 s');
  });

  test('of one that gave up, still; of one that was closed, no more', () => {
    const fatal = new Story().is(100, 'quiet').is(2_000, 'closed', { cause: 'fatal' }).life();
    expect(offline(fatal, 5_000)).toBe('3.0 s');
    const closed = new Story()
      .is(100, 'quiet')
      .is(2_000, 'closing', { cause: 'user-closed' })
      .is(2_100, 'closed')
      .life();
    expect(offline(closed, 5_000)).toBe('–');
    const amid = new Story()
      .is(100, 'quiet')
      .is(2_000, 'reconnecting', { cause: 'silent' })
      .is(4_000, 'closed', { cause: 'user-closed' })
      .life();
    expect(offline(amid, 3_000)).toBe('1.0 s');
    expect(offline(amid, 5_000)).toBe('–');
  });

  test('the next dial, why, and how it ended', () => {
    const life = new Story()
      .is(100, 'quiet')
      .is(2_000, 'reconnecting', {
        cause: 'refused',
        attempt: 3,
        nextDial: { at: begun + 4_500, wait: 2_500 },
        end: { code: 1006, reason: 'HTTP 503', status: 503 },
      })
      .life();
    expect(figure(life, 3_000, 'next dial').value).toBe('in 1.5 s');
    expect(figure(life, 5_000, 'next dial').value).toBe('now');
    expect(figure(life, 3_000, 'attempt').value).toBe('3');
    expect(at(life, 3_000).why).toEqual({
      text: 'it was refused, or told to go',
      code: 'refused',
      details: 'HTTP 503',
    });
    const unseen = new Story().is(2_000, 'reconnecting', { nextDial: { at: 1e13, wait: 2 ** 31 - 1 } }).life();
    expect(figure(unseen, 3_000, 'next dial').value).toBe('once seen');
  });
});

describe('as of when', () => {
  // By a clock of its own, which began 100 s ago; the server is 250 ms ahead.
  const clock = (ms: number) => ({ offset: begun - 100_000 + 250, at: 100_000 + ms, samples: 2 });
  const life = new Story({ id: '…5678' })
    .is(100, 'quiet', { serverClock: clock(100) })
    .beats(2_000, 40)
    .outage(10_000)
    .life();
  const marks = (ms: number) => at(life, ms).line.map(({ name, value, asOf }) => [name, value, asOf && asOf - begun]);

  test('while there is a line, all is as of now', () => {
    expect(marks(5_000)).toEqual([
      ['round trip', '40 ms', undefined],
      ['clock offset', '+250 ms', undefined],
      ['id', '…5678', undefined],
    ]);
  });

  test('once it is gone, as of then, also when it is dialled anew and the machine has forgotten', () => {
    for (const ms of [10_200, 10_700, 12_800, 13_050]) {
      expect(marks(ms), `at ${ms}`).toEqual([
        ['round trip', '40 ms', 10_000],
        ['clock offset', '+250 ms', 10_000],
        ['id', '…5678', 10_000],
      ]);
    }
  });

  test('on a new line, the last round trip is that of the one before until it is asked', () => {
    expect(marks(13_500)[0]).toEqual(['round trip', '40 ms', 2_000]);
    expect(marks(13_500)[1], 'and of its clock nothing is known').toEqual(['clock offset', '–', undefined]);
  });

  test('what was never known is as of never', () => {
    expect(at(new Story().life(), 50).line.map(({ value, asOf }) => [value, asOf])).toEqual([
      ['–', undefined],
      ['–', undefined],
      ['–', undefined],
    ]);
  });
});

describe('rates', () => {
  test('messages in a second, by the second in which they passed', () => {
    const life = new Story()
      .counts(100, 0)
      .counts(1_250, 3)
      .counts(1_500, 2, 4)
      .counts(3_250, 1_000)
      .counts(90_000, 7)
      .life();
    const { width, stretches, most } = ratesOf(life, begun, begun + 30_000);
    expect(width).toBe(1_000);
    expect(stretches.map((each) => ({ ...each, at: each.at - begun }))).toEqual([
      { at: 1_000, received: 5, sent: 4 },
      { at: 3_000, received: 1_000, sent: 0 },
    ]);
    expect(most).toEqual({ received: 1_000, sent: 4 });
  });

  test('over half an hour, by the half minute', () => {
    const life = new Story().counts(100, 0).counts(1_250, 300).life();
    expect(ratesOf(life, begun, begun + 1_800_000)).toMatchObject({ width: 30_000, most: { received: 10, sent: 0 } });
  });

  test('they stand still while time goes on', () => {
    const life = new Story().counts(100, 0).counts(1_250, 3).counts(1_500, 2).life();
    const seen = [0, 300, 900, 1_000].map((ms) => ratesOf(life, begun + ms, begun + ms + 30_000).stretches);
    for (const stretches of seen) expect(stretches).toEqual([{ at: begun + 1_000, received: 5, sent: 0 }]);
  });
});

test('topics stay known when they are not told any more', () => {
  const topic = { name: 'ticks', state: 'live', at: 7, caughtUp: 0, lost: 0, gaps: 0 } as const;
  const life = new Story()
    .counts(100, 0)
    .counts(1_000, 1, 0, { topics: [topic] })
    .counts(2_000, 1, 0, { topics: [] })
    .life();
  expect(topicsAt(life, begun + 500)).toEqual([]);
  expect(topicsAt(life, begun + 1_500)).toEqual([topic]);
  expect(topicsAt(life, begun + 2_500)).toEqual([topic]);
});

test('a life whose beginning gave way: read while it grew or afterwards, it says the same', () => {
  const story = new Story().is(100, 'quiet').beats(1_000, 900).outage(10_000, 'outdated');
  for (let i = 0; i < mostEntries; i += 1) story.beats(20_000 + i * 1_000, 20);
  const gone = 20_000 + mostEntries * 1_000;
  story.is(gone, 'reconnecting', { cause: 'silent' });
  const [first, ...others] = story.entries;
  const grown = lifeOf([first!]);
  for (const [i, entry] of others.entries()) {
    grown.add(entry);
    if (i % 500 === 0) figure(grown, gone, 'round trip');
  }
  for (const life of [grown, story.life()]) {
    expect(life.forgotten).toBeGreaterThan(0);
    expect(figure(life, gone + 500, 'round trip')).toMatchObject({
      value: '20 ms',
      note: 'median 20 ms, worst 20 ms',
      asOf: begun + gone,
    });
    expect(offlineSince(life, 'reconnecting', begun + gone + 500)).toBe(begun + gone);
    expect(at(life, gone + 500).lastHeard.value).toBe('1.5 s ago');
  }
});
