/**
 * The overview of all machines, in a real Chromium: which are on top, that rows stay where they are pressed, how one is opened and left again.
 *
 * The machines are connections by their looks, so that a test can put each of them where it likes.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Page } from 'playwright';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type AnyActorRef, assign, createActor, createMachine } from 'xstate';

import { serveInspection } from '../../visualizer/bridge/inspect.node.ts';
import { openTab, patience, useBrowser, visualize } from './stage.ts';

useBrowser();

const states = ['connecting', 'awaiting-id', 'alive', 'stale', 'reconnecting', 'closing'] as const;
const lookalike = createMachine({
  id: 'connection',
  context: {} as { attempt?: number; cause?: string | undefined },
  initial: 'connecting',
  // Words of the chart may be shown.
  tags: ['silent', 'refused'],
  on: {
    ...Object.fromEntries(states.map((state) => [state, `.${state}`])),
    because: { actions: assign(({ event }) => ({ cause: event['cause'] as string, attempt: 3 })) },
    end: '.closed',
  },
  states: { ...Object.fromEntries(states.map((state) => [state, {}])), closed: { type: 'final' } },
});
const lamp = createMachine({ id: 'lamp', initial: 'off', states: { off: { on: { SWITCH: 'on' } }, on: {} } });

/** A process that is inspected. */
async function source() {
  const inspection = serveInspection();
  const http = createServer();
  http.on('upgrade', (request, socket, head) => inspection.upgrade(request, socket, head));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const actors: AnyActorRef[] = [];
  onTestFinished(() => {
    for (const each of actors) each.stop();
    inspection.stop();
    http.close();
  });
  const begin = (id: string, machine: typeof lookalike | typeof lamp) => {
    const actor = createActor(machine as typeof lamp, { id, inspect: inspection.inspect }).start();
    actors.push(actor);
    return actor as AnyActorRef;
  };
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    /** One that went through these, the last of which is where it is. */
    connection: (id: string, ...through: readonly ((typeof states)[number] | 'end')[]) => {
      const actor = begin(id, lookalike);
      for (const type of through) actor.send({ type });
      return actor;
    },
    lamp: (id: string) => begin(id, lamp),
  };
}

const names = (page: Page) => page.locator('.overview .list .name button').allInnerTexts();
const row = (page: Page, name: string) =>
  page.locator('.overview .list .machine', { has: page.getByRole('button', { name, exact: true }) });
const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent ?? '');

async function overviewOf(urls: string[], viewport?: { width: number; height: number }) {
  const tab = await openTab(await visualize(urls), viewport);
  await tab.page.locator('.overview .list .machine').first().waitFor();
  return tab;
}

/** Away from all rows. */
const away = (page: Page) => page.mouse.move(5, 5);

test('those in trouble are on top, the longest first; closed ones are last, and other machines below', async () => {
  const { url, connection, lamp: light } = await source();
  light('lamp');
  connection('fine', 'alive');
  connection('finished', 'alive', 'end');
  connection('fresh');
  connection('doubtful', 'alive', 'stale');
  connection('out', 'alive', 'reconnecting').send({ type: 'because', cause: 'silent' });
  const again = connection('again', 'alive', 'reconnecting');
  again.send({ type: 'because', cause: 'refused' });
  again.send({ type: 'connecting' });
  connection('later', 'alive', 'reconnecting');
  const { page, errors } = await overviewOf([url]);
  await expect
    .poll(() => names(page), { timeout: patience })
    .toEqual(['out', 'later', 'again', 'doubtful', 'fresh', 'fine', 'finished', 'lamp']);
  expect(await page.locator('.counts').innerText()).toMatch(/4 in trouble\s+1 dialling\s+1 alive\s+1 closed/);
  expect(await row(page, 'out').innerText()).toMatch(/reconnecting\s+\d+ s\s+silent, attempt 3/);
  expect(await row(page, 'again').innerText()).toMatch(/connecting\s+\d+ s\s+refused, attempt 3/);
  expect(await row(page, 'again').locator('.word').getAttribute('class')).toContain('tone-dead');
  expect(await row(page, 'fresh').locator('.word').getAttribute('class')).toContain('tone-dialling');
  expect(await page.locator('.overview .others').innerText()).toBe('Other machines (1)');
  expect(errors).toEqual([]);
});

test('rows stay under the pointer, and are put in order when it has left', async () => {
  const { url, connection } = await source();
  connection('first', 'alive');
  connection('second', 'alive');
  const last = connection('last', 'alive');
  const { page } = await overviewOf([url]);
  await away(page);
  await expect.poll(() => names(page), { timeout: patience }).toEqual(['first', 'second', 'last']);
  await row(page, 'second').hover();
  last.send({ type: 'reconnecting' });
  connection('new', 'alive', 'stale');
  await expect.poll(() => row(page, 'last').innerText(), { timeout: patience }).toMatch(/reconnecting\s+[3-9] s/);
  expect(await names(page)).toEqual(['first', 'second', 'last', 'new']);
  await away(page);
  await expect.poll(() => names(page), { timeout: patience }).toEqual(['last', 'new', 'first', 'second']);
});

test('the keyboard goes from row to row, opens one, and comes back to it', async () => {
  const { url, connection } = await source();
  for (const id of ['first', 'second', 'third']) connection(id, 'alive');
  const { page } = await overviewOf([url]);
  await away(page);
  await expect.poll(() => names(page), { timeout: patience }).toEqual(['first', 'second', 'third']);
  await page.getByRole('searchbox').focus();
  await page.keyboard.press('Tab');
  expect(await focused(page)).toBe('first');
  await page.keyboard.press('ArrowDown');
  expect(await focused(page)).toBe('second');
  await page.keyboard.press('End');
  expect(await focused(page)).toBe('third');
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.locator('.statechart').waitFor();
  expect(await page.locator('.machines select').locator('option:checked').innerText()).toBe('second');
  await page.keyboard.press('Escape');
  await page.locator('.overview').waitFor();
  await expect.poll(() => focused(page), { timeout: patience }).toBe('second');
  expect(await page.locator('.machines select').count()).toBe(0);
});

test('only the rows that are seen are drawn, and the keyboard reaches all', async () => {
  const { url, connection } = await source();
  for (let i = 1; i <= 300; i += 1) connection(`c ${'abcdefghij'[i % 10]}`.replace(' ', ''), 'alive');
  const { page } = await overviewOf([url]);
  await away(page);
  await expect.poll(() => page.locator('.overview h2').innerText(), { timeout: patience }).toMatch(/\(300\)/);
  expect(await page.locator('.overview .list .machine').count()).toBeLessThan(60);
  expect(await page.getByRole('table').getAttribute('aria-rowcount')).toBe('301');
  await page.getByRole('searchbox').focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('End');
  const there = page.locator('.overview .list .machine:focus-within');
  await expect.poll(() => there.getAttribute('aria-rowindex'), { timeout: patience }).toBe('301');
  // It stays, scrolled out of sight, so that the keyboard is not lost.
  await page.locator('.overview .list').evaluate((list) => (list.scrollTop = 0));
  await page.locator('.overview .list .machine[aria-rowindex="2"]').waitFor();
  expect(await there.getAttribute('aria-rowindex')).toBe('301');
});

test('it shows those that are sought by name, state and cause, and says where there are none', async () => {
  const { url, connection, lamp: light } = await source();
  connection('orders', 'alive');
  connection('chat', 'alive', 'stale');
  connection('prices', 'alive', 'reconnecting').send({ type: 'because', cause: 'silent' });
  light('hall');
  const { page } = await overviewOf([url]);
  const search = page.getByRole('searchbox');
  const shows = async (sought: string, found: string[]) => {
    await search.fill(sought);
    await expect.poll(() => names(page), { timeout: patience }).toEqual(found);
  };
  await shows('Chat', ['chat']);
  await shows('stale', ['chat']);
  await shows('silent', ['prices']);
  await shows('trouble', ['prices', 'chat']);
  await shows('hall', ['hall']);
  await shows('nowhere', []);
  expect(await page.locator('.overview .none').innerText()).toBe('None of 4 has “nowhere” in it.');
  await shows('', ['prices', 'chat', 'orders', 'hall']);
});

describe('what is seen first', () => {
  test('of one connection, that one; and more that come later do not take it away', async () => {
    const { url, connection } = await source();
    connection('only', 'alive');
    const { page } = await openTab(await visualize([url]));
    await page.locator('.statechart').waitFor();
    // Behind the first moments.
    await expect.poll(() => page.evaluate(() => performance.now()), { timeout: patience }).toBeGreaterThan(4_000);
    connection('another', 'alive');
    await page.getByRole('button', { name: 'All connections (2)' }).waitFor();
    expect(await page.locator('.overview').count()).toBe(0);
    await page.getByRole('button', { name: 'All connections (2)' }).click();
    await page.locator('.overview').waitFor();
  });

  test('of those that are over and one that lives, that one', async () => {
    const { url, connection } = await source();
    for (const id of ['old', 'older']) connection(id, 'alive', 'end');
    connection('only', 'alive');
    const { page } = await openTab(await visualize([url]));
    await page.locator('.statechart').waitFor();
    await expect.poll(() => page.evaluate(() => performance.now()), { timeout: patience }).toBeGreaterThan(4_000);
    expect(await page.locator('.overview').count()).toBe(0);
  });

  test('of several, what the reader has touched', async () => {
    const { url, connection } = await source();
    const address = await visualize([url]);
    const { page } = await openTab(address);
    await page.getByText('No machine yet').click();
    for (const id of ['first', 'second']) connection(id, 'alive');
    await page.locator('.statechart').waitFor();
    await expect.poll(() => page.evaluate(() => performance.now()), { timeout: patience }).toBeGreaterThan(4_000);
    expect(await page.locator('.overview').count()).toBe(0);
  });
});

test('sources are named where there are several, and what looks alike is told apart', async () => {
  const [one, other] = [await source(), await source()];
  one.connection('orders', 'alive');
  other.connection('orders', 'alive');
  other.connection('chat', 'alive', 'end');
  const { page } = await overviewOf([one.url, other.url]);
  await expect.poll(() => names(page), { timeout: patience }).toHaveLength(3);
  const sources = await page.locator('.overview .list .name small').allInnerTexts();
  expect(sources.toSorted()).toEqual([one.url, other.url, other.url].toSorted());
  await row(page, 'chat').click();
  await page.locator('.machines select').waitFor();
  expect(
    await page.locator('.machines optgroup').evaluateAll((all) => all.map((each) => each.getAttribute('label'))),
  ).toEqual([one.url, other.url]);
  expect(await page.locator('.machines option').allInnerTexts()).toEqual(['orders', 'orders', 'chat (ended)']);
});

test('of more than can be picked from a list there is the button', async () => {
  const { url, connection } = await source();
  for (let i = 0; i < 21; i += 1) connection('abcdefghijklmnopqrstu'[i]!, 'alive');
  const { page } = await overviewOf([url]);
  await expect.poll(() => page.locator('.overview h2').innerText(), { timeout: patience }).toMatch(/\(21\)/);
  await row(page, 'c').click();
  await page.locator('.statechart').waitFor();
  expect(await page.locator('.machines').count()).toBe(0);
  await page.getByRole('button', { name: 'All connections (21)' }).click();
  await page.locator('.overview').waitFor();
});

test('on a phone: nothing wider than it is, a tap opens one, the button leads back', async () => {
  const { url, connection } = await source();
  for (const id of ['first', 'second', 'third']) connection(id, 'alive');
  connection('fourth', 'alive', 'reconnecting').send({ type: 'because', cause: 'silent' });
  const { page } = await overviewOf([url], { width: 390, height: 844 });
  await expect.poll(() => names(page), { timeout: patience }).toHaveLength(4);
  const widths = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    Math.max(
      ...[...document.querySelectorAll('.overview .list .machine > *')].map(
        (each) => each.getBoundingClientRect().right,
      ),
    ),
  ]);
  for (const width of widths) expect(width).toBeLessThanOrEqual(390);
  const heights = await page
    .locator('.overview .list .machine')
    .evaluateAll((rows) => rows.map((each) => [each.scrollHeight, each.clientHeight] as const));
  for (const [needed, given] of heights) expect(needed).toBeLessThanOrEqual(given);
  await row(page, 'second').click();
  await page.locator('.statechart').waitFor();
  await page.getByRole('button', { name: 'All connections (4)' }).click();
  await page.locator('.overview').waitFor();
});
