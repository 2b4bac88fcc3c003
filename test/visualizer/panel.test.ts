/** The panel and the trace in a real Chromium: what an operator sees before, while and after a line is lost, and of machines that are no connections. */
import type { Page } from 'playwright';
import { describe, expect, test } from 'vitest';

import type { Entry, TopicTold } from '../../visualizer/entry.ts';
import { begun, recordingOf, Story, strangeEntries, stranger } from './lives.ts';
import { demo, openTab, patience, stateIn, useBrowser, visualize, word } from './stage.ts';

useBrowser();

const wide = { width: 1280, height: 720 };
const phone = { width: 390, height: 844 };

/** The page with a life in it, and the moment that it shows. */
async function replay(entries: readonly Entry[], viewport = wide) {
  const { page, errors } = await openTab(await visualize(), viewport);
  await page.locator('input[type=file]').setInputFiles(recordingOf(entries));
  await page.locator('.state').waitFor();
  const lookAt = async (ms: number) => {
    await page.getByRole('slider', { name: 'Look back' }).evaluate((input: HTMLInputElement, at) => {
      input.value = String(at);
      input.dispatchEvent(new Event('input', { bubbles: true }));
    }, begun + ms);
    await drawn(page);
  };
  return { page, errors, lookAt };
}

/** What was told is on screen. */
async function drawn(page: Page): Promise<void> {
  await page.evaluate(async () => {
    for (let i = 0; i < 3; i += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
  });
}

const figure = (page: Page, name: string) =>
  page.locator('.figures > div').filter({ has: page.locator('dt', { hasText: new RegExp(`^${name}`) }) });

const bar = (page: Page) => page.getByRole('meter', { name: 'Silence' });

describe('at work', () => {
  test('silence fills the bar, and a frame empties it', async () => {
    const { address } = await demo({ interval: 3_000, timeout: 3_000 });
    const { page, errors } = await openTab(address);
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));
    const seen: number[] = [];
    await expect
      .poll(
        async () => {
          const filled = Number(await bar(page).getAttribute('aria-valuenow'));
          if (Number.isFinite(filled)) seen.push(filled);
          const most = seen.indexOf(Math.max(...seen));
          return Math.min(...seen.slice(0, most)) < seen[most]! && Math.min(...seen.slice(most)) < seen[most]!;
        },
        { timeout: 2 * patience, interval: 50 },
      )
      .toBe(true);
    expect(errors).toEqual([]);
  });

  test('the cable is pulled: since when, why, and what was known then; it is plugged: for how long that was', async () => {
    const { address } = await demo({ interval: 600, timeout: 600 });
    const { page, errors } = await openTab(address);
    const value = (name: string) => figure(page, name).locator('b').innerText();
    await expect.poll(() => value('round trip'), { timeout: patience }).toMatch(/ms|s$/);
    expect(await page.locator('.when').count()).toBe(0);
    expect(await value('offline for')).toBe('–');
    await page.getByRole('button', { name: 'Pull the cable' }).click();
    await expect.poll(() => value('offline for'), { timeout: patience }).toMatch(/s$/);
    await expect
      .poll(() => page.locator('.state .why code').innerText(), { timeout: patience })
      .toMatch(/silent|dial-timeout/);
    const marks = await page.locator('.when').allInnerTexts();
    expect(marks).toHaveLength(3);
    expect(new Set(marks).size, 'all as of the same time').toBe(1);
    expect(marks[0]).toMatch(/^as of \d\d:\d\d:\d\d$/);
    await page.getByRole('button', { name: 'Plug the cable' }).click();
    await expect.poll(() => value('offline for'), { timeout: patience }).toBe('–');
    await expect
      .poll(() => page.locator('.state .why').innerText(), { timeout: patience })
      .toMatch(/last outage: nothing was heard any more\s+silent\s+was offline for [\d.]+ s, until/);
    expect(errors).toEqual([]);
  });

  test('a flood is seen as one', async () => {
    const { address, faults } = await demo();
    const { page } = await openTab(address);
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));
    faults.act({ do: 'flood', count: 1_000 });
    await expect
      .poll(() => page.locator('.trace').getAttribute('aria-label'), { timeout: patience })
      .toMatch(/Floods: 1,0\d\d in, [\d,]+\/s/);
    await expect
      .poll(
        () => page.getByRole('img', { name: /^messages over time: in \d\d\d|^messages over time: in \d,/ }).count(),
        {
          timeout: patience,
        },
      )
      .toBe(1);
  });

  test('a word explains itself to whoever presses it, and is silent again', async () => {
    const { address } = await demo();
    const { page } = await openTab(address);
    for (const [name, meaning] of [
      ['attempt', /Dials since the line was last stable/],
      ['unconfirmed', /no answered heartbeat/],
      ['dead within', /given up after this/],
      ['clock offset', /server's clock/],
    ] as const) {
      const button = page.getByRole('button', { name, exact: true });
      const note = page.getByRole('note').filter({ hasText: meaning });
      await button.focus();
      await page.keyboard.press('Enter');
      await note.waitFor({ state: 'visible' });
      const box = (await note.boundingBox())!;
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(1280);
      await page.keyboard.press('Escape');
      await note.waitFor({ state: 'hidden' });
    }
  });
});

const topic: TopicTold = { name: 'ticks', state: 'live', at: 142, caughtUp: 12, lost: 0, gaps: 0 };

/** Through all states, with much to say of each. */
function eventful(topics: TopicTold[]): Story {
  const told = topics.length > 0 ? { topics } : {};
  const end = { code: 1006, reason: 'ERR_TLS_CERT_ALTNAME_INVALID', wasClean: false, status: 503 };
  return new Story({ id: '…5678' })
    .counts(0, 0)
    .is(300, 'awaiting-id')
    .hears(400, 'peer.named')
    .is(400, 'quiet', { serverClock: { offset: begun - 3_599_999, at: 400, samples: 2 } })
    .beats(1_000, 999)
    .beats(2_000, 9_949)
    .counts(2_100, 123_456, 98_765, told)
    .is(6_000, 'probing')
    .is(8_000, 'stale', { cause: 'silent' })
    .outage(10_000)
    .beats(15_000, 12)
    .is(16_000, 'reconnecting', {
      cause: 'dial-timeout',
      attempt: 12_345,
      end,
      nextDial: { at: begun + 3_600_000, wait: 3_584_000 },
    })
    .is(19_000, 'connecting', { nextDial: {} })
    .is(19_500, 'quiet', { cause: undefined })
    .is(20_000, 'closing', { cause: 'user-closed', end })
    .is(21_000, 'closed');
}

const moments = [100, 350, 900, 2_500, 7_000, 9_500, 10_200, 10_700, 13_050, 14_000, 18_000, 19_200, 20_500, 21_000];

describe.each([
  ['1280 × 720', wide],
  ['a phone', phone],
])('at %s', (_, viewport) => {
  test('the panel has the same height in every state, and no words that have no room', async () => {
    const { page, errors, lookAt } = await replay(eventful([]).entries, viewport);
    const seen = new Set<string>();
    for (const ms of moments) {
      await lookAt(ms);
      const { height, cramped, state } = await measured(page);
      seen.add(`${height}`);
      expect(cramped, `${state} at ${ms}`).toEqual([]);
      if (viewport === wide) expect(height).toBeLessThanOrEqual(270);
    }
    expect([...seen], 'heights').toHaveLength(1);
    expect(errors).toEqual([]);
  });

  test('with topics it is higher by as much as they need, and not by more than four of them do', async () => {
    const heights: number[] = [];
    for (const count of [1, 4, 12]) {
      const topics = Array.from({ length: count }, (__, i) => ({ ...topic, name: `prices.of.something.number-${i}` }));
      const { page, lookAt } = await replay(eventful(topics).entries, viewport);
      for (const ms of [2_500, 10_200, 14_000, 21_000]) {
        await lookAt(ms);
        const { height, cramped } = await measured(page);
        heights.push(height);
        expect(cramped).toEqual([]);
      }
      expect(await page.locator('.topics li').count()).toBe(count);
    }
    const [one, four, twelve] = [heights.slice(0, 4), heights.slice(4, 8), heights.slice(8)];
    for (const each of [one, four, twelve]) expect(new Set(each).size).toBe(1);
    expect(four[0]! - one[0]!).toBe(3 * 18);
    expect(twelve[0]).toBe(four[0]);
  });
});

test('topics: how far each is, what its last return brought, and what nobody can bring', async () => {
  const topics: TopicTold[] = [
    topic,
    { name: 'prices', state: 'behind', at: null, caughtUp: 3, lost: null, gaps: 0 },
    { name: '12 characters', state: 'loading', at: 1_234, caughtUp: 0, lost: 0, gaps: 0 },
    { name: 'news', state: 'asking', at: 7, caughtUp: 0, lost: 5, gaps: 2 },
  ];
  const { page, lookAt } = await replay(eventful(topics).entries);
  await lookAt(2_500);
  const lines = (await page.locator('.topics li').allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' '));
  expect(lines).toEqual([
    'ticks at 142 live 12 caught up, 0 lost',
    'prices not begun catching up 3 caught up, ? lost',
    '12 characters at 1,234 loading nothing missed',
    'news at 7 asking 0 caught up, 5 lost 2 gaps',
  ]);
  await lookAt(21_000);
  expect(await page.locator('.topics .how').first().innerText(), 'nothing is live when it is closed').toBe('over');
});

/** Its height, and what is cut off, reaches out of it, or lies on something else. */
function measured(page: Page): Promise<{ height: number; cramped: string[]; state: string }> {
  return page.locator('.state').evaluate((panel) => {
    const frame = panel.getBoundingClientRect();
    const walker = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT);
    const boxes: { text: string; box: DOMRect }[] = [];
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const text = node.textContent?.trim() ?? '';
      if (text === '' || node.parentElement!.closest('[popover], .topics ul') !== null) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const box of range.getClientRects()) boxes.push({ text, box });
    }
    const cramped = boxes
      .filter(
        ({ box }) =>
          box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom,
      )
      .map(({ text }) => `${text} reaches out`);
    for (const [i, a] of boxes.entries()) {
      for (const b of boxes.slice(i + 1)) {
        const across = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
        const down = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
        // Lines are set a little tighter than their letters could be high.
        if (across > 1 && down > 4) cramped.push(`${a.text} lies on ${b.text}`);
      }
    }
    for (const line of panel.querySelectorAll('.topics li')) {
      if (line.scrollWidth > line.clientWidth) cramped.push(`${line.textContent} is cut off`);
    }
    return { height: frame.height, cramped, state: panel.querySelector('strong')!.textContent };
  });
}

describe('drawn', () => {
  /** Colours in a canvas, and of how many points each, within a part of it: shares of its width and height. */
  function coloursIn(page: Page, canvas: string, part = { left: 0, right: 1, top: 0, bottom: 1 }) {
    return page.locator(canvas).evaluate((element: HTMLCanvasElement, { left, right, top, bottom }) => {
      const { width, height } = element;
      const [x, y] = [Math.floor(width * left), Math.floor(height * top)];
      const across = Math.max(1, Math.floor(width * (right - left)));
      const down = Math.max(1, Math.floor(height * (bottom - top)));
      const { data } = element.getContext('2d')!.getImageData(x, y, across, down);
      const counts: Record<string, number> = {};
      for (let i = 0; i < data.length; i += 4) {
        const colour = data.slice(i, i + 4).join(' ');
        counts[colour] = (counts[colour] ?? 0) + 1;
      }
      return counts;
    }, part);
  }

  test('messages and round trips over time, each by its own; nothing where nothing was', async () => {
    const story = new Story().is(100, 'quiet').counts(200, 0).beats(12_000, 80).counts(14_000, 50, 5).counts(25_000, 1);
    const { page, lookAt } = await replay(story.entries);
    const points = async (name: string) => {
      const [empty = 0, ...others] = Object.values(
        await coloursIn(page, `.plot canvas[aria-label^="${name}"]`),
      ).toSorted((a, b) => b - a);
      expect(empty).toBeGreaterThan(0);
      return others.reduce((sum, each) => sum + each, 0);
    };
    await lookAt(5_000);
    // It is seen from there on, too, as far as the trace is.
    expect(await page.locator('.plot figcaption').allInnerTexts()).toEqual([
      'messages in 50/s, out 5/s',
      'round trips up to 80 ms',
    ]);
    const some = [await points('messages'), await points('round trips')];
    await page.getByLabel('How much is seen at once').selectOption('15000');
    await lookAt(2_000);
    await drawn(page);
    expect(await page.locator('.plot figcaption').allInnerTexts()).toEqual([
      'messages in 0/s, out 0/s',
      'round trips none',
    ]);
    const none = [await points('messages'), await points('round trips')];
    expect(some[0]).toBeGreaterThan(none[0]! + 20);
    expect(some[1]).toBeGreaterThan(none[1]! + 20);
    for (const canvas of await page.locator('.plot').all()) {
      expect((await canvas.boundingBox())!.height).toBeLessThanOrEqual(44);
    }
  });

  test('an outage is red in the trace from its beginning to its end, dials included', async () => {
    const story = new Story().is(100, 'quiet').outage(8_000).beats(20_000, 50).is(29_900, 'quiet');
    const { page, lookAt } = await replay(story.entries);
    await lookAt(29_900);
    // 30 s are seen, until the end.
    const at = (ms: number) =>
      coloursIn(page, '.trace canvas', { left: ms / 30_000, right: ms / 30_000, top: 0.3, bottom: 0.4 });
    const reds = [8_200, 8_700, 9_200, 9_700, 10_700].map(async (ms) => Object.keys(await at(ms + 100))[0]);
    const [first, ...others] = await Promise.all(reds);
    expect(new Set(others), 'reconnecting and connecting alike').toEqual(new Set([first]));
    expect(Object.keys(await at(5_000))[0]).not.toBe(first);
    expect(Object.keys(await at(15_000))[0]).not.toBe(first);
  });

  test('words on the trace touch neither each other nor a line', async () => {
    const story = new Story().is(100, 'quiet').counts(200, 0);
    for (let i = 0; i < 5; i += 1) story.outage(1_000 + i * 5_000).counts(4_600 + i * 5_000, 900);
    const { page, lookAt } = await replay(story.is(29_000, 'quiet').entries);
    await lookAt(29_000);
    const labels = JSON.parse((await page.locator('.trace .uplot').getAttribute('data-labels')) ?? '[]') as {
      text: string;
      x: number;
      width: number;
    }[];
    expect(labels.length).toBeGreaterThanOrEqual(5);
    for (const [i, { x }] of labels.entries()) {
      const before = labels[i - 1];
      if (before !== undefined) expect(before.x + before.width).toBeLessThan(x);
    }
    // No line reaches into their row: between two of them there is nothing.
    for (const [i, { x, width }] of labels.slice(0, -1).entries()) {
      const next = labels[i + 1]!;
      const all = await page.locator('.trace canvas').evaluate((canvas: HTMLCanvasElement) => canvas.width);
      const part = { left: (x + width + 1) / all, right: (next.x - 1) / all, top: 0.03, bottom: 0.15 };
      expect(Object.keys(await coloursIn(page, '.trace canvas', part))).toEqual(['0 0 0 0']);
    }
  });

  test('a machine of somebody else: its states in bands, a row for each parallel region', async () => {
    const definition = stranger('parallel', {
      light: ['red', 'green'],
      voice: ['silent', 'speaking'],
      door: ['open', 'closed'],
      fan: ['on'],
      heat: ['on'],
    });
    const value = { light: 'red', voice: 'silent', door: 'open', fan: 'on', heat: 'on' };
    const { page, errors, lookAt } = await replay(
      strangeEntries(definition, [
        [0, value],
        [10_000, { ...value, light: 'green' }],
        [20_000, { ...value, voice: 'speaking' }],
        [29_000, value],
      ]),
    );
    await lookAt(28_000);
    expect(await page.locator('.trace').getAttribute('aria-label')).toBe(
      'States over time. Now light: red, voice: silent, door: open, and 2 more: fan, heat.',
    );
    // The colour of most points of a place in the picture.
    const colourAt = async (left: number, top: number) => {
      const counts = await coloursIn(page, '.trace canvas', { left, right: left + 0.03, top, bottom: top + 0.08 });
      return Object.entries(counts).toSorted(([, a], [, b]) => b - a)[0]![0];
    };
    const [red, green, silent, open] = await Promise.all([
      colourAt(0.25, 0.24),
      colourAt(0.55, 0.24),
      colourAt(0.25, 0.45),
      colourAt(0.25, 0.64),
    ]);
    expect(new Set([red, green, silent, open]).size).toBe(4);
    expect(await colourAt(0.55, 0.45), 'it has not changed').toBe(silent);
    expect(errors).toEqual([]);
  });
});
