/** Who is refused, who is ahead, and what is not push at all: nothing is missed without a word, and nobody believes to hear what he does not. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { afterEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';

import { serveHeartbeats } from '../../adapters/server.ts';
import { type PushServerOptions, type Session, servePush } from '../../push/index.server.ts';
import { connectPush, type Push, type PushOptions, type Topic } from '../../push/index.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).toReversed()) await each();
});

async function sockets() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  undo.push(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  return { server, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function node(options: PushServerOptions<Session> = {}) {
  const { server, url } = await sockets();
  const push = servePush(server, options);
  undo.push(() => push.close());
  return { push, url };
}

function client(url: string, options?: PushOptions): Push {
  const push = connectPush(url, options);
  undo.push(() => push[Symbol.asyncDispose]());
  return push;
}

/** What is told, as it comes; `until` waits for it. */
function ears() {
  const heard: string[] = [];
  let wake = () => {};
  const say = (what: string) => {
    heard.push(what);
    wake();
  };
  const until = async (last: string) => {
    while (!heard.includes(last)) await new Promise<void>((resolve) => (wake = resolve));
    return heard;
  };
  return { heard, say, until };
}

function earsOf(topic: Topic) {
  const its = ears();
  topic.on('message', (data) => its.say(data as string));
  topic.on('gap', ({ reason }) => its.say(`gap ${reason}`));
  topic.on('caught-up', () => its.say('caught up'));
  topic.on('refused', ({ code }) => its.say(`refused ${code}`));
  return its;
}

test('a log that has not come so far, of the same epoch: a gap, and what it has from now on is heard', async () => {
  const { push, url } = await node();
  const [epoch] = (await push.position('news')).split('.');
  const { until } = earsOf(client(url).topic('news', { cursor: `${epoch}.5` }));
  await until('caught up');
  await push.publish('news', 'm1');
  expect(await until('m1')).toEqual(['gap ahead', 'caught up', 'm1']);
});

test('a topic that was revoked: who comes new asks anew', async () => {
  let may = true;
  const { push, url } = await node({ authorize: () => may });
  const its = client(url);
  const first = earsOf(its.topic('news'));
  await first.until('caught up');
  may = false;
  push.revoke('news');
  await first.until('refused revoked');
  const second = earsOf(its.topic('news'));
  expect(await second.until('refused denied')).toEqual(['refused denied']);
});

test('a topic that was revoked is not known to be complete from then on', async () => {
  const { push, url } = await node();
  const store = new Map<string, string>();
  let time = 1_000_000;
  const clock = {
    now: () => performance.now(),
    wallTime: () => time,
    setTimeout: (callback: () => void, ms: number): unknown => setTimeout(callback, ms),
    clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
  };
  const its = client(url, { store, clock });
  const { until } = earsOf(its.topic('news'));
  await until('caught up');
  push.revoke('news');
  await until('refused revoked');
  time += 3_600_000;
  // The line lives on.
  for (const one of push.clients) one.send('hello');
  await new Promise<void>((resolve) => its.connection.on('message', () => resolve()));
  await its[Symbol.asyncDispose]();
  expect(store.get('systole:news')).toMatch(/ 1000000$/);
});

test('who is still being asked for when the server closes is sent elsewhere', async () => {
  let answer!: (session: Session) => void;
  const answered = new Promise<Session>((resolve) => (answer = resolve));
  const asked = ears();
  const { push, url } = await node({
    authenticate() {
      asked.say('who');
      return answered;
    },
  });
  const closed = ears();
  client(url, { retries: 0 }).connection.on('closed', ({ code }) => closed.say(String(code)));
  await asked.until('who');
  await push.close();
  answer({});
  await closed.until('1001');
  expect(push.clients.size).toBe(0);
});

test('bytes that read like a heartbeat are the app’s', async () => {
  const received = ears();
  const { url } = await node({ message: (data) => received.say(typeof data === 'string' ? data : 'bytes') });
  const its = client(url);
  its.connection.send(new TextEncoder().encode('heartbeat'));
  its.connection.send('end');
  expect(await received.until('end')).toEqual(['bytes', 'end']);
});

test('to a server that does not speak push, and from it, texts go as they are', async () => {
  const { server, url } = await sockets();
  const received = ears();
  server.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      received.say(String(data));
      socket.send(String(data));
    });
  });
  serveHeartbeats(server);
  const its = client(url);
  const heard = ears();
  its.connection.on('warning', () => {});
  its.connection.on('message', (data) => heard.say(data as string));
  for (const text of ['~1 2 three', '~~', 'end']) its.connection.send(text);
  expect(await received.until('end')).toEqual(['~1 2 three', '~~', 'end']);
  expect(await heard.until('end')).toEqual(['~1 2 three', '~~', 'end']);
});
