/**
 * `systole/server`: names, answers, and cuts off those from whom nothing comes, and nobody else.
 */
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';

import {
  type HeartbeatServer,
  type HeartbeatServerOptions,
  isHeartbeat,
  serveHeartbeats,
} from '../../adapters/server.ts';
import { eventsOf, listen, messagesOf, open, statesOf, textOf, until } from '../helpers/support.ts';

async function serve(options: HeartbeatServerOptions = {}) {
  const { server, url } = await listen();
  const heartbeats = serveHeartbeats(server, options);
  onTestFinished(() => heartbeats.stop());
  return { server, url, heartbeats };
}

/** A bare client, and all it hears as text. */
async function client(url: string) {
  const socket = new WebSocket(url);
  const heard: string[] = [];
  socket.on('message', (data) => heard.push(textOf(data)));
  socket.on('error', () => {});
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  await expect.poll(() => heard.length, { timeout: 20_000, interval: 2 }).toBeGreaterThan(0);
  return { socket, heard };
}

async function closed(socket: WebSocket | undefined): Promise<void> {
  if (socket !== undefined && socket.readyState !== socket.CLOSED) await once(socket, 'close');
}

describe('names', () => {
  test('each client differently, with the clock', async () => {
    const { url, heartbeats, server } = await serve();
    const before = Date.now();
    const clients = await Promise.all([client(url), client(url), client(url)]);
    const names = clients.map(({ heard }) => JSON.parse(heard[0] ?? '') as { id: string; now_time: number });
    expect(new Set(names.map(({ id }) => id)).size).toBe(3);
    for (const { now_time } of names) {
      expect(now_time).toBeGreaterThanOrEqual(before);
      expect(now_time).toBeLessThanOrEqual(Date.now());
    }
    expect([...heartbeats.clients.keys()].toSorted()).toEqual(names.map(({ id }) => id).toSorted());
    expect(new Set(heartbeats.clients.values())).toEqual(server.clients);
  });

  test('as it is told to', async () => {
    let count = 0;
    const { url, heartbeats } = await serve({ nextId: () => `client-${(count += 1)}`, now: () => 7 });
    const { socket, heard } = await client(url);
    socket.send('heartbeat');
    await expect.poll(() => heard.length, { timeout: 20_000 }).toBe(2);
    expect(heard).toEqual(['{"id":"client-1","now_time":7}', '{"heartbeat":7}']);
    expect([...heartbeats.clients.keys()]).toEqual(['client-1']);
  });

  test('a client that goes is forgotten', async () => {
    const { url, heartbeats } = await serve();
    const { socket } = await client(url);
    expect(heartbeats.clients.size).toBe(1);
    socket.close();
    await expect.poll(() => heartbeats.clients.size, { timeout: 20_000 }).toBe(0);
  });
});

describe('answers', () => {
  test('heartbeats, each once, and nothing else', async () => {
    const { url } = await serve({ now: () => 7 });
    const { socket, heard } = await client(url);
    for (const data of ['heartbeat ', 'Heartbeat', '"heartbeat"', '{"heartbeat":1}', '', Buffer.from('heartbeat')])
      socket.send(data);
    socket.send('heartbeat');
    socket.send('heartbeat');
    socket.ping();
    await once(socket, 'pong');
    expect(heard.slice(1)).toEqual(['{"heartbeat":7}', '{"heartbeat":7}']);
  });

  test('isHeartbeat tells the others of the server which messages are not theirs', async () => {
    const { url, server } = await serve();
    const { socket: ours } = await client(url);
    const theirs: boolean[] = [];
    for (const socket of server.clients) socket.on('message', (data) => theirs.push(isHeartbeat(data)));
    ours.send('heartbeat');
    ours.send('news');
    await expect.poll(() => theirs, { timeout: 20_000 }).toEqual([true, false]);
  });

  test('and a connection beats on for as long as it is there', async () => {
    const { url } = await serve({ silence: 600 });
    const connection = open(url, { heartbeat: { interval: 150, timeout: 300 } });
    const states = statesOf(connection);
    const messages = messagesOf(connection);
    await until(connection, 'open');
    // One that says nothing is cut off twice meanwhile.
    await closed((await client(url)).socket);
    await closed((await client(url)).socket);
    expect(states).not.toContain('reconnecting');
    expect(connection.roundTripTime).toBeTypeOf('number');
    expect(Math.abs(connection.clockOffset ?? Infinity)).toBeLessThan(1_000);
    expect(messages).toEqual([]);
  });
});

test.each<[unknown, boolean]>([
  ['heartbeat', true],
  [Buffer.from('heartbeat'), true],
  ['heartbeats', false],
  ['', false],
  [['heartbeat'], false],
  [{ length: 9, toString: () => 'heartbeat' }, false],
  [null, false],
  [undefined, false],
  [9, false],
])('isHeartbeat(%o): %s', (data, is) => expect(isHeartbeat(data)).toBe(is));

describe('cuts off', () => {
  test('the one that says nothing, and only that one', async () => {
    const { url, heartbeats } = await serve({ silence: 400 });
    const startedAt = performance.now();
    const [mute, ...lively] = await Promise.all([client(url), client(url), client(url), client(url)]);
    const [beating, talking, pinging] = lively;
    const timers = [
      setInterval(() => beating?.socket.send('heartbeat'), 100),
      setInterval(() => talking?.socket.send('news'), 100),
      setInterval(() => pinging?.socket.ping(), 100),
    ];
    onTestFinished(() => timers.forEach(clearInterval));
    await closed(mute?.socket);
    expect(performance.now() - startedAt).toBeGreaterThan(400);
    // And once more as long.
    await closed((await client(url)).socket);
    expect(lively.map(({ socket }) => socket.readyState)).toEqual([WebSocket.OPEN, WebSocket.OPEN, WebSocket.OPEN]);
    expect(heartbeats.clients.size).toBe(3);
  });

  test('not a client that is only spoken to: pushes do not postpone its heartbeat', async () => {
    const { url, server } = await serve({ silence: 500 });
    const connection = open(url, { heartbeat: { interval: 150, timeout: 300 } });
    const lost = eventsOf(connection, 'lost');
    const messages = messagesOf(connection);
    await until(connection, 'open');
    const timer = setInterval(() => {
      for (const socket of server.clients) socket.send('news');
    }, 20);
    onTestFinished(() => clearInterval(timer));
    // A mute one is cut off, pushes or not.
    await closed((await client(url)).socket);
    await closed((await client(url)).socket);
    expect(messages.length).toBeGreaterThan(20);
    expect(lost).toEqual([]);
  });

  test.each(['ping', 'pong'] as const)('not a client whose only sign of life is a %s frame', async (frame) => {
    const { url, server } = await serve({ silence: 200 });
    const { socket } = await client(url);
    let heard = 0;
    for (const theirs of server.clients) theirs.on(frame, () => (heard += 1));
    const timer = setInterval(() => socket[frame](), 20);
    onTestFinished(() => clearInterval(timer));
    await closed((await client(url)).socket);
    await closed((await client(url)).socket);
    expect(heard).toBeGreaterThan(10);
    expect(socket.readyState).toBe(WebSocket.OPEN);
  });

  test.each([
    [1, 10],
    [400, 100],
    [undefined, 37_500],
    [1e9, 60_000],
  ])('a silence of %s ms is looked for every %i ms, until the server closes or stops', (silence, pace) => {
    const set = vi.spyOn(globalThis, 'setInterval');
    const clear = vi.spyOn(globalThis, 'clearInterval');
    onTestFinished(() => {
      set.mockRestore();
      clear.mockRestore();
    });
    const closing = new EventEmitter();
    serveHeartbeats(closing as never, { silence });
    const stopping = serveHeartbeats(new EventEmitter() as never, { silence });
    expect(set.mock.calls.map(([, ms]) => ms)).toEqual([pace, pace]);
    const [first, second] = set.mock.results.map(({ value }) => value as NodeJS.Timeout);
    closing.emit('close');
    expect(clear.mock.lastCall).toEqual([first]);
    stopping.stop();
    expect(clear.mock.lastCall).toEqual([second]);
  });

  test('nobody, where silence is Infinity', async () => {
    const { url } = await serve({ silence: Infinity });
    const quick = await serve({ silence: 100 });
    const { socket } = await client(url);
    await closed((await client(quick.url)).socket);
    await closed((await client(quick.url)).socket);
    expect(socket.readyState).toBe(WebSocket.OPEN);
  });

  test('nobody, when it was the loop of the server that stood still', async () => {
    const { url, heartbeats } = await serve({ silence: 300 });
    // A client with a thread of its own, which beats all the while.
    const worker = new Worker(
      `
      const { workerData, parentPort } = require('node:worker_threads');
      const { WebSocket } = require(workerData.ws);
      const socket = new WebSocket(workerData.url);
      socket.on('error', () => {});
      socket.on('open', () => setInterval(() => socket.send('heartbeat'), 50));
      socket.on('message', () => parentPort.postMessage('heard'));
      socket.on('close', () => parentPort.postMessage('closed'));
      `,
      {
        eval: true,
        workerData: { url, ws: fileURLToPath(import.meta.resolve('ws')).replace('wrapper.mjs', 'index.js') },
      },
    );
    onTestFinished(async () => void (await worker.terminate()));
    const told: string[] = [];
    worker.on('message', (word: string) => told.push(word));
    await expect.poll(() => told.length, { timeout: 20_000 }).toBeGreaterThan(2);
    for (let stalls = 0; stalls < 3; stalls += 1) {
      const from = performance.now();
      while (performance.now() - from < 900);
      const before = told.length;
      await expect.poll(() => told.length, { timeout: 20_000 }).toBeGreaterThan(before + 2);
    }
    expect(told).not.toContain('closed');
    expect(heartbeats.clients.size).toBe(1);
  });

  test('a client that breaks the protocol goes, and the server stays', async () => {
    const { url, heartbeats } = await serve();
    const { socket } = await client(url);
    // A frame with a reserved opcode, past the client's own checks.
    (socket as unknown as { _socket: { write(data: Buffer): void } })._socket.write(
      Buffer.from([0x83, 0x80, 0, 0, 0, 0]),
    );
    await closed(socket);
    await expect.poll(() => heartbeats.clients.size, { timeout: 20_000 }).toBe(0);
    await client(url);
    expect(heartbeats.clients.size).toBe(1);
  });
});

describe('stop()', () => {
  test('undoes everything, and leaves the connections open', async () => {
    const { url, server } = await listen();
    const counts = (emitter: { eventNames(): (string | symbol)[]; listenerCount(event: string | symbol): number }) =>
      Object.fromEntries(emitter.eventNames().map((event) => [event, emitter.listenerCount(event)]));
    const first = new WebSocket(url);
    const [socket] = (await once(server, 'connection')) as [WebSocket];
    onTestFinished(() => first.terminate());
    const bare = { server: counts(server), socket: counts(socket) };
    expect(bare.socket).toEqual({ error: 1, ...bare.socket });

    const heartbeats = serveHeartbeats(server, { silence: 200 });
    expect(counts(server)).not.toEqual(bare.server);
    const { socket: ours, heard } = await client(url);
    const [, theirs] = [...server.clients];
    expect(counts(theirs as WebSocket)).not.toEqual(bare.socket);

    heartbeats.stop();
    heartbeats.stop();
    expect(counts(server)).toEqual(bare.server);
    expect(counts(theirs as WebSocket)).toEqual(bare.socket);
    expect(heartbeats.clients.size).toBe(0);

    // Longer than the silence, by the clock of one that still cuts off.
    const other = await serve({ silence: 200 });
    await closed((await client(other.url)).socket);
    await closed((await client(other.url)).socket);
    ours.send('heartbeat');
    ours.ping();
    await once(ours, 'pong');
    expect(heard).toHaveLength(1);
    expect(ours.readyState).toBe(WebSocket.OPEN);
  });

  test('and it can begin again', async () => {
    const { server, url } = await listen();
    serveHeartbeats(server, { nextId: () => 'first' }).stop();
    const heartbeats: HeartbeatServer = serveHeartbeats(server, { nextId: () => 'second' });
    onTestFinished(() => heartbeats.stop());
    const { heard } = await client(url);
    expect(JSON.parse(heard[0] ?? '')).toMatchObject({ id: 'second' });
  });
});

describe('options', () => {
  const rows: [option: string, value: unknown, type: typeof TypeError | typeof RangeError][] = [
    ['silence', 0, RangeError],
    ['silence', -1, RangeError],
    ['silence', Number.NaN, RangeError],
    ['silence', '5', TypeError],
    ['silence', null, TypeError],
    ['nextId', 'x', TypeError],
    ['nextId', 5, RangeError],
    ['now', {}, TypeError],
    ['timeout', 5, TypeError],
  ];
  test.each(rows)('%s: %o', async (option, value, type) => {
    const { server } = await listen();
    const before = server.listenerCount('connection');
    const serving = () => serveHeartbeats(server, { [option]: value });
    expect(serving).toThrow(type);
    expect(serving).toThrow(new RegExp(`^${option} (must be|is not an option)`));
    expect(server.listenerCount('connection')).toBe(before);
  });

  test.each([
    ['silence', 0, 'a number of milliseconds above 0, or Infinity'],
    ['nextId', null, 'a function'],
    ['now', null, 'a function'],
  ])('%s, which is not %o: told what it must be', async (option, value, takes) => {
    const { server } = await listen();
    expect(() => serveHeartbeats(server, { [option]: value })).toThrow(`${option} must be ${takes}`);
  });

  test.each([null, 5, 'x'])('%o in their place', async (options) => {
    const { server } = await listen();
    expect(() => serveHeartbeats(server, options as never)).toThrow(new TypeError('options must be an object'));
  });

  test('undefined is as if left out', async () => {
    const { url } = await serve({ silence: undefined, nextId: undefined, now: undefined });
    expect((await client(url)).heard).toHaveLength(1);
  });
});

describe('no timer of its own keeps the process alive', () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

  test('while it serves', async () => {
    const { server } = await listen();
    const before = timers();
    const heartbeats = serveHeartbeats(server, { silence: 60_000 });
    expect(timers()).toBe(before);
    heartbeats.stop();
  });
});
