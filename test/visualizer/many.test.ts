/**
 * 200 connections with a beat a second each, in a process of their own: how long the page is busy at a time.
 *
 * That is asked of its own tasks: how late a frame comes is also a matter of who else is at work on this machine, and stands in `npm run bench`.
 */
import type { Page } from 'playwright';
import { expect, onTestFinished, test } from 'vitest';

import { Child } from '../helpers/children/start.ts';
import { openTab, patience, useBrowser, visualize } from './stage.ts';

useBrowser();

const connections = 200;

test('200 connections with a beat a second: no task of the page takes 50 ms of its processor, with all of them seen, and with one', async () => {
  const child = new Child('many.mjs', [{ connections, interval: 1_000, timeout: 30_000 }]);
  onTestFinished(() => child.end());
  const { port } = await child.until('ready');
  const { page, errors } = await openTab(await visualize([`ws://127.0.0.1:${Number(port)}`]));
  await expect.poll(() => page.locator('.overview h2').innerText(), { timeout: patience }).toMatch(/\(200\)/);
  expectSmooth(await workOf(page));

  await page.locator('.overview .list .name button').first().click();
  await page.locator('.statechart svg .glow').first().waitFor();
  expectSmooth(await workOf(page));
  expect(errors).toEqual([]);
}, 240_000);

interface Work {
  /** Of all tasks of the page, the longest, ms of its processor. */
  worst: number;
  /** How much of one processor it takes. */
  share: number;
}

function expectSmooth({ worst, share }: Work): void {
  console.info(
    `the longest task takes ${worst.toFixed(1)} ms, all of them ${(100 * share).toFixed(0)} % of a processor`,
  );
  expect(worst).toBeLessThan(50);
  expect(share).toBeLessThan(0.5);
}

interface Traced {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  /** µs. */
  ts: number;
  /** µs of the thread's processor time. */
  tdur?: number;
  args: { name?: string };
}

/** What the page's main thread does in ten seconds, once it has settled. */
async function workOf(page: Page): Promise<Work> {
  await page.waitForTimeout(5_000);
  const browser = page.context().browser()!;
  await browser.startTracing(page, { categories: ['disabled-by-default-devtools.timeline', 'devtools.timeline'] });
  await page.waitForTimeout(10_000);
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: Traced[] };
  const mains = traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const works = mains.map(({ pid, tid }) => {
    const tasks = traceEvents.filter(
      (each) => each.pid === pid && each.tid === tid && each.name === 'RunTask' && each.tdur !== undefined,
    );
    const times = tasks.map(({ tdur = 0 }) => tdur / 1_000);
    const spent = times.reduce((sum, time) => sum + time, 0);
    return { worst: Math.max(0, ...times), share: spent / 10_000, tasks: times.length };
  });
  // Of the renderers, the one that is at work.
  return works.toSorted((a, b) => b.tasks - a.tasks)[0]!;
}
