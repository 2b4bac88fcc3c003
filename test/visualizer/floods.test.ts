/**
 * What the visualizer's servers hold for clients that ask and do not read, ping, dial without end, or stay half open: little, while others are served,
 * and none of it keeps a process from ending.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { assign, createActor, createMachine } from 'xstate';

import { Control } from '../../bin/demo/control-server.ts';
import type { Stagehand } from '../../bin/demo/stagehand.ts';
import { PageServer, type Upgrade } from '../../bin/page.ts';
import { Feed } from '../../visualizer/bridge/feed.ts';
import { History } from '../../visualizer/bridge/history.ts';
import { inspect, serveInspection } from '../../visualizer/bridge/inspect.node.ts';
import type { Entry } from '../../visualizer/entry.ts';
import { run } from '../helpers/command.ts';
import { closedPort, untilSo } from '../helpers/support.ts';

const mebibyte = 2 ** 20;

const counter = createMachine({
  id: 'counter',
  context: () => ({ count: 0, ballast: Array.from({ length: 2_000 }, (_, i) => 100_000 + i) }),
  on: { COUNT: { actions: assign({ count: ({ context }) => context.count + 1 }) } },
});

/** An inspected app on an HTTP server, and the server's ends of all connections. */
async function inspected() {
  const inspection = serveInspection();
  const http = createServer();
  http.on('upgrade', (request, socket, head) => inspection.upgrade(request, socket, head));
  const { port, sockets } = await opened(http);
  const actor = createActor(counter, { inspect: inspection.inspect }).start();
  onTestFinished(() => {
    actor.stop();
    inspection.stop();
  });
  return {
    port,
    sockets,
    /** @param times 50 KB each, about */
    count: (times: number) => {
      for (let i = 0; i < times; i += 1) actor.send({ type: 'COUNT' });
    },
  };
}

async function opened(http: Server): Promise<{ port: number; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  http.on('connection', (socket) => sockets.push(socket));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    http.close();
  });
  return { port: (http.address() as AddressInfo).port, sockets };
}

const handshake = (host: string, path = '/') =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;

/** A client that writes what it likes, and reads nothing behind the answer to its first request. */
async function rude(port: number, request = handshake('127.0.0.1')): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  socket.write(request);
  await once(socket, 'readable');
  return socket;
}

/** Also where it is reset. */
function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** A frame of a client, masked with zeros. @param opcode 1: text, 9: ping (RFC 6455 section 5.2) */
function maskedFrame(opcode: number, text: string): Buffer {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

const ask = maskedFrame(1, '{"type":"xstate.inspecting"}');

async function visitor(port: number, path = '') {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  const frames: string[] = [];
  socket.on('message', (data: Buffer) => frames.push(data.toString()));
  socket.on('error', () => {});
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  return { socket, frames, ask: () => socket.send('{"type":"xstate.inspecting"}') };
}

test('a page that asks again and again and reads nothing: little waits for it, and others are told all', async () => {
  const { port, sockets, count } = await inspected();
  // 2 MB of history.
  count(40);
  const greedy = await rude(port);
  for (let i = 0; i < 50; i += 1) greedy.write(ask);
  const other = await visitor(port);
  other.ask();
  await untilSo(() => other.frames.filter((each) => each.includes('COUNT')).length >= 40);
  expect(Math.max(...sockets.map((socket) => socket.writableLength))).toBeLessThan(3 * mebibyte);
});

test('a page that falls behind what happens is cut off, and is told all of it when it comes back', async () => {
  const { port, sockets, count } = await inspected();
  const lazy = await rude(port);
  lazy.write(ask);
  const other = await visitor(port);
  other.ask();
  await untilSo(() => other.frames.length > 0);
  const [served] = sockets;
  const gone = once(served!, 'close');
  for (let i = 0; i < 60; i += 1) {
    count(50);
    await new Promise(setImmediate);
    expect(served!.writableLength).toBeLessThan(3 * mebibyte);
  }
  await gone;
  const back = await visitor(port);
  back.ask();
  await untilSo(() => back.frames.at(-1)?.includes('"count\\":3000') ?? false);
});

test('there is one replay at a time; when it is over there may be another', async () => {
  const { port, count } = await inspected();
  count(40);
  const { frames, socket, ask: again } = await visitor(port);
  const registered = () => frames.filter((each) => each.includes('service.register')).length;
  again();
  await untilSo(() => frames.some((each) => each.includes('"count\\":40')));
  const { sessionId: service } = JSON.parse(frames[0]!) as { sessionId: string };
  for (let i = 0; i < 20; i += 1) again();
  // What it says is heard in order: by then all of that was asked for.
  socket.send(JSON.stringify({ type: 'xstate.event', event: '{"type":"COUNT"}', service }));
  await untilSo(() => frames.some((each) => each.includes('"count\\":41')));
  const told = registered();
  expect(told).toBeGreaterThan(1);
  expect(told).toBeLessThan(20);
  await untilSo(() => {
    again();
    return registered() > told;
  });
});

test('a page that reads nothing for long is cut off, also where nothing happens', async () => {
  let taken: () => void = () => {};
  const waits: { ms: number; end: () => void }[] = [];
  const { setTimeout: theirs } = globalThis;
  globalThis.setTimeout = ((end: () => void, ms: number) => {
    waits.push({ ms, end });
    return { unref: () => waits.length };
  }) as never;
  onTestFinished(() => {
    globalThis.setTimeout = theirs;
  });
  let isCutOff = false;
  const page = {
    OPEN: 1,
    readyState: 1,
    bufferedAmount: 0,
    send: (text: string, then: () => void) => {
      page.bufferedAmount += text.length;
      taken = then;
    },
    terminate: () => {
      isCutOff = true;
    },
  };
  const feed = new Feed(page as never);
  feed.replay(() => ['x'.repeat(2 * mebibyte), 'y', 'z']);
  expect(page.bufferedAmount).toBe(2 * mebibyte);
  globalThis.setTimeout = theirs;
  expect(waits.map(({ ms }) => ms)).toEqual([30_000]);
  waits[0]!.end();
  expect(isCutOff).toBe(true);
  page.bufferedAmount = 0;
  taken();
  expect(page.bufferedAmount).toBe(2);
  feed.stop();
});

test('a window that asks again and again is told a few times in a second, of everything', async () => {
  const origin = 'http://127.0.0.1:4400';
  const posted: { type: string }[] = [];
  const popup = { closed: false, postMessage: (told: { type: string }) => void posted.push(told) };
  let hear: (event: object) => void = () => {};
  const addEventListener = (_: string, listener: typeof hear) => {
    hear = listener;
  };
  vi.stubGlobal('window', { addEventListener, removeEventListener: () => {}, open: () => popup });
  vi.stubGlobal('location', { href: 'http://127.0.0.1/', origin: 'http://127.0.0.1' });
  onTestFinished(() => void vi.unstubAllGlobals());
  const { inspect: inspectInPage } = await import('../../visualizer/bridge/inspect.browser.ts');
  const told = inspectInPage({ url: `${origin}/` });
  onTestFinished(() => told.stop());
  const actor = createActor(counter, { inspect: told }).start();
  onTestFinished(() => void actor.stop());
  for (let i = 0; i < 60; i += 1) actor.send({ type: 'COUNT' });
  const sayIt = () => hear({ source: popup, origin, data: { type: 'xstate.inspecting' } });
  const replays = () => posted.filter(({ type }) => type === 'service.register').length;
  for (let i = 0; i < 100; i += 1) sayIt();
  await untilSo(() => posted.length > 0);
  for (let i = 0; i < 100; i += 1) sayIt();
  await untilSo(() => JSON.stringify(posted.at(-1)).includes(':60'));
  expect(replays()).toBeLessThan(20);
  const before = replays();
  // Loaded anew in the middle of it, it is told all of it once more.
  await untilSo(() => replays() > before);
});

/** The servers of the visualizer, by what takes their upgrades. */
const servers: [name: string, () => Promise<{ port: number; path: string }>][] = [
  [
    'the inspector',
    async () => {
      const { port } = await inspected();
      return { port, path: '/' };
    },
  ],
  [
    'the inspector by itself',
    async () => {
      const port = await closedPort();
      const inspection = inspect({ port });
      onTestFinished(() => inspection.stop());
      await vi.waitFor(async () => expect(await isReachable(port)).toBe(true), { timeout: 10_000 });
      return { port, path: '/' };
    },
  ],
  [
    'the page',
    async () => {
      const inspection = serveInspection();
      onTestFinished(() => inspection.stop());
      return await pageServer('/inspect', (request, socket, head) => inspection.upgrade(request, socket, head));
    },
  ],
  [
    'the demo',
    async () => {
      const control = new Control({ onStatus: () => () => {}, status: {} } as unknown as Stagehand);
      onTestFinished(() => control.stop());
      return await pageServer('/control', (request, socket, head) => control.upgrade(request, socket, head));
    },
  ],
];

async function isReachable(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const isOpen = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return isOpen;
}

async function pageServer(path: string, upgrade: Upgrade) {
  const server = await PageServer.open({
    port: 0,
    files: new Map(),
    frameable: false,
    configFor: () => ({ sources: [], control: null }),
    upgrades: { [path]: upgrade },
  });
  onTestFinished(() => server.close());
  return { port: Number(new URL(server.address).port), path };
}

test.each(servers)('%s: who is refused is gone with the answer, though the client would stay', async (_, open) => {
  const { port, path } = await open();
  const refused = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      onTestFinished(() => void socket.destroy());
      socket.on('error', () => {});
      let answer = '';
      socket.on('data', (data: Buffer) => (answer += data.toString()));
      socket.write(handshake('evil.example', path));
      await once(socket, 'end');
      return { socket, answer };
    }),
  );
  expect(new Set(refused.map(({ answer }) => answer.split('\r\n', 1)[0]))).toEqual(new Set(['HTTP/1.1 403 Forbidden']));
  // Half open, each of them could go on writing; what is gone answers with a reset.
  await Promise.all(
    refused.map(async ({ socket }) => {
      const closed = closeOf(socket);
      const writing = setInterval(() => socket.write('more'), 5);
      await closed;
      clearInterval(writing);
    }),
  );
});

test.each(servers)('%s: no more than 16 pages at once', async (_, open) => {
  const { port, path } = await open();
  await Promise.all(Array.from({ length: 16 }, () => visitor(port, path)));
  const late = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  late.on('error', () => {});
  const [, response] = (await once(late, 'unexpected-response')) as [unknown, { statusCode: number }];
  expect(response.statusCode).toBe(503);
  late.terminate();
});

test.each(servers)('%s: who pings and does not read the answers is cut off', async (_, open) => {
  const { port, path } = await open();
  const socket = await rude(port, handshake('127.0.0.1', path));
  const closed = closeOf(socket);
  const pings = Buffer.concat(Array.from({ length: 1_000 }, () => maskedFrame(9, 'x'.repeat(125))));
  // Far more than the system's own buffers hold, 60 MB.
  const write = async () => {
    for (let i = 0; i < 500 && !socket.destroyed; i += 1) {
      if (!socket.write(pings)) await Promise.race([once(socket, 'drain'), closed]).catch(() => {});
    }
  };
  await write();
  expect(socket.destroyed).toBe(true);
  await closed;
});

test('what is kept of all machines is bounded, also of those that go on', () => {
  const history = new History<string>((frame) => frame.length);
  const frames = ['x'.repeat(100_000)];
  for (let n = 0; n < 400; n += 1) history.keep({ type: 'registered', session: `${n % 100}` } as Entry, frames);
  for (let n = 0; n < 400; n += 1) history.keep({ type: 'counted', session: `${n % 100}` } as Entry, frames);
  expect(history.size).toBeLessThanOrEqual(32_000_000);
  expect(history.all().join('').length).toBe(history.size);
});

test('a frame too many of the history does not take the machine that is told of now', () => {
  const history = new History<string>((frame) => frame.length);
  history.keep({ type: 'registered', session: 'a' } as Entry, ['x'.repeat(20_000_000)]);
  history.keep({ type: 'registered', session: 'b' } as Entry, ['y'.repeat(20_000_000)]);
  expect(history.all().map(([first]) => first)).toEqual(['y']);
  history.keep({ type: 'counted', session: 'a' } as Entry, ['z']);
  expect(history.all().map(([first]) => first)).toEqual(['y', 'z']);
});

test('visualize: whoever is connected, however, does not keep it from ending, nor others from being served', async () => {
  const command = run('visualize', '--port', '0', '--no-open');
  const port = Number(/:(\d+)\/$/.exec(await command.line(/http:/))?.[1]);
  const host = `127.0.0.1:${port}`;
  // Refused, and half open since.
  for (let i = 0; i < 10; i += 1) await rude(port, handshake('evil.example'));
  // Half a request; one that asks for much and reads nothing; one that stays; nothing at all.
  connectedTo(port).write(`GET / HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `);
  await rude(port, `GET /index.html HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(1_000));
  await rude(port, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: keep-alive\r\n\r\n`);
  await rude(port, `POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000000\r\n\r\n`);
  await once(connectedTo(port), 'connect');
  expect((await fetch(`http://${host}/config.json`)).status).toBe(200);
  command.process.kill('SIGINT');
  expect(await command.ended).toEqual({ code: 0, signal: null });
  expect(command.stderr).toBe('');
});

function connectedTo(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

test('so many connections, and no more: the page is served again when they are gone', async () => {
  const { port } = await pageServer('/control', () => {});
  const host = `127.0.0.1:${port}`;
  const many = Array.from({ length: 300 }, () => connectedTo(port));
  let closed = 0;
  for (const socket of many)
    socket
      .on('end', () => (closed += 1))
      .on('close', () => (closed += 1))
      .resume();
  await untilSo(() => closed >= 300 - 128);
  for (const socket of many) socket.destroy();
  await vi.waitFor(async () => expect((await fetch(`http://${host}/config.json`)).status).toBe(200), {
    timeout: 10_000,
  });
});
