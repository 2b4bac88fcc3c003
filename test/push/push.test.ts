/** Trusted push, over real sockets, through a cable that can be pulled. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { afterEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';

import { serveHeartbeats } from '../../adapters/server.ts';
import { memoryLog, type PushServerOptions, servePush } from '../../push/index.server.ts';
import { connectPush, type Push, type PushOptions, type Topic } from '../../push/index.ts';
import { frame, upgraded } from '../helpers/raw-client.ts';
import { faultProxy } from '../kit/fault-proxy.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).toReversed()) await each();
});

async function node(options: PushServerOptions<{ user?: string }> = {}) {
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(sockets, 'listening');
  const push = servePush(sockets, options);
  const close = async () => {
    await push.close();
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
  };
  undo.push(close);
  const { port } = sockets.address() as AddressInfo;
  return { push, port, sockets, url: `ws://127.0.0.1:${port}`, close };
}

function client(url: string | (() => string), options: PushOptions = {}): Push {
  const push = connectPush(url, { heartbeat: { interval: 300, timeout: 200 }, ...options });
  undo.push(() => push[Symbol.asyncDispose]());
  return push;
}

function heardOf(topic: Topic) {
  const heard: string[] = [];
  let wake = () => {};
  const say = (what: string) => {
    heard.push(what);
    wake();
  };
  topic.on('message', (data, { replayed }) => say(`${replayed ? 'replayed ' : ''}${data as string}`));
  topic.on('gap', ({ reason, missed }) => say(`gap ${reason} ${missed}`));
  topic.on('caught-up', () => say('caught up'));
  topic.on('refused', ({ code }) => say(`refused ${code}`));
  const until = async (last: string, times = 1) => {
    while (heard.filter((what) => what === last).length < times) await new Promise<void>((resolve) => (wake = resolve));
    return heard;
  };
  return { heard, until };
}

test('what is pushed is heard, in order', async () => {
  const { push, url } = await node();
  const { until } = heardOf(client(url).topic('news'));
  await until('caught up');
  for (let i = 0; i < 5; i += 1) await push.publish('news', `m${i}`);
  expect(await until('m4')).toEqual(['caught up', 'm0', 'm1', 'm2', 'm3', 'm4']);
});

async function cable(port: number) {
  const proxy = await faultProxy(port);
  undo.push(() => proxy.close());
  return { proxy, url: `ws://127.0.0.1:${proxy.port}` };
}

/** The next of its kind. */
function next(push: Push, type: 'lost' | 'restored' | 'open' | 'closed' | 'warning'): Promise<unknown> {
  return new Promise((resolve) => {
    const off = push.connection.on(type, (detail) => {
      off();
      resolve(detail);
    });
  });
}

test('what was pushed while the line was dead is heard after the return', async () => {
  const { push, port } = await node();
  const { proxy, url } = await cable(port);
  const its = client(url);
  const { until } = heardOf(its.topic('news'));
  await until('caught up');
  await push.publish('news', 'before');
  await until('before');
  proxy.silence();
  const lost = next(its, 'lost');
  for (let i = 0; i < 3; i += 1) await push.publish('news', `m${i}`);
  await lost;
  const restored = next(its, 'restored');
  proxy.heal();
  await restored;
  const heard = await until('caught up', 2);
  expect(heard).toEqual(['caught up', 'before', 'replayed m0', 'replayed m1', 'replayed m2', 'caught up']);
  await push.publish('news', 'after');
  expect((await until('after')).slice(-2)).toEqual(['caught up', 'after']);
});

test('texts that begin with the marker, empty ones and bytes come as they were', async () => {
  const { push, url } = await node();
  const topic = client(url).topic('news');
  const heard: unknown[] = [];
  const all = new Promise<void>((resolve) =>
    topic.on('message', (data) => {
      heard.push(typeof data === 'string' ? data : [...new Uint8Array(data)]);
      if (heard.length === 6) resolve();
    }),
  );
  await new Promise<void>((resolve) => topic.on('caught-up', resolve));
  for (const data of ['~1 2 x', '', 'ü😀', new Uint8Array([0, 126, 255]), new ArrayBuffer(2), ' ~s ']) {
    await push.publish('news', data);
  }
  await all;
  expect(heard).toEqual(['~1 2 x', '', 'ü😀', [0, 126, 255], [0, 0], ' ~s ']);
});

test('an app’s own messages go both ways beside it, whatever they begin with', async () => {
  const received: unknown[] = [];
  let wake = () => {};
  const all = new Promise<void>((resolve) => (wake = resolve));
  const { url } = await node({
    message(data) {
      received.push(typeof data === 'string' ? data : [...data]);
      if (received.length === 4) wake();
    },
  });
  const its = client(url);
  for (const data of ['hello', '~s ["x"]', '~~', new Uint8Array([126, 115])]) its.connection.send(data);
  await all;
  expect(received).toEqual(['hello', '~s ["x"]', '~~', [126, 115]]);
});

test('what a server says to one client is its connection’s message', async () => {
  const { push, url } = await node();
  const its = client(url);
  const heard: unknown[] = [];
  const all = new Promise<void>((resolve) =>
    its.connection.on('message', (data) => heard.push(data) === 3 && resolve()),
  );
  await next(its, 'open');
  for (const one of push.clients) for (const text of ['plain', '~1 2 three', '~']) one.send(text);
  await all;
  expect(heard).toEqual(['plain', '~1 2 three', '~']);
});

test('more was missed than was kept: a gap, told once, and it goes on', async () => {
  const { push, port } = await node({ log: memoryLog({ messages: 2 }) });
  const { proxy, url } = await cable(port);
  const its = client(url);
  const { until } = heardOf(its.topic('news'));
  await until('caught up');
  await push.publish('news', 'before');
  await until('before');
  const lost = next(its, 'lost');
  proxy.silence();
  for (let i = 0; i < 300; i += 1) await push.publish('news', `m${i}`);
  await lost;
  const restored = next(its, 'restored');
  proxy.heal();
  await restored;
  await until('gap trimmed 300');
  await push.publish('news', 'after');
  const heard = await until('after');
  expect(heard).toEqual(['caught up', 'before', 'gap trimmed 300', 'caught up', 'after']);
});

test('another server on the same log goes on where the first one was', async () => {
  const log = memoryLog();
  const first = await node({ log });
  const second = await node({ log });
  let { url } = first;
  const its = client(() => url);
  const { until } = heardOf(its.topic('news'));
  await until('caught up');
  await second.push.publish('news', 'm0');
  await until('m0');
  ({ url } = second);
  const lost = next(its, 'lost');
  await first.close();
  await second.push.publish('news', 'm1');
  expect(await lost).toMatchObject({ code: 1001 });
  expect(await until('caught up', 2)).toEqual(['caught up', 'm0', 'replayed m1', 'caught up']);
});

test('another server on another log: a gap', async () => {
  const first = await node();
  const second = await node();
  let { url } = first;
  const its = client(() => url);
  const { until } = heardOf(its.topic('news'));
  await until('caught up');
  ({ url } = second);
  await first.close();
  await until('gap epoch undefined');
  await second.push.publish('news', 'm0');
  expect(await until('m0')).toEqual(['caught up', 'gap epoch undefined', 'caught up', 'm0']);
});

test('a server that does not speak it: a warning', async () => {
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(sockets, 'listening');
  serveHeartbeats(sockets);
  undo.push(() => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
  });
  const its = client(`ws://127.0.0.1:${(sockets.address() as AddressInfo).port}`);
  its.topic('news');
  expect(await next(its, 'warning')).toMatchObject({ code: 'push-unsupported' });
});

test('a stored cursor: what was pushed between two lives of a page is heard', async () => {
  const { push, url } = await node();
  const store = new Map<string, string>();
  const first = client(url, { store });
  const { until } = heardOf(first.topic('news'));
  await until('caught up');
  await push.publish('news', 'm0');
  await until('m0');
  await first[Symbol.asyncDispose]();
  await push.publish('news', 'm1');
  const second = heardOf(client(url, { store }).topic('news'));
  expect(await second.until('caught up')).toEqual(['replayed m1', 'caught up']);
});

test('who may not hear, is told so; who may hear no more, too; history is not for everybody', async () => {
  const { push, url } = await node({
    authenticate: (request) => ({ user: request.url?.slice(1) ?? '' }),
    authorize: ({ user }, topic) => topic === `of:${user}` || (topic === 'news' && { history: false }),
  });
  await push.publish('news', 'before');
  const its = client(`${url}/ann`);
  const denied = heardOf(its.topic('of:bob'));
  await denied.until('refused denied');
  const allowed = heardOf(its.topic('of:ann'));
  await allowed.until('caught up');
  const start = (await push.position('news')).replace(/\d+$/, '0');
  const news = heardOf(its.topic('news', { cursor: start }));
  expect(await news.until('caught up')).toEqual(['gap denied undefined', 'caught up']);
  expect(push.revoke('of:ann')).toBe(1);
  await allowed.until('refused revoked');
  await push.publish('of:ann', 'secret');
  await push.publish('news', 'open');
  await news.until('open');
  expect(allowed.heard).toEqual(['caught up', 'refused revoked']);
});

test('state first: what is pushed while it loads follows it, and what it holds already does not', async () => {
  const { push, url } = await node();
  await push.publish('news', 'm0');
  let loads = 0;
  const told: string[] = [];
  const topic = client(url).topic('news', {
    async load() {
      loads += 1;
      await push.publish('news', 'm1');
      const cursor = await push.position('news');
      await push.publish('news', 'm2');
      told.push('state');
      return cursor;
    },
  });
  const { until } = heardOf(topic);
  topic.on('message', (data) => told.push(data as string));
  await until('m2');
  await push.publish('news', 'm3');
  await until('m3');
  expect(told).toEqual(['state', 'm2', 'm3']);
  expect(loads).toBe(1);
});

test('two listeners of one topic on one line hear it each from where they are', async () => {
  const { push, url } = await node();
  const start = await push.position('news');
  await push.publish('news', 'm0');
  const its = client(url);
  const first = heardOf(its.topic('news'));
  await first.until('caught up');
  const second = heardOf(its.topic('news', { cursor: start }));
  const third = heardOf(its.topic('news'));
  await second.until('caught up');
  await third.until('caught up');
  await push.publish('news', 'm1');
  await first.until('m1');
  expect([first.heard, second.heard, third.heard]).toEqual([
    ['caught up', 'm1'],
    ['replayed m0', 'caught up', 'm1'],
    ['caught up', 'm1'],
  ]);
});

test('who breaks the protocol while a server closes stops nobody', async () => {
  const { push, port, sockets } = await node();
  const its = await upgraded(port);
  await push.close();
  const gone = new Promise((resolve) => [...sockets.clients][0]!.on('close', resolve));
  // A frame of a kind that there is not (RFC 6455 §5.2).
  its.end(frame(0xf));
  await gone;
  its.destroy();
  expect(push.clients.size).toBe(0);
});
