/** What the trace shows of a life: states, floods, losses, the words above them, and what it costs. */
import { describe, expect, test } from 'vitest';

import { mostEntries } from '../../visualizer/page/life.ts';
import { labelsOf, pictureOf, regionsOf, type Saying, wordsOf } from '../../visualizer/page/picture.ts';
import { bandInks, huesOf } from '../../visualizer/page/trace-paint.ts';
import { begun, lifeOf, strangeEntries, stranger, Story } from './lives.ts';

const half = 30_000;

describe('the trace of a connection', () => {
  test('an outage is one stretch of red, its dials included; a first dial is calm', () => {
    const life = new Story().is(400, 'quiet').is(8_000, 'stale', { cause: 'silent' }).outage(10_000).life();
    const { spans, losses, sayings } = pictureOf(life, begun, begun + half);
    const seen = spans.map(({ from, word, tone }) => [from - begun, word, tone]);
    expect(seen).toEqual([
      [0, 'connecting', 'dialling'],
      [400, 'alive', 'alive'],
      [8_000, 'stale', 'doubt'],
      [10_000, 'reconnecting', 'dead'],
      [10_500, 'connecting', 'dead'],
      [11_000, 'reconnecting', 'dead'],
      [11_500, 'connecting', 'dead'],
      [12_000, 'reconnecting', 'dead'],
      [12_500, 'connecting', 'dead'],
      [13_000, 'awaiting-id', 'dead'],
      [13_100, 'alive', 'alive'],
    ]);
    for (const [i, { to }] of spans.entries()) expect(to).toBe(spans[i + 1]?.from ?? begun + half);
    expect(losses.map((at) => at - begun)).toEqual([10_000, 11_000, 12_000]);
    expect(sayings).toEqual([
      {
        at: begun + 10_000,
        kind: 'loss',
        texts: ['silent, offline 3.1 s, 2 dials failed', 'silent, offline 3.1 s', 'silent, 2 dials failed', 'silent'],
      },
    ]);
  });

  test('a loss too short to be seen is seen, and what follows it as well', () => {
    const life = new Story()
      .is(400, 'quiet')
      .is(10_001, 'reconnecting', { cause: 'peer-closed' })
      .is(10_003, 'connecting')
      .is(10_009, 'quiet', { cause: undefined })
      .life();
    const { spans } = pictureOf(life, begun, begun + 600_000);
    expect(spans.map(({ tone }) => tone)).toEqual(['dialling', 'alive', 'dead', 'alive']);
    expect(spans[2]!.to - spans[2]!.from).toBeGreaterThanOrEqual(1_000);
    expect(spans.at(-1)!.to).toBe(begun + 600_000);
  });

  test('single messages are ticks; a flood is one band, with its rate', () => {
    const life = new Story()
      .counts(100, 0)
      .counts(1_000, 1)
      .counts(3_000, 1, 1)
      .counts(5_250, 600)
      .counts(5_500, 400, 30)
      .counts(9_000, 2)
      .life();
    const { ticks, floods, sayings } = pictureOf(life, begun, begun + half);
    expect(ticks.map(({ at }) => at - begun)).toEqual([1_000, 3_000, 9_000]);
    expect(floods).toEqual([{ from: begun + 5_000, to: begun + 5_500, received: 1_000, sent: 30 }]);
    expect(sayings.map(({ texts: [text] }) => text)).toEqual(['1,000 in, 2,000/s']);
  });

  test('a flood that a busy process counts late is one, and the next one is another', () => {
    const life = new Story()
      .counts(100, 0)
      .counts(5_250, 518)
      .counts(6_400, 484)
      .counts(9_000, 1)
      .counts(12_000, 300)
      .life();
    const { floods } = pictureOf(life, begun, begun + half);
    expect(floods.map(({ from, to, received }) => [from - begun, to - begun, received])).toEqual([
      [5_000, 6_400, 1_002],
      [11_750, 12_000, 300],
    ]);
  });

  test('a flood that does not end is one flood', () => {
    const story = new Story().counts(0, 0);
    for (let i = 1; i <= 100; i += 1) story.counts(i * 250, 100);
    expect(pictureOf(story.life(), begun, begun + half).floods).toEqual([
      { from: begun, to: begun + 25_000, received: 10_000, sent: 0 },
    ]);
  });
});

describe('labels', () => {
  const widthOf = (text: string) => 7 * text.length;
  const box = { left: 0, right: 600 };
  const saying = (at: number, texts: string[], kind: Saying['kind'] = 'loss'): Saying => ({ at, kind, texts });
  const place = (sayings: Saying[]) => labelsOf(sayings, (at) => at, widthOf, box);

  test('none touches another, and none leaves the picture, wherever they are', () => {
    let seed = 1;
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let round = 0; round < 500; round += 1) {
      const sayings = Array.from({ length: 1 + random(12) }, (_, i) =>
        saying(random(600), ['silent, offline 12.3 s, 3 dials failed', 'silent'], i % 3 === 0 ? 'flood' : 'loss'),
      ).toSorted((a, b) => a.at - b.at);
      const labels = place(sayings);
      expect(labels.length).toBeGreaterThan(0);
      for (const [i, { x, width }] of labels.entries()) {
        const before = labels[i - 1];
        expect(x).toBeGreaterThanOrEqual(before === undefined ? 0 : before.x + before.width + 4);
        expect(x + width).toBeLessThanOrEqual(600);
      }
    }
  });

  test('as many words as fit before the next; at the edge it stands to the left of its moment', () => {
    const texts = ['refused, offline 12.3 s', 'refused'];
    expect(place([saying(10, texts), saying(100, texts), saying(590, texts)])).toEqual([
      { kind: 'loss', text: 'refused', x: 10, width: 49 },
      { kind: 'loss', text: texts[0], x: 100, width: 161 },
      { kind: 'loss', text: texts[0], x: 439, width: 161 },
    ]);
  });

  test('a loss is said before a flood is', () => {
    expect(place([saying(100, ['1,000 in'], 'flood'), saying(110, ['silent'])]).map(({ text }) => text)).toEqual([
      'silent',
    ]);
  });
});

describe("the states of another machine's life", () => {
  test.each([
    ['off', [['', 'off']]],
    [{ hot: 'boiling' }, [['', 'hot · boiling']]],
    [
      { light: 'red', voice: { speaking: 'loudly' } },
      [
        ['light', 'red'],
        ['voice', 'speaking · loudly'],
      ],
    ],
    [
      { on: { a: 'x', b: 'y' } },
      [
        ['', 'on'],
        ['a', 'x'],
        ['b', 'y'],
      ],
    ],
  ])('%j', (value, regions) => {
    expect(regionsOf(value)).toEqual(regions);
  });

  test('a lane for each parallel region, three of them, and the others by name', () => {
    const definition = stranger('parallel', { a: ['x', 'y'], b: ['x', 'y'], c: ['x', 'y'], d: ['x'], e: ['x'] });
    const value = { a: 'x', b: 'x', c: 'x', d: 'x', e: 'x' };
    const life = lifeOf(
      strangeEntries(definition, [
        [0, value],
        [5_000, { ...value, b: 'y' }],
        [9_000, { ...value, a: 'y', b: 'y' }],
      ]),
    );
    const { lanes, folded, spans } = pictureOf(life, begun, begun + half);
    expect(spans).toEqual([]);
    expect(lanes.map(({ name, spans: each }) => [name, ...each.map(({ from, word }) => [from - begun, word])])).toEqual(
      [
        ['a', [0, 'x'], [9_000, 'y']],
        ['b', [0, 'x'], [5_000, 'y']],
        ['c', [0, 'x']],
      ],
    );
    expect(folded).toEqual(['d', 'e']);
  });

  test('regions that were left are there no more, until they are entered again', () => {
    const definition = stranger('compound', { off: [], on: ['a'] });
    const life = lifeOf(
      strangeEntries(definition, [
        [0, 'off'],
        [5_000, { on: { a: 'x', b: 'y' } }],
        [9_000, 'off'],
      ]),
    );
    const { lanes } = pictureOf(life, begun, begun + half);
    expect(
      lanes.map(({ name, spans }) => [name, ...spans.map(({ from, to, word }) => [from - begun, to - begun, word])]),
    ).toEqual([
      ['', [0, 5_000, 'off'], [5_000, 9_000, 'on'], [9_000, half, 'off']],
      ['a', [5_000, 9_000, 'x']],
      ['b', [5_000, 9_000, 'y']],
    ]);
  });

  test('a word has its own colour, the same at any time, and can be read on it', () => {
    const words = wordsOf(stranger('compound', { off: [], hot: ['boiling', 'poured'], cold: [] }));
    expect(words).toEqual(['off', 'hot · boiling', 'hot · poured', 'cold']);
    const hues = words.map(huesOf(words));
    for (const [i, hue] of hues.entries()) {
      for (const other of hues.slice(i + 1)) {
        const apart = Math.abs(hue - other);
        expect(Math.min(apart, 360 - apart)).toBeGreaterThan(40);
      }
    }
    expect(words.map(huesOf(words))).toEqual(hues);
    for (const isDark of [false, true]) {
      for (let hue = 0; hue < 360; hue += 1) {
        const { fill, text } = bandInks(hue, isDark);
        expect(contrast(fill, text), `${fill} ${text}`).toBeGreaterThan(4.5);
      }
    }
  });
});

/** By WCAG 2.1, 1.4.3. @param fill hsl @param text hex */
function contrast(fill: string, text: string): number {
  const [h = 0, s = 0, l = 0] = (fill.match(/[\d.]+/g) ?? []).map(Number);
  const chroma = (s / 100) * Math.min(l / 100, 1 - l / 100);
  const channel = (n: number) => {
    const k = (n + h / 30) % 12;
    return l / 100 - chroma * Math.max(-1, Math.min(k - 3, 9 - k, 1));
  };
  const hex = [1, 3, 5].map((i) => Number.parseInt(text.slice(i, i + 2), 16) / 255);
  const [a, b] = [light([channel(0), channel(8), channel(4)]), light(hex)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function light(rgb: number[]): number {
  const [r = 0, g = 0, b = 0] = rgb.map((c) => (c <= 0.040_45 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

describe('what a picture costs', () => {
  /** The quickest of many: the machine has neighbours. ms */
  function cost(life: ReturnType<typeof lifeOf>): number {
    let least = Infinity;
    for (let i = 0; i < 50; i += 1) {
      const before = performance.now();
      pictureOf(life, begun + i, begun + 1_800_000 + i);
      least = Math.min(least, performance.now() - before);
    }
    return least;
  }

  test('of a connection with all the entries that are kept, and a million messages; of a machine that never rests', () => {
    const story = new Story().is(100, 'quiet').counts(200, 0);
    for (let i = 1; story.entries.length < mostEntries - 4; i += 1) {
      story.beats(i * 500, 20 + (i % 7)).counts(i * 500 + 250, i % 3 === 0 ? 1_000 : 1, 2);
      if (i % 10 === 0) story.is(i * 500 + 300, 'reconnecting', { cause: 'silent' }).is(i * 500 + 400, 'connecting');
    }
    const busy = story.life();
    const definition = stranger('compound', { a: [], b: [], c: [] });
    const turns = Array.from({ length: mostEntries }, (_, i) => [i * 100, 'abc'[i % 3]!] as const);
    const restless = lifeOf(strangeEntries(definition, turns));
    const costs = [cost(busy), cost(restless)];
    console.info(`a picture of 10,000 entries: ${costs.map((ms) => `${ms.toFixed(2)} ms`).join(', ')}`);
    expect(Math.max(...costs)).toBeLessThan(10);
    const { spans, ticks, beats, losses } = pictureOf(busy, begun, begun + 1_800_000);
    for (const list of [spans, ticks, beats, losses]) expect(list.length).toBeLessThanOrEqual(1_200);
    const { lanes } = pictureOf(restless, begun, begun + 1_800_000);
    expect(lanes[0]!.spans.length).toBeLessThanOrEqual(1_200);
  });
});
