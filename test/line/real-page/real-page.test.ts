/**
 * A connection in a real page, which is cut off, hidden, frozen, and put into the back/forward cache.
 */
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { WebSocket } from 'ws';

import { detectionBound } from '../../../machines/settings.ts';
import { listen, textOf } from '../../helpers/support.ts';
import { faultProxy } from '../../kit/fault-proxy.ts';
import type { AppTold } from './app.ts';
import { PageStage, type StagePage } from './stage.ts';

let stage: PageStage;
/** Without the feature by which Chromium hangs up for pages that are frozen or cached: as it was before, and as other browsers are. */
let older: PageStage;
const tabs: StagePage[] = [];

beforeAll(async () => {
  [stage, older] = await Promise.all([PageStage.open(), PageStage.open({ disable: ['DisconnectWebSocketOnBFCache'] })]);
});

afterEach(async () => {
  await Promise.all(tabs.splice(0).map((tab) => tab.close()));
});

afterAll(() => Promise.all([stage.close(), older.close()]));

async function pageOf(on = stage): Promise<StagePage> {
  const tab = await on.page();
  tabs.push(tab);
  return tab;
}

/** Answers `ping` with `pong`, and keeps when it was asked, by the path that was dialled. */
async function server() {
  const asked: Record<string, number[]> = {};
  const dials: { path: string; socket: WebSocket; code?: number }[] = [];
  const listening = await listen((socket, _, { url: path = '' }) => {
    const dial: (typeof dials)[number] = { path, socket };
    dials.push(dial);
    socket.on('close', (code) => (dial.code = code));
    socket.on('message', (data) => {
      if (textOf(data) !== 'ping') return;
      (asked[path] ??= []).push(performance.now());
      socket.send('pong');
    });
  });
  return {
    port: listening.port,
    url: listening.url.slice(0, -1),
    asked,
    dials,
    open: () => listening.server.clients.size,
    terminate: () => {
      for (const client of listening.server.clients) client.terminate();
    },
  };
}

type WatchOptions = Parameters<Window['systole']['watch']>[1];

/** Opens a connection in the page, under a name, and waits until it is alive. */
async function connect(tab: StagePage, url: string, options: WatchOptions = {}, name = 'it'): Promise<void> {
  await tab.page.evaluate(
    ([to, chosen, as]) => {
      window.systole.watched[as] = window.systole.watch(to, chosen);
    },
    [url, options, name] as const,
  );
  await states(tab, (all) => all.at(-1) === 'alive', name);
}

function told(tab: StagePage, name = 'it'): Promise<AppTold[]> {
  return tab.page.evaluate((as) => window.systole.watched[as]?.told ?? [], name);
}

/** Waits until the states are as they should be; answers with all that was told. Looks from outside: the page's own timers may be slow. */
async function states(tab: StagePage, are: (all: string[]) => boolean, name = 'it'): Promise<AppTold[]> {
  await expect
    .poll(async () => are((await told(tab, name)).flatMap(({ detail }) => detail.state ?? [])), {
      timeout: 30_000,
      interval: 20,
    })
    .toBe(true);
  return told(tab, name);
}

const causes = (all: AppTold[]) => all.filter(({ type }) => type === 'lost').map(({ detail }) => detail.cause);

describe('offline', () => {
  test('the socket stays open and silent: noticed within the bound; healed when it is online, long before its turn', async () => {
    const heartbeat = { interval: 400, timeout: 600 };
    const { url, open } = await server();
    const tab = await pageOf();
    await connect(tab, url, { heartbeat, backoff: { initial: 20_000, max: 20_000 } });
    await tab.offline();
    const from = Date.now();
    const all = await states(tab, ([...seen]) => seen.at(-1) === 'reconnecting');
    expect(open(), 'nobody closed the socket but us').toBeLessThanOrEqual(1);
    const lost = all.find(({ type }) => type === 'lost')!;
    expect(lost.detail.cause).toBe('silent');
    // The last sign of life came before we knew of the cut; a busy machine is given two seconds.
    expect(lost.at - from).toBeLessThanOrEqual(detectionBound(heartbeat) + 2_000);
    expect(lost.detail.nextDialIn, 'offline holds the dial').toBe(20_000);
    const back = Date.now();
    await tab.online();
    const restored = (await states(tab, (seen) => seen.at(-1) === 'alive')).findLast(
      ({ type }) => type === 'restored',
    )!;
    expect(restored.at - back).toBeLessThan((lost.at + 20_000 - back) / 4);
  });

  test('with lifecycle: false nobody waits for online', async () => {
    const { url } = await server();
    const tab = await pageOf();
    await connect(tab, url, {
      heartbeat: { interval: 200, timeout: 200 },
      backoff: { initial: 20_000, max: 20_000 },
      lifecycle: false,
    });
    await tab.offline();
    const all = await states(tab, (seen) => seen.at(-1) === 'reconnecting' && seen.length > 4);
    expect(all.find(({ type }) => type === 'lost')?.detail, 'it dials into the void').toMatchObject({
      cause: 'silent',
      nextDialIn: 0,
    });
    await tab.online();
    expect((await told(tab)).at(-1)?.detail.state).toBe('reconnecting');
  });
});

describe('hidden', () => {
  test("with the clock that ticks in a worker the heart keeps its beat; with the page's own it does not", async () => {
    const { url, asked } = await server();
    const tab = await pageOf();
    const heartbeat = { interval: 200, timeout: 60_000 };
    await connect(tab, `${url}/page`, { heartbeat }, 'page');
    await connect(tab, `${url}/worker`, { heartbeat, ticks: 'in a worker' }, 'worker');
    await tab.hide();
    const [page, worker] = [asked['/page']?.length ?? 0, asked['/worker']?.length ?? 0];
    await expect.poll(() => (asked['/page']?.length ?? 0) - page, { timeout: 30_000 }).toBeGreaterThanOrEqual(5);
    const [beats, workerBeats] = [(asked['/page']?.length ?? 0) - page, (asked['/worker']?.length ?? 0) - worker];
    console.info(`hidden, interval 200 ms: ${workerBeats} beats by the worker's clock, ${beats} by the page's`);
    expect(workerBeats).toBeGreaterThan(beats * 2.5);
  });

  test('it goes on dialling; with whileHidden: hold it waits to be seen', async () => {
    const { url, dials, terminate } = await server();
    const tab = await pageOf();
    const backoff = { initial: 50, max: 50, spread: 0 };
    await connect(tab, `${url}/dials`, { backoff }, 'dials');
    await connect(tab, `${url}/holds`, { backoff, lifecycle: { whileHidden: 'hold' } }, 'holds');
    await tab.hide();
    terminate();
    await states(tab, (seen) => seen.filter((each) => each === 'alive').length === 2, 'dials');
    const held = await told(tab, 'holds');
    expect(held.at(-1)?.detail.state).toBe('reconnecting');
    expect(held.find(({ type }) => type === 'lost')?.detail.nextDialIn).toBe(Infinity);
    expect(dials.map(({ path }) => path)).toEqual(['/dials', '/holds', '/dials']);
    await tab.show();
    await states(tab, (seen) => seen.at(-1) === 'alive', 'holds');
  });
});

describe('frozen', () => {
  const heartbeat = { interval: 300, timeout: 700 };

  test('longer than the bound, on a line that holds: it is asked, and kept', async () => {
    const { url, asked, dials } = await server();
    const tab = await pageOf(older);
    await connect(tab, `${url}/x`, { heartbeat });
    await tab.hide();
    await tab.freeze();
    await new Promise((resolve) => setTimeout(resolve, 2 * detectionBound(heartbeat)));
    const before = asked['/x']?.length ?? 0;
    await tab.resume();
    await expect.poll(() => asked['/x']?.length ?? 0, { timeout: 20_000 }).toBeGreaterThan(before);
    const all = await states(tab, (seen) => seen.at(-1) === 'alive');
    expect(causes(all), 'the line was never given up').toEqual([]);
    expect(dials).toHaveLength(1);
  });

  test('Chromium hangs up for it: dialled anew at once', async () => {
    const { url, dials } = await server();
    const tab = await pageOf();
    await connect(tab, url, { backoff: { initial: 20_000, spread: 20_000 } });
    await tab.hide();
    await tab.freeze();
    // A line on which something was heard just now is not doubted.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await tab.resume();
    const all = await states(tab, (seen) => seen.filter((each) => each === 'alive').length > 1);
    expect(all.find(({ type }) => type === 'lost')?.detail).toMatchObject({ cause: 'silent', nextDialIn: 0 });
    expect(dials.map(({ code }) => code)).toEqual([1001, undefined]);
  });

  test('the server leaves meanwhile: dialled anew, alive on a line that is proven', async () => {
    const { url, asked, terminate } = await server();
    const tab = await pageOf(older);
    await connect(tab, `${url}/x`, { heartbeat, backoff: { initial: 50, spread: 0 } });
    await tab.hide();
    await tab.freeze();
    terminate();
    await tab.resume();
    const all = await states(tab, (seen) => seen.filter((each) => each === 'alive').length > 1);
    expect(causes(all)).toEqual(['peer-closed']);
    const before = asked['/x']?.length ?? 0;
    await expect.poll(() => asked['/x']?.length ?? 0, { timeout: 20_000 }).toBeGreaterThan(before);
  });

  test('the cable is pulled meanwhile: noticed, and healed', async () => {
    const { port, asked } = await server();
    const proxy = await faultProxy(port);
    onTestFinished(() => proxy.close());
    const tab = await pageOf(older);
    await connect(tab, `ws://127.0.0.1:${proxy.port}/x`, {
      heartbeat,
      connectTimeout: 1_000,
      backoff: { initial: 50, spread: 0 },
    });
    await tab.hide();
    await tab.freeze();
    proxy.silence();
    await tab.resume();
    await states(tab, (seen) => seen.includes('reconnecting'));
    const before = asked['/x']?.length ?? 0;
    proxy.heal();
    const all = await states(tab, (seen) => seen.at(-1) === 'alive');
    expect(causes(all)).toEqual(['silent']);
    await expect.poll(() => asked['/x']?.length ?? 0, { timeout: 20_000 }).toBeGreaterThan(before);
  });
});

describe('the back/forward cache', () => {
  async function expectRoundTrip(on: PageStage): Promise<void> {
    const { url, dials, open } = await server();
    const tab = await pageOf(on);
    await connect(tab, url, { backoff: { initial: 20_000 } });
    await tab.leave();
    await expect.poll(open, { timeout: 20_000 }).toBe(0);
    expect(await tab.back()).toEqual({ persisted: true });
    const all = await states(tab, (seen) => seen.filter((each) => each === 'alive').length === 2);
    expect(causes(all)).toEqual(['suspended']);
    expect(all.flatMap(({ detail }) => detail.state ?? [])).toEqual([
      'awaiting-id',
      'alive',
      'reconnecting',
      'connecting',
      'awaiting-id',
      'alive',
    ]);
    expect(all.find(({ type }) => type === 'lost')?.detail.nextDialIn).toBe(Infinity);
    expect(
      dials.map(({ code }) => code),
      'we hung up ourselves',
    ).toEqual([1005, undefined]);
    expect(open()).toBe(1);
  }

  test('a page that comes back out of it dials again, at once', () => expectRoundTrip(stage));

  test('it lets a page in also where an open socket would keep it out', () => expectRoundTrip(older));

  test('again and again', async () => {
    const { url, dials } = await server();
    const tab = await pageOf();
    await connect(tab, url);
    for (let i = 1; i <= 3; i += 1) {
      await tab.leave();
      expect(await tab.back()).toEqual({ persisted: true });
      await states(tab, (seen) => seen.filter((each) => each === 'alive').length === i + 1);
    }
    expect(dials).toHaveLength(4);
  });

  test('a page that leaves while it dials', async () => {
    const { port, open } = await server();
    const proxy = await faultProxy(port);
    onTestFinished(() => proxy.close());
    const tab = await pageOf();
    await connect(tab, `ws://127.0.0.1:${proxy.port}`, { backoff: { initial: 20_000 }, connectTimeout: 60_000 });
    proxy.silence();
    await tab.page.evaluate(() => window.systole.watched['it']?.connection.reconnect());
    await states(tab, (seen) => seen.at(-1) === 'connecting');
    await tab.leave();
    proxy.heal();
    expect(await tab.back()).toEqual({ persisted: true });
    const all = await states(tab, (seen) => seen.at(-1) === 'alive');
    expect(all.findLast(({ type }) => type === 'retry')?.detail.cause).toBe('suspended');
    await expect.poll(open, { timeout: 20_000 }).toBe(1);
  });

  test('a HeartbeatWebSocket that redials is open again; one with retries: 0 has its close', async () => {
    const { url } = await server();
    const tab = await pageOf();
    await tab.page.evaluate(async (to) => {
      const { HeartbeatWebSocket, plain } = window.systole;
      const seen: string[] = [];
      Object.assign(window, { seen });
      const protocol = plain();
      const both = [
        new HeartbeatWebSocket(to, [], { protocol }),
        new HeartbeatWebSocket(to, [], { protocol, retries: 0 }),
      ];
      await Promise.all(
        both.map(
          (socket, i) =>
            new Promise((resolve) => {
              socket.addEventListener('open', () => resolve(seen.push(`${i} open`)));
              socket.addEventListener('close', ({ code }) => seen.push(`${i} close ${code}`));
            }),
        ),
      );
    }, url);
    await tab.leave();
    expect(await tab.back()).toEqual({ persisted: true });
    const seen = () => tab.page.evaluate(() => (window as unknown as { seen: string[] }).seen.toSorted());
    await expect
      .poll(seen, { timeout: 20_000 })
      .toEqual(['0 close 1006', '0 open', '0 open', '1 close 1006', '1 open']);
  });
});

test('nothing is left behind: no listener, no timer, no socket', async () => {
  const { url, open } = await server();
  const tab = await pageOf();
  const devtools = await tab.page.context().newCDPSession(tab.page);
  /** How many listen to the page, by what they listen to. */
  const listeners = async () => {
    const counts: Record<string, number> = {};
    for (const target of ['window', 'document', 'navigator.connection']) {
      const { result } = await devtools.send('Runtime.evaluate', { expression: target });
      const { listeners: found } = await devtools.send('DOMDebugger.getEventListeners', {
        objectId: result.objectId ?? '',
      });
      for (const { type } of found) counts[`${target} ${type}`] = (counts[`${target} ${type}`] ?? 0) + 1;
    }
    return { counts, intervals: await tab.page.evaluate(() => window.systole.intervals.size) };
  };
  const before = await listeners();
  for (const name of ['a', 'b', 'c']) await connect(tab, url, {}, name);
  const during = await listeners();
  expect(during.intervals).toBe(before.intervals + 1);
  const more = Object.entries(during.counts).map(
    ([what, count]) => [what, count - (before.counts[what] ?? 0)] as const,
  );
  expect(more.filter(([, count]) => count > 1)).toEqual([]);
  expect(Object.values(during.counts).length).toBeGreaterThanOrEqual(8);
  await tab.leave();
  await tab.back();
  for (const name of ['a', 'b', 'c'])
    await states(tab, (seen) => seen.filter((each) => each === 'alive').length === 2, name);
  expect(await listeners()).toEqual(during);
  await tab.page.evaluate(() => {
    for (const { connection } of Object.values(window.systole.watched)) connection.close();
  });
  for (const name of ['a', 'b', 'c']) await states(tab, (seen) => seen.at(-1) === 'closed', name);
  expect(await listeners()).toEqual(before);
  await expect.poll(open, { timeout: 20_000 }).toBe(0);
});
