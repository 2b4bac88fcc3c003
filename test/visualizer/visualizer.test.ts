/**
 * The visualizer in a real Chromium: the demo's machine, an app in a page of another origin, a Node process, strangers' machines, recordings.
 */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { type Page } from 'playwright';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createActor, createMachine } from 'xstate';

import { connect } from '../../adapters/connect.ts';
import { readFiles } from '../../bin/page.ts';
import { recordingOf } from '../always/expect-lives.ts';
import { Child } from '../helpers/children/start.ts';
import { listen, speakIdHeartbeat, until } from '../helpers/support.ts';
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

describe('the demo', () => {
  test('pull the cable: alive, stale, reconnecting, with countdowns; plug it: alive; chart, trace and log tell the same', async () => {
    const { address } = await demo();
    const { page, errors, requests } = await openTab(address);
    const state = stateIn(page);
    await expect.poll(() => state.textContent(), { timeout: patience }).toMatch(word('alive'));
    const chart = page.locator('.statechart > svg');
    const seen: string[] = [];
    await page.exposeFunction('seen', (text: string) => seen.push(text));
    await page.evaluate(() => {
      const look = () => {
        const now = document.querySelector('.state .now strong')?.textContent ?? '';
        const countdowns = [...document.querySelectorAll('.statechart .countdown')].map((each) => each.textContent);
        (window as unknown as { seen(text: string): void }).seen(`${now} | ${countdowns.join(' ')}`);
      };
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await page.getByRole('button', { name: 'Pull the cable' }).click();
    for (const next of ['stale', 'connecting|reconnecting']) {
      await expect
        .poll(() => seen.some((each) => new RegExp(`^(?:${next})`).test(each)), { timeout: patience })
        .toBe(true);
    }
    await expect.poll(() => chart.getAttribute('aria-label'), { timeout: patience }).toMatch(/connecting/);
    const trace = page.locator('.trace');
    await expect.poll(() => trace.getAttribute('aria-label'), { timeout: patience }).toMatch(/Losses: .*silent/);
    await page.getByRole('button', { name: 'Plug the cable' }).click();
    await expect.poll(() => state.textContent(), { timeout: patience }).toMatch(word('alive'));
    await expect.poll(() => chart.getAttribute('aria-label'), { timeout: patience }).toMatch(/now in .*alive/);

    await page.getByLabel('transitions').check();
    const log = async () => (await rowsIn(page)).join(' ').replaceAll(/\s+/g, ' ');
    await expect
      .poll(log, { timeout: patience })
      .toMatch(/alive → stale.*stale → reconnecting.*reconnecting → connecting.*→ alive/);
    const waits = seen.filter((each) => /^stale|^alive|^connecting/.test(each) && /\d(?:\.\d)? ?s/.test(each));
    expect(waits.length, 'delays that count down').toBeGreaterThan(3);
    expect(errors).toEqual([]);
    expect(requests.length).toBeGreaterThan(5);
    expect(requests.filter((url) => !/^(?:(?:http|ws):\/\/127\.0\.0\.1:|data:)/.test(url))).toEqual([]);
    expect(
      requests.some((url) => url.includes('elk')),
      'the layout engine was not needed',
    ).toBe(false);
  });

  test('every other button does what it says', async () => {
    const { address, faults } = await demo({ interval: 400, timeout: 800 });
    const { page, errors } = await openTab(address);
    const button = (name: string) => page.getByRole('button', { name, exact: true });
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));

    await button('Mute beats').click();
    await expect.poll(() => faults.status.heartbeats, { timeout: patience }).toBe('muted');
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('stale'));
    await button('Answer beats').click();
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));

    await page.getByText('more', { exact: true }).click();
    await button('Refuse dials').click();
    await expect.poll(() => faults.status.dials, { timeout: patience }).toBe('refused');
    await button('Restart').click();
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(/^(?:re)?connecting/);
    await button('Accept dials').click();
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));

    await button('Kill node A').click();
    await expect.poll(() => faults.status.killed, { timeout: patience }).toBe('A');
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(/^(?:re)?connecting/);
    await button('Revive node A').click();
    await button('Kill node B').waitFor();
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));

    await button('Flood').click();
    const received = page.locator('.figures div', { hasText: 'received' }).locator('b');
    await expect.poll(() => received.textContent(), { timeout: patience }).toMatch(/1,0\d\d/);
    await page.getByLabel('delay').selectOption('200');
    await expect.poll(() => faults.status.delay, { timeout: patience }).toBe(200);
    const trip = page.locator('.figures div', { hasText: 'round trip' }).locator('b');
    await expect
      .poll(async () => Number.parseFloat((await trip.textContent()) ?? ''), { timeout: patience })
      .toBeGreaterThan(390);
    await page.getByLabel('delay').selectOption('0');
    await button('Forget the id').click();
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));

    await button('Close').click();
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('closed'));
    await button('Dial anew').click();
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));
    await page.getByLabel('Event', { exact: true }).fill('user.reconnected');
    await button('Tell').click();
    await page.getByLabel('transitions').check();
    await expect.poll(async () => (await rowsIn(page)).join(' '), { timeout: patience }).toMatch(/user\.reconnected/);
    expect(errors).toEqual([]);
  });

  test('looking back: an entry shows chart and context as they were; and back to live', async () => {
    const { address } = await demo();
    const { page } = await openTab(address);
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));
    // By itself, since rows that are added move the others.
    const filter = page.getByLabel('Filter the log');
    await filter.fill('socket.opened');
    await page.locator('.rows .row', { hasText: 'socket.opened' }).click();
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('awaiting-id'));
    await filter.fill('');
    await page.locator('.rows').press('ArrowUp');
    await expect.poll(() => page.locator('.rows .row.selected').count(), { timeout: patience }).toBe(1);
    const chart = page.locator('.statechart > svg');
    await expect.poll(() => chart.getAttribute('aria-label'), { timeout: patience }).toMatch(/connecting|awaiting-id/);
    await page.locator('.detail summary').click();
    expect(await page.locator('.detail pre').innerText()).toContain('"heartbeat"');
    await page.getByRole('button', { name: 'return to live' }).click();
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));
  });

  test('a stretch of life is saved, loaded, and played', async () => {
    const { address } = await demo();
    const { page, errors } = await openTab(address);
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save' }).click();
    const path = join(tmpdir(), `systole-${process.pid}.jsonl`);
    await (await downloading).saveAs(path);
    const lines = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type?: string });
    expect(lines[0]).toEqual({ systole: 'recording', version: 1 });
    expect(lines[1]?.type).toBe('registered');

    const { page: other, errors: otherErrors } = await openTab(await visualize());
    await other.locator('input[type=file]').setInputFiles(path);
    await expect.poll(() => stateIn(other).textContent(), { timeout: patience }).toMatch(word('connecting'));
    await other.getByRole('button', { name: 'Play from here' }).click();
    await expect.poll(() => stateIn(other).textContent(), { timeout: patience }).toMatch(word('alive'));
    await other
      .locator('input[type=file]')
      .setInputFiles({ name: 'x.jsonl', mimeType: '', buffer: Buffer.from('{}\n') });
    await expect
      .poll(() => other.getByRole('alert').textContent(), { timeout: patience })
      .toContain('x.jsonl is no recording');
    expect([...errors, ...otherErrors]).toEqual([]);
  });

  test('a life of the virtual world is loaded, and played by its own clock', async () => {
    const recording = await recordingOf({
      seed: 7,
      like: 'browser',
      clients: ['connection'],
      retries: Infinity,
      overflow: 'reject',
      whileHidden: 'dial',
      story: [
        { do: 'wait', ms: 130_000 },
        { do: 'silence', direction: 'to-client' },
        { do: 'wait', ms: 120_000 },
      ],
    });
    const { page, errors } = await openTab(await visualize());
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'life.jsonl', mimeType: '', buffer: Buffer.from(recording) });
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('connecting'));
    await page.getByLabel('Filter the log').fill('staleTimeout');
    await page.locator('.rows .row', { hasText: 'staleTimeout' }).click();
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('stale'));
    if (process.env.SHOT) await page.screenshot({ path: process.env.SHOT });
    expect(errors).toEqual([]);
  });

  test('the page is reloaded: history is back', async () => {
    const { address } = await demo();
    const { page } = await openTab(address);
    await expect.poll(() => rowsIn(page), { timeout: patience }).not.toEqual([]);
    const first = (await rowsIn(page))[0];
    await page.reload();
    await expect.poll(async () => (await rowsIn(page))[0], { timeout: patience }).toBe(first);
  });

  test('a phone', async () => {
    const { address } = await demo();
    const { page, errors } = await openTab(address, { width: 390, height: 844 });
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide).toBeLessThanOrEqual(390);
    expect(errors).toEqual([]);
  });
});

describe('an app in a page of its own origin', () => {
  const secret = 's3cret-token';

  test('in a window of its own; reloaded in between; nothing secret in it, and nobody else is heard', async () => {
    const { url, server } = await listen((socket) => speakIdHeartbeat(socket, 'session-12345678'));
    const visualizer = await visualize();
    const address = await app(visualizer, `${url}?token=${secret}`);
    const { page, context, errors } = await openTab(address);
    const popup = context.waitForEvent('page');
    await page.getByRole('button', { name: 'inspect' }).click();
    const shown = await popup;
    shown.setDefaultTimeout(patience);
    await expect.poll(() => stateIn(shown).textContent(), { timeout: patience }).toMatch(word('alive'));
    expect(await shown.locator('.state').innerText()).toContain('…5678');
    for (const client of server.clients) client.close(1012);
    await expect.poll(async () => (await rowsIn(shown)).join(' '), { timeout: patience }).toMatch(/socket\.lost/);
    await expect.poll(() => stateIn(shown).textContent(), { timeout: patience }).toMatch(word('alive'));
    const before = (await rowsIn(shown))[0];
    await shown.reload();
    await expect.poll(async () => (await rowsIn(shown))[0], { timeout: patience }).toBe(before);

    // A window that is not the one that opened it, and one that is not the one that was opened.
    await shown.evaluate(() =>
      window.postMessage({ type: 'service.register', sessionId: 'x', machine: '{}', state: '{}' }, '*'),
    );
    await page.evaluate(() =>
      window.postMessage({ type: 'xstate.event', event: '{"type":"user.closed"}', service: 'x:0' }, '*'),
    );
    await page.locator('iframe').evaluate((frame: HTMLIFrameElement) => {
      const { contentDocument } = frame;
      const script = contentDocument!.createElement('script');
      script.textContent = `parent.postMessage({ type: 'xstate.inspecting' }, '*')`;
      contentDocument!.body.append(script);
    });
    await page.evaluate(() => (window as unknown as { reconnect(): void }).reconnect());
    await expect.poll(async () => (await rowsIn(shown)).join(' '), { timeout: patience }).toMatch(/user\.reconnected/);
    expect(await shown.locator('.machines option').count()).toBe(1);
    expect(await shown.content()).not.toContain(secret);
    expect(await shown.evaluate(() => JSON.stringify(window.name))).not.toContain(secret);
    expect(errors).toEqual([]);
  });

  test('in a frame: an event is sent back to the machine', async () => {
    const { url } = await listen((socket) => speakIdHeartbeat(socket, 'me'));
    const address = await app(await visualize(), url);
    const { page } = await openTab(`${address}?frame`);
    await page.getByRole('button', { name: 'inspect' }).click();
    const frame = page.frameLocator('iframe');
    const state = frame.locator('.state .now strong');
    await expect.poll(() => state.textContent({ timeout: patience }), { timeout: patience }).toMatch(word('alive'));
    await frame.getByLabel('Event', { exact: true }).fill('user.closed');
    await frame.getByRole('button', { name: 'Tell' }).click();
    await expect.poll(() => state.textContent(), { timeout: patience }).toMatch(word('closed'));
  });
});

describe('a Node process', () => {
  test('told of late, and again after a reload; what it says is text', async () => {
    const { inspection, source } = await inspected();
    const { url } = await listen((socket) => speakIdHeartbeat(socket, '<img src=x onerror=alert(1)>'));
    const connection = connect(url, { inspect: inspection.inspect });
    onTestFinished(() => connection[Symbol.asyncDispose]());
    await until(connection, 'open');
    const { page, errors } = await openTab(await visualize([source]));
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));
    expect(await page.locator('img').count()).toBe(0);
    await page.reload();
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));
    expect(errors).toEqual([]);
  });

  test('10,000 events: no frame over 100 ms once they are in, and the oldest give way', async () => {
    const { inspection, source } = await inspected();
    const { url } = await listen((socket) => speakIdHeartbeat(socket, 'me'));
    const connection = connect(url, { inspect: inspection.inspect });
    onTestFinished(() => connection[Symbol.asyncDispose]());
    await until(connection, 'open');
    const { page, errors } = await openTab(await visualize([source]));
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));
    for (let batch = 0; batch < 100; batch += 1) {
      for (let i = 0; i < 100; i += 1) connection.actor.send({ type: 'peer.beat', receivedAt: batch * 100 + i });
      await new Promise((resolve) => setImmediate(resolve));
    }
    connection.actor.send({ type: 'peer.spoke' });
    const heartbeats = async () => {
      const counts = (await rowsIn(page)).join(' ').matchAll(/(?<![\d,.])(\d{1,3}(?:,\d{3})*) heartbeats/g);
      return [...counts].reduce((sum, [, count = '']) => sum + Number(count.replaceAll(',', '')), 0);
    };
    await expect.poll(heartbeats, { timeout: patience }).toBeGreaterThan(4_000);
    expect(await heartbeats(), 'bounded').toBeLessThanOrEqual(10_000);
    // Rows move as long as they come: pressed without a pointer that would wait for them to stand still.
    const unfold = async () => {
      await page
        .getByRole('button', { name: /^Unfold: / })
        .evaluateAll((buttons) => buttons.forEach((button) => (button as HTMLButtonElement).click()));
      return await page.locator('.rows').evaluate((rows) => rows.scrollHeight);
    };
    await expect.poll(unfold, { timeout: patience }).toBeGreaterThan(4_000 * 20);
    expect(await page.locator('.rows .row').count(), 'only those in sight are drawn').toBeLessThan(80);
    // Frames as the page draws them, while the clock runs and the log is scrolled; in the best of a few rounds, for the machine has neighbours.
    let slowest = Infinity;
    for (let round = 0; round < 5 && slowest >= 100; round += 1) slowest = Math.min(slowest, await slowestFrame(page));
    console.info(`slowest frame with 10,000 events: ${slowest.toFixed(0)} ms`);
    expect(slowest).toBeLessThan(100);
    expect(errors).toEqual([]);
  });
});

describe("other people's machines", () => {
  test('of XState 4, in a process that knows nothing of us', async () => {
    const stranger = new Child('stranger.mjs');
    onTestFinished(() => stranger.end());
    const { port } = (await stranger.until('listening')) as { port?: number };
    const { page, errors, requests } = await openTab(await visualize([`ws://127.0.0.1:${port}/`]));
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toBe('light · red | voice · silent');
    stranger.tell('press');
    await expect
      .poll(() => stateIn(page).textContent(), { timeout: patience })
      .toBe('light · green | voice · speaking');
    const chart = page.locator('.statechart > svg');
    await expect.poll(() => chart.innerHTML(), { timeout: patience }).toContain('mayWalk');
    expect(
      requests.some((url) => url.includes('elk')),
      'laid out here',
    ).toBe(true);
    await page.getByLabel('Event', { exact: true }).fill('STOP');
    await page.getByRole('button', { name: 'Tell' }).click();
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toBe('light · red | voice · speaking');
    expect(errors).toEqual([]);
  });

  test('of XState 5, through our bridge', async () => {
    const { inspection, source } = await inspected();
    const machine = createMachine({
      id: 'kettle',
      initial: 'cold',
      states: {
        cold: { on: { HEAT: 'hot' } },
        hot: {
          initial: 'boiling',
          after: { 90_000: 'cold' },
          states: { boiling: { on: { LIFT: 'poured' } }, poured: {} },
        },
      },
    });
    const actor = createActor(machine, { inspect: inspection.inspect }).start();
    onTestFinished(() => void actor.stop());
    actor.send({ type: 'HEAT' });
    const { page, errors } = await openTab(await visualize([source]));
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toBe('hot · boiling');
    const chart = page.locator('.statechart');
    await expect.poll(() => chart.innerText(), { timeout: patience }).toMatch(/8\d(?:\.\d)? s|1\.\d min/);
    await page.getByLabel('Event', { exact: true }).fill('{"type":"LIFT","by":"hand"}');
    await page.getByRole('button', { name: 'Tell' }).click();
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toBe('hot · poured');
    expect(errors).toEqual([]);
  });
});

/** Of 60, ms. */
function slowestFrame(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    await nextFrame();
    let slowest = 0;
    let last = performance.now();
    for (let i = 0; i < 60; i += 1) {
      document.querySelector('.rows')!.scrollTop = i * 1_000;
      await nextFrame();
      slowest = Math.max(slowest, performance.now() - last);
      last = performance.now();
    }
    return slowest;
  });
}

test('the weight of the page, and that it is first drawn without the layout engine', async () => {
  const files = readFiles(join(process.cwd(), built))!;
  const kilobytes = (pattern: RegExp) =>
    [...files]
      .filter(([path]) => path !== '/' && pattern.test(path))
      .reduce((sum, [, { body }]) => sum + gzipSync(body).length, 0) / 1_000;
  const [all, engine] = [kilobytes(/./), kilobytes(/elk/)];
  console.info(
    `gzip: the page ${(all - engine).toFixed(0)} kB, the layout engine for others' charts ${engine.toFixed(0)} kB`,
  );
  expect(all - engine).toBeLessThan(150);
});
