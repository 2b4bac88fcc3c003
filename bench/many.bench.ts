/**
 * 200 connections with a beat a second each that are inspected: what their process takes for it, and how smooth the page is that shows them.
 */
import type { Page } from 'playwright';
import { describe, expect, onTestFinished, test } from 'vitest';

import { Child } from '../test/helpers/children/start.ts';
import { openTab, patience, useBrowser, visualize } from '../test/visualizer/stage.ts';
import { quickOr } from './chosen.ts';
import { expectWithin, measured } from './measurement.ts';

const connections = 200;
/** What is looked at at once, s. */
const window = 10;
const rounds = quickOr(5, 2);

useBrowser();

async function many(inspected: boolean) {
  const child = new Child('many.mjs', [{ connections, interval: 1_000, timeout: 30_000, inspected }]);
  onTestFinished(() => child.end());
  const { port } = await child.until('ready');
  const usage = async () => {
    const from = child.said.length;
    child.tell('usage');
    return (await child.until('usage', undefined, from)) as unknown as { cpu: number; written: number };
  };
  return { url: `ws://127.0.0.1:${Number(port)}`, usage };
}

async function overviewOf(url: string): Promise<Page> {
  const { page } = await openTab(await visualize([url]));
  await expect.poll(() => page.locator('.overview h2').innerText(), { timeout: patience }).toMatch(/\(200\)/);
  return page;
}

const spell = () => new Promise((resolve) => void setTimeout(resolve, 1_000 * window));

test('what it takes to be inspected', async (context) => {
  const [alone, seen] = [await many(false), await many(true)];
  await overviewOf(seen.url);
  const costs: number[] = [];
  const sizes: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    await spell();
    const [without, withPage] = [await alone.usage(), await seen.usage()];
    // The first one has the beginning in it.
    if (round === 0) continue;
    costs.push((withPage.cpu - without.cpu) / connections / window);
    sizes.push(withPage.written / connections / window / 1_024);
  }
  const cost = measured(costs);
  const size = measured(sizes);
  expectWithin(context, {
    what: 'processor time for a beat of an inspected connection, above one that is not',
    value: cost.median,
    noise: cost.noise,
    unit: 'µs',
    aim: 400,
    bound: 1_200,
  });
  expectWithin(context, {
    what: 'what a page is sent of a beat',
    value: size.median,
    noise: size.noise,
    unit: 'KiB',
    aim: 4,
    bound: 5,
  });
});

describe('the page that shows 200 inspected connections', () => {
  const slowest = async (page: Page): Promise<number[]> => {
    const worst: number[] = [];
    for (let round = 0; round < rounds; round += 1) worst.push(await page.evaluate(slowestFrame, 1_000 * window));
    return worst;
  };

  test('frames', async (context) => {
    const page = await overviewOf((await many(true)).url);
    await spell();
    const all = measured(await slowest(page));
    await page.locator('.overview .list .name button').first().click();
    await page.locator('.statechart svg .glow').first().waitFor();
    await spell();
    const one = measured(await slowest(page));
    for (const [what, { median, noise }] of [
      ['all of them', all],
      ['one of them', one],
    ] as const) {
      expectWithin(context, {
        what: `slowest frame in ${window} s of 200 inspected connections, ${what} seen`,
        value: median,
        noise,
        unit: 'ms',
        aim: 50,
        bound: 250,
      });
    }
  });

  test('memory', async (context) => {
    const page = await overviewOf((await many(true)).url);
    const protocol = await page.context().newCDPSession(page);
    for (let round = 0; round < rounds; round += 1) await spell();
    await protocol.send('HeapProfiler.enable');
    await protocol.send('HeapProfiler.collectGarbage');
    const { usedSize } = await protocol.send('Runtime.getHeapUsage');
    expectWithin(context, {
      what: `heap of the page after ${rounds * window} s of 200 inspected connections`,
      value: usedSize / 2 ** 20,
      unit: 'MiB',
      aim: 30,
      bound: 60,
    });
  });
});

/** In the page. */
function slowestFrame(time: number): Promise<number> {
  return new Promise((resolve) => {
    const begun = performance.now();
    let last = begun;
    let worst = 0;
    const look = (): void => {
      const now = performance.now();
      worst = Math.max(worst, now - last);
      last = now;
      if (now - begun < time) requestAnimationFrame(look);
      else resolve(worst);
    };
    requestAnimationFrame(look);
  });
}
