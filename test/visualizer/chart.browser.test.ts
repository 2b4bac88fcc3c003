/** The chart in a real Chromium: its words can be read, it follows what is active, and it gets in nobody's way. */
import type { Page } from 'playwright';
import { expect, onTestFinished, test } from 'vitest';
import { type AnyStateMachine, createActor } from 'xstate';

import { demo, inspected, openTab, patience, stateIn, useBrowser, visualize, word } from './stage.ts';
import { ringOf, strangers } from './strangers.ts';

useBrowser();

const sizes = [
  { width: 1440, height: 900 },
  { width: 1280, height: 720 },
  { width: 390, height: 844 },
];
const phone = sizes[2]!;

/** A machine of others at work, and the page that shows it. */
async function shown(machine: AnyStateMachine, size = sizes[1]!, colorScheme: 'light' | 'dark' = 'light') {
  const { inspection, source } = await inspected();
  const actor = createActor(machine, { inspect: inspection.inspect }).start();
  onTestFinished(() => void actor.stop());
  const tab = await openTab(await visualize([source]), size, colorScheme);
  await tab.page
    .locator('.statechart .box.lit, .statechart-large')
    .first()
    .waitFor({ timeout: 3 * patience });
  return { actor, ...tab };
}

/** Least size of words in the chart, px on screen. */
function smallest(page: Page): Promise<number> {
  return page.locator('.statechart > svg').evaluate((svg) => {
    const texts = [...svg.querySelectorAll<SVGTextContentElement>('text, tspan')];
    const sizesOf = texts.map((text) => {
      const holder = text.closest('text')!;
      return Number.parseFloat(getComputedStyle(text).fontSize) * holder.getScreenCTM()!.a;
    });
    return Math.min(...sizesOf);
  });
}

/** Whether all of the innermost active box with this name is inside what is seen of the chart. */
function isInSight(page: Page, name: string): Promise<boolean> {
  return page.locator('.statechart > svg').evaluate((svg, key) => {
    const box = [...svg.querySelectorAll('.box.lit')].find((each) => each.querySelector('.title')?.textContent === key);
    if (box === undefined) return false;
    const outer = svg.getBoundingClientRect();
    const { left, top, right, bottom } = box.querySelector('.frame')!.getBoundingClientRect();
    return left >= outer.left && top >= outer.top && right <= outer.right && bottom <= outer.bottom;
  }, name);
}

async function inSight(page: Page, name: string): Promise<void> {
  await expect.poll(() => isInSight(page, name), { timeout: patience, message: `${name} is in sight` }).toBe(true);
}

const camera = (page: Page) => page.locator('.camera').evaluate((group) => (group as SVGGElement).style.transform);
const button = (page: Page, name: string) => page.locator('.statechart').getByRole('button', { name });

test.each(sizes)(
  'our own chart at $width × $height: words of 10 px or more; doubt and outage are in sight',
  async (size) => {
    const { address, faults } = await demo();
    const { page, errors } = await openTab(address, size);
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));
    await page.locator('.statechart .box.lit').first().waitFor();
    expect(await smallest(page)).toBeGreaterThanOrEqual(10);
    await inSight(page, 'alive');
    faults.act({ do: 'pull' });
    await inSight(page, 'dialling');
    faults.act({ do: 'refuse' });
    faults.act({ do: 'plug' });
    await inSight(page, 'reconnecting');
    expect(await smallest(page)).toBeGreaterThanOrEqual(10);
    expect(errors).toEqual([]);
  },
);

test.each([sizes[1]!, phone])(
  '60 states at $width × $height: the active one is in sight after each step',
  async (size) => {
    const { page, actor, errors } = await shown(strangers.ring, size);
    for (const [event, name] of [
      ['NEXT', 'step1'],
      ['NEXT', 'step2'],
      ['NEXT', 'step3'],
      ['JUMP', 'step23'],
      ['NEXT', 'step24'],
      ['JUMP', 'step44'],
      ['NEXT', 'step45'],
      ['JUMP', 'step5'],
    ] as const) {
      actor.send({ type: event });
      await inSight(page, name);
      expect(await smallest(page)).toBeGreaterThanOrEqual(10);
    }
    expect(errors).toEqual([]);
  },
);

test('of four regions, that which has moved is in sight; all active states are lit', async () => {
  const { page, actor } = await shown(strangers.regions);
  actor.send({ type: 'NEXT' });
  await inSight(page, 'storage1');
  for (const name of ['audio1', 'video1', 'network1'])
    expect(await page.locator('.box.lit', { hasText: name }).count()).toBeGreaterThan(0);
  expect(await page.locator('.camera .divider').count()).toBe(4);
});

test('what the reader has put somewhere stays there until it is asked to follow', async () => {
  const { page, actor } = await shown(strangers.ring);
  await page.locator('.statechart > svg').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('+');
  const put = await camera(page);
  actor.send({ type: 'NEXT' });
  await page.locator('.box.lit', { hasText: 'step1' }).waitFor();
  actor.send({ type: 'NEXT' });
  await page.locator('.box.lit', { hasText: 'step2' }).waitFor();
  expect(await camera(page)).toBe(put);
  await button(page, 'show all').click();
  await expect.poll(() => smallest(page), { timeout: patience, message: 'all of it, however small' }).toBeLessThan(10);
  await page.locator('.statechart > svg').focus();
  await page.keyboard.press('f');
  await expect.poll(() => smallest(page), { timeout: patience }).toBeGreaterThanOrEqual(10);
  await inSight(page, 'step2');
  expect(await button(page, 'follow').getAttribute('aria-pressed')).toBe('true');
});

test('buttons are reached by the keyboard, and large enough; signs are explained, and put away again', async () => {
  const { address } = await demo();
  for (const [size, least] of [
    [sizes[1]!, 28],
    [phone, 38],
  ] as const) {
    const { page } = await openTab(address, size);
    await page.locator('.statechart .box.lit').first().waitFor({ timeout: patience });
    const buttons = page.locator('.statechart-buttons button');
    const boxes = await buttons.evaluateAll((all) =>
      all.map((each) => each.getBoundingClientRect().toJSON() as DOMRect),
    );
    for (const { width, height } of boxes) expect(Math.min(width, height)).toBeGreaterThanOrEqual(least);
    await page.locator('.statechart > svg').focus();
    const seen: (string | null)[] = [];
    for (let i = 0; i < boxes.length; i += 1) {
      await page.keyboard.press('Tab');
      seen.push(await page.evaluate(() => document.activeElement!.getAttribute('aria-label')));
    }
    expect(seen).toEqual(await buttons.evaluateAll((all) => all.map((each) => each.getAttribute('aria-label'))));
    const legend = page.getByRole('dialog', { name: 'What the signs mean' });
    expect(await legend.isVisible()).toBe(false);
    await page.keyboard.press('Enter');
    await legend.waitFor();
    expect(await legend.innerText()).toContain('only if this holds');
    const { x, y, width, height } = (await legend.boundingBox())!;
    expect(x >= 0 && y >= 0 && x + width <= size.width && y + height <= size.height).toBe(true);
    await page.keyboard.press('Escape');
    await legend.waitFor({ state: 'hidden' });
  }
});

test('one finger scrolls the page past the chart, and leaves the chart where it is; two move it', async () => {
  const { address } = await demo();
  const { page, context } = await openTab(address, phone);
  await page.locator('.statechart .box.lit').first().waitFor({ timeout: patience });
  const chart = page.locator('.statechart > svg');
  await chart.scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await chart.boundingBox())!;
  const [middle, low] = [Math.round(x + width / 2), Math.round(y + height - 40)];
  const session = await context.newCDPSession(page);
  await session.send('Emulation.setTouchEmulationEnabled', { enabled: true, maxTouchPoints: 2 });
  const scrolled = () => page.evaluate(() => window.scrollY);
  const before = await scrolled();
  /** Fingers go up or down together, this many px. */
  const drag = async (places: { x: number; y: number }[], by: number) => {
    const at = (part: number) => places.map((place, id) => ({ x: place.x, y: place.y + by * part, id }));
    await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at(0) });
    for (let step = 1; step <= 10; step += 1)
      await session.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at(step / 10) });
    await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  };
  /** Where the page stands once it has come to rest. */
  const settled = async () => {
    let last = Number.NaN;
    await expect.poll(async () => last === (last = await scrolled()), { timeout: patience, interval: 200 }).toBe(true);
    return last;
  };
  /** Some way down from the upper end of what is seen of the chart. */
  const inside = async () => Math.round(Math.max(0, (await chart.boundingBox())!.y) + 60);
  await drag([{ x: middle, y: low }], -150);
  await expect.poll(scrolled, { timeout: patience }).toBeGreaterThan(before + 50);
  expect(await button(page, 'follow').getAttribute('aria-pressed')).toBe('true');

  await settled();
  await page.mouse.move(middle, await inside());
  const here = await scrolled();
  await page.mouse.wheel(0, -120);
  await expect.poll(scrolled, { timeout: patience }).toBeLessThan(here);
  expect(await button(page, 'follow').getAttribute('aria-pressed')).toBe('true');

  const still = await settled();
  const top = await inside();
  await drag(
    [
      { x: middle - 40, y: top },
      { x: middle + 40, y: top },
    ],
    80,
  );
  await expect.poll(() => button(page, 'follow').getAttribute('aria-pressed'), { timeout: patience }).toBe('false');
  expect(await scrolled()).toBe(still);
});

test('3,000 states: it says so, and where the machine is', async () => {
  const { page, actor, errors } = await shown(ringOf(3_000));
  const large = page.locator('.statechart-large');
  expect(await large.innerText()).toContain('3,000 states');
  actor.send({ type: 'NEXT' });
  await expect.poll(() => large.innerText(), { timeout: patience }).toMatch(/s1$/);
  expect(errors).toEqual([]);
});

test.each(['light', 'dark'] as const)('words stand out from what is behind them, by WCAG AA: %s', async (scheme) => {
  // In doubt for long enough to be looked at on a busy machine.
  const { address, faults } = await demo({ interval: 600, timeout: 10_000 });
  const { page } = await openTab(address, sizes[0], scheme);
  const faint = () =>
    page.locator('.statechart > svg').evaluate((svg) => {
      const pen = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d')!;
      const colourOf = (colour: string, under: number[]): number[] => {
        pen.fillStyle = `rgb(${under.join(' ')})`;
        pen.fillRect(0, 0, 1, 1);
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 1, 1);
        return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
      };
      const light = (colour: number[]) => {
        const [r = 0, g = 0, b = 0] = colour.map((each) => {
          const part = each / 255;
          return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const frames = [...svg.querySelectorAll<SVGRectElement>('.frame')];
      const paper = colourOf(getComputedStyle(svg.closest('.panel')!).backgroundColor, [255, 255, 255]);
      const found: string[] = [];
      for (const text of svg.querySelectorAll<SVGTextContentElement>('text, tspan')) {
        if (text.querySelector('tspan') !== null || text.textContent === '') continue;
        const { left, top, width, height } = text.getBoundingClientRect();
        const [x, y] = [left + width / 2, top + height / 2];
        const behind = frames.filter((frame) => {
          const rect = frame.getBoundingClientRect();
          return rect.left < x && rect.right > x && rect.top < y && rect.bottom > y;
        });
        const back = behind.reduce((under, frame) => colourOf(getComputedStyle(frame).fill, under), paper);
        const ink = colourOf(getComputedStyle(text).fill, back);
        const [a, b] = [light(ink), light(back)].toSorted((p, q) => q - p);
        const ratio = (a! + 0.05) / (b! + 0.05);
        if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${text.textContent}`);
      }
      return found;
    });
  for (const [act, name] of [
    [undefined, 'alive'],
    ['pull', 'stale'],
    [undefined, 'connecting'],
    ['close', 'closed'],
  ] as const) {
    if (act !== undefined) faults.act({ do: act });
    await expect
      .poll(() => page.locator('.statechart > svg').getAttribute('aria-label'), { timeout: patience })
      .toMatch(name);
    // Colours glide to where they are going.
    await expect.poll(faint, { timeout: patience }).toEqual([]);
  }
});
