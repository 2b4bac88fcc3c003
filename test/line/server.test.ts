/**
 * `systole/server`: names, answers, and cuts off those from whom nothing comes or who do not read what they ask for, and nobody else.
 */
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';

import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type ServerOptions, WebSocket } from 'ws';

import {
  type HeartbeatServer,
  type HeartbeatServerOptions,
  isHeartbeat,
  serveHeartbeats,
} from '../../adapters/server.ts';
import { flood, frame, gush, opcodes, upgraded } from '../helpers/raw-client.ts';
import {
  bareClient as client,
  eventsOf,
  listen,
  messagesOf,
  open,
  statesOf,
  textOf,
  uncaughtDuring,
  until,
  untilSo,
} from '../helpers/support.ts';

async function serve(options: HeartbeatServerOptions = {}, settings: ServerOptions = {}) {
  const { server, url, port } = await listen(() => {}, settings);
  const heartbeats = serveHeartbeats(server, options);
  onTestFinished(() => heartbeats.stop());
  return { server, url, port, heartbeats };
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

test('isHeartbeat knows a Buffer where the app, as in Jest, has a Uint8Array of another realm', () => {
  vi.stubGlobal('Uint8Array', runInNewContext('Uint8Array'));
  try {
    expect(isHeartbeat(Buffer.from('heartbeat'))).toBe(true);
  } finally {
    vi.unstubAllGlobals();
  }
});

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

  test.each(['ping', 'pong'] as const)('not a client whose only sign of life is a %s frame', async (kind) => {
    const { url, server } = await serve({ silence: 200 });
    const { socket } = await client(url);
    let heard = 0;
    for (const theirs of server.clients) theirs.on(kind, () => (heard += 1));
    const timer = setInterval(() => socket[kind](), 20);
    onTestFinished(() => clearInterval(timer));
    await closed((await client(url)).socket);
    await closed((await client(url)).socket);
    expect(heard).toBeGreaterThan(1);
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

describe('a client that asks and does not read', () => {
  const { text, continuation, ping } = opcodes;
  const beat = frame(text, 'heartbeat');
  const enough = 64 * 2 ** 20;
  /** What kept npm `ws` from answering pings without end came late (8.21.1), and the app may do without. */
  const unguarded: ServerOptions = { maxPendingAutoPongs: 0 } as object;
  const deflating = { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } };

  const rows: [what: string, frames: Buffer, settings?: ServerOptions, upgrade?: typeof deflating][] = [
    ['heartbeats', beat],
    ['heartbeats in fragments', Buffer.concat([frame(text, 'heart', false), frame(continuation, 'beat')])],
    ['heartbeats, where answers are compressed', beat, { perMessageDeflate: true }, deflating],
    ['pings', frame(ping, 'x'.repeat(125)), unguarded],
    ['heartbeats and pings', Buffer.concat([beat, frame(ping, 'x')]), unguarded],
  ];
  test.each(rows)('is cut off: %s', async (_, frames, settings, upgrade) => {
    const { port, url, server, heartbeats } = await serve({}, settings);
    const socket = await upgraded(port, upgrade);
    onTestFinished(() => void socket.destroy());
    const [theirs] = server.clients;
    const most = { buffered: 0 };
    theirs?.on('message', () => (most.buffered = Math.max(most.buffered, theirs.bufferedAmount)));
    expect(await flood(socket, gush(frames), enough)).toBe('cut off');
    await closed(theirs);
    // What one piece of its flood asks for comes on top.
    expect(most.buffered).toBeLessThan(1_000_000);
    expect(heartbeats.clients.size).toBe(0);
    // And nobody else is.
    expect((await client(url)).heard).toHaveLength(1);
  });

  test('one that reads may ask as much as it likes', async () => {
    const { url, heartbeats } = await serve({}, unguarded);
    const { socket, heard } = await client(url);
    let pongs = 0;
    socket.on('pong', () => (pongs += 1));
    for (let round = 1; round <= 20; round += 1) {
      for (let i = 0; i < 500; i += 1) {
        socket.send('heartbeat');
        socket.ping();
      }
      await untilSo(() => heard.length === 1 + round * 500 && pongs === round * 500);
    }
    expect(heartbeats.clients.size).toBe(1);
  });

  test('what the app has sent does not count, however long it waits', async () => {
    const { port, server, heartbeats } = await serve({}, unguarded);
    const socket = await upgraded(port);
    onTestFinished(() => void socket.destroy());
    const [theirs] = server.clients;
    theirs?.send(Buffer.alloc(16 * 2 ** 20));
    let heard = 0;
    theirs?.on('message', () => (heard += 1)).on('ping', () => (heard += 1));
    for (let i = 0; i < 100; i += 1) socket.write(Buffer.concat([beat, frame(ping, 'x')]));
    await untilSo(() => heard === 200);
    expect(theirs?.bufferedAmount).toBeGreaterThan(2 ** 20);
    expect(heartbeats.clients.size).toBe(1);
  });

  test('nor do answers that it has read meanwhile', async () => {
    const { port, server, heartbeats } = await serve({ maxBuffered: 3_000 });
    const socket = await upgraded(port);
    onTestFinished(() => void socket.destroy());
    const [theirs] = server.clients;
    let heard = 0;
    theirs?.on('message', () => (heard += 1));
    for (let round = 1; round <= 5; round += 1) {
      theirs?.send(Buffer.alloc(16 * 2 ** 20));
      for (let i = 0; i < 80; i += 1) socket.write(beat);
      await untilSo(() => heard === round * 80);
      socket.resume();
      await untilSo(() => theirs?.bufferedAmount === 0);
      socket.pause();
    }
    expect(heartbeats.clients.size).toBe(1);
    theirs?.send(Buffer.alloc(16 * 2 ** 20));
    for (let i = 0; i < 110; i += 1) socket.write(beat);
    await untilSo(() => heartbeats.clients.size === 0);
  });

  test('is not, where the app says Infinity', async () => {
    const { port, heartbeats } = await serve({ maxBuffered: Infinity });
    const socket = await upgraded(port);
    onTestFinished(() => void socket.destroy());
    expect(await flood(socket, gush(beat), 4 * 2 ** 20)).toBe('all said');
    expect(heartbeats.clients.size).toBe(1);
  });
});

describe("where the app's functions fail, that client is closed with 1011, and nobody else notices", () => {
  const fails = (error: string) => () => {
    throw new Error(error);
  };
  const rows: [what: string, options: Record<string, () => unknown>, told: string | RegExp][] = [
    ['nextId throws', { nextId: fails('no names left') }, 'no names left'],
    ['now throws', { now: fails('no clock') }, 'no clock'],
    ...[undefined, null, 5, '', 'x'.repeat(1_025), {}, 'a promise'].map(
      (id): [string, Record<string, () => unknown>, RegExp] => [
        `nextId gives ${JSON.stringify(id)?.slice(0, 20)}`,
        { nextId: () => (id === 'a promise' ? Promise.reject(new Error('not awaited')) : id) },
        /^nextId\(\) must give a text of 1 to 1024 characters$/,
      ],
    ),
    ...[undefined, NaN, Infinity, 8.64e15 + 1, '5', new Date(), 5n].map(
      (ms): [string, Record<string, () => unknown>, RegExp] => [
        `now gives ${String(ms)}`,
        { now: () => ms },
        /^now\(\) must give a number of milliseconds since 1970$/,
      ],
    ),
  ];
  const warnings = () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    return () => warn.mock.calls.map(([before, error]) => `${before} ${(error as Error).message}`);
  };

  test.each(rows)('%s', async (_, options, told) => {
    const warned = warnings();
    const errors = await uncaughtDuring(async () => {
      const { url, server, heartbeats } = await serve(options);
      const socket = new WebSocket(url);
      const heard: string[] = [];
      socket.on('message', (data) => heard.push(textOf(data)));
      expect((await once(socket, 'close'))[0]).toBe(1011);
      expect(heard).toEqual([]);
      expect(heartbeats.clients.size).toBe(0);
      await untilSo(() => server.clients.size === 0);
    });
    expect(errors).toEqual([]);
    expect(warned()).toHaveLength(1);
    expect(warned()[0]?.replace('systole/server: a client is closed with 1011: ', '')).toMatch(told);
  });

  test('also one that breaks the protocol instead of leaving', async () => {
    const warned = warnings();
    const errors = await uncaughtDuring(async () => {
      const { port, server } = await serve({ nextId: fails('no names left') });
      const socket = await upgraded(port);
      const [theirs] = server.clients;
      const left = new Promise((resolve) => theirs?.on('close', resolve));
      socket.write(frame(3));
      socket.resume();
      await left;
    });
    expect([...errors, ...warned()]).toEqual(['systole/server: a client is closed with 1011: no names left']);
  });

  test('also later, when a heartbeat cannot be answered', async () => {
    const warned = warnings();
    let time: unknown = 7;
    const { url, heartbeats } = await serve({ now: () => time as number });
    const [first, second] = await Promise.all([client(url), client(url)]);
    time = 'soon';
    first.socket.send('heartbeat');
    first.socket.send('heartbeat');
    expect((await once(first.socket, 'close'))[0]).toBe(1011);
    await untilSo(() => heartbeats.clients.size === 1);
    time = 8;
    second.socket.send('heartbeat');
    await untilSo(() => second.heard.length === 2);
    expect(first.heard).toHaveLength(1);
    expect(second.heard[1]).toBe('{"heartbeat":8}');
    expect(warned()).toHaveLength(1);
  });

  test('also when a name is given twice: who has it keeps it', async () => {
    const warned = warnings();
    const { url, heartbeats } = await serve({ nextId: () => 'everybody' });
    const { socket } = await client(url);
    const [theirs] = heartbeats.clients.values();
    const other = new WebSocket(url);
    expect((await once(other, 'close'))[0]).toBe(1011);
    expect([...heartbeats.clients]).toEqual([['everybody', theirs]]);
    expect(warned()[0]).toContain('nextId() has given a name that a client has who is there');
    socket.close();
    await untilSo(() => heartbeats.clients.size === 0);
    // From then on it is free.
    expect(JSON.parse((await client(url)).heard[0] ?? '')).toMatchObject({ id: 'everybody' });
  });

  test('the longest name is one that clients take', async () => {
    const { url } = await serve({ nextId: () => 'x'.repeat(1_024) });
    const connection = open(url);
    await until(connection, 'open');
    expect(connection.id).toHaveLength(1_024);
  });
});

test('a client that went before it was told of is not kept', async () => {
  const { server, url } = await listen();
  const gone: WebSocket[] = [];
  server.on('connection', (socket) => socket.on('close', () => gone.push(socket)));
  const socket = new WebSocket(url);
  await once(socket, 'open');
  socket.terminate();
  await untilSo(() => gone.length === 1);
  const heartbeats = serveHeartbeats(server);
  onTestFinished(() => heartbeats.stop());
  server.emit('connection', gone[0], {});
  expect(heartbeats.clients.size).toBe(0);
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
    ['maxBuffered', -1, RangeError],
    ['maxBuffered', Number.NaN, RangeError],
    ['maxBuffered', '64k', TypeError],
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
    ['maxBuffered', -1, 'a number from 0, or Infinity'],
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
    const { url } = await serve({ silence: undefined, maxBuffered: undefined, nextId: undefined, now: undefined });
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
