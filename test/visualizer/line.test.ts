/**
 * The page's own line, in a real Chromium: what it shows is now, or it says since when it is not; and what happened meanwhile is there afterwards, once.
 */
import { createServer } from 'node:http';
import { join } from 'node:path';

import type { Page } from 'playwright';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { createActor, createMachine } from 'xstate';

import { PageServer, readFiles } from '../../bin/page.ts';
import { serveInspection } from '../../visualizer/bridge/inspect.node.ts';
import { Child } from '../helpers/children/start.ts';
import { listen, speakIdHeartbeat, textOf } from '../helpers/support.ts';
import { faultProxy } from '../kit/fault-proxy.ts';
import {
  app,
  built,
  demo,
  inspected,
  openTab,
  patience,
  rowsIn,
  stateIn,
  useBrowser,
  visualize,
  word,
} from './stage.ts';

useBrowser();

const heard = (page: Page) => page.locator('.heard').innerText({ timeout: patience });
async function becomes(page: Page, text: RegExp): Promise<void> {
  await expect.poll(() => heard(page), { timeout: patience }).toMatch(text);
}

/** While "last heard … ago" grows, nothing else does. */
async function standsStill(page: Page): Promise<void> {
  const look = () =>
    page.evaluate(() => ({
      ago: document.querySelector('.heard .note')?.textContent ?? '',
      since: document.querySelector('.since')?.textContent,
      time: document.querySelector('.timeline time')?.textContent,
      countdowns: [...document.querySelectorAll('.countdown')].map((each) => each.textContent),
    }));
  const first = await look();
  expect(first.ago).toMatch(/^last heard \d+\.\d s ago$/);
  await expect.poll(async () => (await look()).ago, { timeout: patience }).not.toBe(first.ago);
  expect(await look()).toEqual({ ...first, ago: expect.any(String) as string });
}

/** Each event and each change of it is an entry; its beginning are two. */
const counter = createMachine({
  id: 'counter',
  initial: 'even',
  states: { even: { on: { TICK: 'odd' } }, odd: { on: { TICK: 'even' } } },
});

test('the source is killed: the page says so, its clock stops; it is back: what there is of it is told, once', async () => {
  const first = new Child('inspected.mjs', [0]);
  onTestFinished(() => first.end());
  const { port } = (await first.until('listening')) as { port?: number };
  const { page, context, errors } = await openTab(await visualize([`ws://127.0.0.1:${port}/`]));
  await becomes(page, /^live$/);
  await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));
  first.process.kill('SIGKILL');
  await becomes(page, /^source lost/);
  expect(await page.locator('main').getAttribute('class')).toBe('asof');
  await standsStill(page);

  const second = new Child('inspected.mjs', [port]);
  onTestFinished(() => second.end());
  await second.until('listening');
  await becomes(page, /^live$/);
  expect(await page.locator('main').getAttribute('class')).toBe('');
  await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));
  await expect.poll(async () => (await rowsIn(page))[0], { timeout: patience }).toMatch(/socket\.opened/);
  expect(await page.locator('.machines option').allInnerTexts(), 'the one that was is not forgotten').toEqual([
    expect.stringContaining('(lost)'),
    expect.not.stringContaining('lost'),
  ]);
  // Who comes only now is told the same.
  const other = await context.newPage();
  await other.goto(page.url());
  await expect.poll(async () => (await rowsIn(other))[0], { timeout: patience }).toBe((await rowsIn(page))[0]);
  expect(errors).toEqual([]);
});

test('the network goes silent, and nothing fires: the page says so; afterwards nothing is missing, and nothing is there twice', async () => {
  const { inspection, source } = await inspected();
  const proxy = await faultProxy(Number(new URL(source).port));
  onTestFinished(() => proxy.close());
  const actor = createActor(counter, { inspect: inspection.inspect }).start();
  onTestFinished(() => void actor.stop());
  const tick = (times: number) => {
    for (let i = 0; i < times; i += 1) actor.send({ type: 'TICK' });
  };
  const { page, errors } = await openTab(await visualize([`ws://127.0.0.1:${proxy.port}/`]));
  await becomes(page, /^live$/);
  tick(3);
  await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toBe('odd');
  proxy.silence();
  tick(4);
  await becomes(page, /^source silent/);
  await becomes(page, /^source lost/);
  await standsStill(page);
  tick(5);
  proxy.heal();
  await becomes(page, /^live$/);
  tick(1);
  await expect.poll(() => entriesIn(page), { timeout: patience }).toBe(2 + 2 * 13);
  // And once more, with nothing to tell.
  proxy.reset();
  await becomes(page, /^live$/);
  tick(1);
  await expect.poll(() => entriesIn(page), { timeout: patience }).toBe(2 + 2 * 14);
  expect(errors).toEqual([]);
});

/** As Save would write them. */
async function entriesIn(page: Page): Promise<number> {
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save' }).click();
  const stream = await (await downloading).createReadStream();
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  const entries = text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line) as { seq: number });
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, i) => i));
  return entries.length;
}

test('the app that opened the page is closed: the page says so, and its clock stops', async () => {
  const { url } = await listen((socket) => speakIdHeartbeat(socket, 'me'));
  const { page: opener, context, errors } = await openTab(await app(await visualize(), url));
  const popup = context.waitForEvent('page');
  await opener.getByRole('button', { name: 'inspect' }).click();
  const page = await popup;
  await becomes(page, /^live$/);
  await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));
  // It is somewhere else, and then here again.
  const address = opener.url();
  await opener.goto('about:blank');
  await becomes(page, /^source lost/);
  await standsStill(page);
  await opener.goto(address);
  await opener.getByRole('button', { name: 'inspect' }).click();
  await expect.poll(() => heard(page).catch(() => ''), { timeout: patience }).toMatch(/^live$/);
  await opener.close();
  await becomes(page, /^source lost/);
  await standsStill(page);
  expect(errors).toEqual([]);
});

test('an app that is stopped for a while loses nothing', async () => {
  const { url } = await listen((socket) => speakIdHeartbeat(socket, 'me'));
  const { page, errors } = await openTab(`${await app(await visualize(), url)}?frame`);
  await page.getByRole('button', { name: 'inspect' }).click();
  await expect.poll(() => page.frame({ url: /origin=/ }) !== null, { timeout: patience }).toBe(true);
  const frame = page.frame({ url: /origin=/ })!;
  const state = frame.locator('.heard');
  await expect.poll(() => state.innerText(), { timeout: patience }).toBe('live');
  // Another process draws the frame, and sees that this one does not answer.
  await page.evaluate(() => {
    const until = performance.now() + 8_000;
    while (performance.now() < until);
    (window as unknown as { reconnect(): void }).reconnect();
  });
  await expect.poll(() => state.innerText(), { timeout: patience }).toBe('live');
  await frame.getByLabel('Filter the log').fill('user.reconnected');
  await expect.poll(() => frame.locator('.rows .row').count(), { timeout: patience }).toBe(1);
  expect(errors).toEqual([]);
});

test('the demo is over: what is shown is closed, and not live', async () => {
  const { address, faults, end } = await demo();
  const { page, errors } = await openTab(address);
  await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));
  faults.quit();
  await faults.ended;
  await end();
  await becomes(page, /^ended/);
  await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('closed'));
  expect(errors).toEqual([]);
});

test('an inspector of another kind has no heart, and is not missed for that', async () => {
  const stranger = new Child('stranger.mjs');
  onTestFinished(() => stranger.end());
  const { port } = (await stranger.until('listening')) as { port?: number };
  const { page } = await openTab(await visualize([`ws://127.0.0.1:${port}/`]));
  await becomes(page, /^live$/);
  stranger.process.kill('SIGKILL');
  await expect.poll(() => heard(page), { timeout: patience }).toMatch(/^source lost/);
});

test('in a frame it shows, and does not tell', async () => {
  const { inspection, source } = await inspected();
  const actor = createActor(counter, { inspect: inspection.inspect }).start();
  onTestFinished(() => void actor.stop());
  const address = await visualize([source]);
  const { page } = await openTab(address);
  await becomes(page, /^live$/);
  expect(await page.locator('.teller').count()).toBe(1);
  await page.goto(await app(address, source));
  await page.locator('iframe').evaluate((frame: HTMLIFrameElement, src) => (frame.src = src), address);
  const frame = page.frameLocator('iframe');
  await expect.poll(() => frame.locator('.heard').innerText(), { timeout: patience }).toBe('live');
  expect(await frame.locator('.teller').count()).toBe(0);
});

test('nobody frames the demo', async () => {
  const { address } = await demo();
  const { headers } = await fetch(address);
  expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  const { page } = await openTab(await app(address, 'ws://127.0.0.1:1'));
  await page.locator('iframe').evaluate((frame: HTMLIFrameElement, src) => (frame.src = src), address);
  await expect.poll(() => page.frames().at(-1)?.url(), { timeout: patience }).toMatch(/^chrome-error:/);
});

test('a source that stops telling says goodbye, with all that there was to tell', async () => {
  const inspection = serveInspection();
  const http = createServer();
  http.on('upgrade', (...upgraded) => inspection.upgrade(...upgraded));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void http.close());
  const { port } = http.address() as { port: number };
  const actor = createActor(counter, { inspect: inspection.inspect }).start();
  const told: string[] = [];
  const page = new WebSocket(`ws://127.0.0.1:${port}/`, ['xstate.inspect', 'systole.inspect']);
  page.on('message', (data) => told.push(textOf(data)));
  await new Promise((resolve) => page.on('open', resolve));
  expect(page.protocol).toBe('systole.inspect');
  page.send('{"type":"xstate.inspecting"}');
  await expect.poll(() => told.length, { timeout: patience }).toBeGreaterThan(0);
  page.send('{"type":"systole.heartbeat"}');
  await expect.poll(() => told.at(-1), { timeout: patience }).toBe('{"type":"systole.heartbeat"}');
  const closed = new Promise<number>((resolve) => page.on('close', resolve));
  actor.stop();
  inspection.stop();
  expect(await closed).toBe(1001);
  expect(told.at(-1)).toContain('service.stop');
});

test('a machine that is nested without end is passed over, and the next one is shown', async () => {
  const { url } = await listen((socket) => {
    let deep = '{"id":"deep","initial":"s"}';
    for (let i = 0; i < 5_000; i += 1) deep = `{"id":"deep","initial":"s","states":{"s":${deep}}}`;
    const register = (sessionId: string, machine: string) => {
      const state = JSON.stringify({ value: 'even', context: {}, _event: { name: 'xstate.init', data: {} } });
      socket.send(JSON.stringify({ type: 'service.register', machine, state, id: sessionId, sessionId }));
    };
    socket.on('message', () => {
      register('deep', deep);
      register('counter', JSON.stringify({ id: 'counter', initial: 'even', states: { even: {}, odd: {} } }));
    });
  });
  const { page, errors } = await openTab(await visualize([`${url}/`]));
  await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toBe('even');
  expect(errors).toEqual([]);
});

test('the server of the page is gone before a chart can be laid out: the page says so', async () => {
  const { inspection, source } = await inspected();
  const files = readFiles(join(process.cwd(), built))!;
  const configFor = () => ({ sources: [source], control: null });
  const server = await PageServer.open({ port: 0, files, frameable: true, configFor });
  onTestFinished(() => server.close());
  const { page, errors } = await openTab(server.address);
  await page.getByText('No machine yet').waitFor();
  await server.close();
  const actor = createActor(counter, { inspect: inspection.inspect }).start();
  onTestFinished(() => void actor.stop());
  await page.getByText('the server of this page is gone').waitFor();
  await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toBe('even');
  expect(errors).toEqual([]);
});
