/**
 * The outbound buffer: what is accepted is handed to one socket once, is still held, or is reported; and it is bounded.
 */
import { once } from 'node:events';

import { describe, expect, onTestFinished, test } from 'vitest';
import type { WebSocket } from 'ws';
import { createActor, waitFor } from 'xstate';

import type { BufferBounds, ConnectionEvents, ConnectOptions, Dropped } from '../../adapters/index.ts';
import { connectionInput, lineOf, webSocketActor } from '../../adapters/index.websocket.ts';
import { silent } from '../../adapters/protocols/silent.ts';
import { connectionMachine } from '../../machines/connection.ts';
import { eventsOf, listen, open, speakIdHeartbeat, textOf, until, untilState } from '../helpers/support.ts';
import { steppedClock } from '../kit/clock.ts';
import { faultProxy } from '../kit/fault-proxy.ts';

/** A server that is not there until it is told to be, and what it has heard. */
async function absent(options: ConnectOptions) {
  const heard: string[] = [];
  let isThere = false;
  const listening = await listen((socket) => socket.on('message', (data) => heard.push(textOf(data))), {
    verifyClient: (_: unknown, answer: (ok: boolean, code?: number) => void) => answer(isThere, 503),
  });
  const connection = open(listening.url, { protocol: silent(), backoff: { initial: 50, max: 50 }, ...options });
  await until(connection, 'retry');
  return {
    connection,
    heard,
    arrive: () => {
      isThere = true;
    },
  };
}

const texts = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `${from + i}`);

describe('ten thousand messages while down', () => {
  test('within bounds: all arrive, once and in order', async () => {
    const { connection, heard, arrive } = await absent({ buffer: { messages: 10_000 } });
    const all = texts(10_000);
    expect(all.every((text) => connection.send(text))).toBe(true);
    arrive();
    await expect.poll(() => heard.length, { timeout: 20_000 }).toBe(10_000);
    expect(heard).toEqual(all);
    expect(connection.bufferedAmount).toBe(0);
  });

  test('reject: the first ones arrive, the others were refused', async () => {
    const { connection, heard, arrive } = await absent({ buffer: { messages: 1_000 } });
    const dropped = eventsOf(connection, 'dropped');
    const accepted = texts(10_000).filter((text) => connection.send(text));
    expect(accepted).toEqual(texts(1_000));
    arrive();
    await expect.poll(() => heard.length, { timeout: 20_000 }).toBe(1_000);
    expect(heard).toEqual(accepted);
    expect(dropped).toEqual([]);
  });

  test('drop-oldest: the last ones arrive, the others are reported, each once and in order', async () => {
    const { connection, heard, arrive } = await absent({ buffer: { messages: 1_000, overflow: 'drop-oldest' } });
    const dropped = eventsOf(connection, 'dropped');
    expect(texts(10_000).every((text) => connection.send(text))).toBe(true);
    expect(dropped).toEqual(texts(9_000).map((data) => ({ data, reason: 'overflow' })));
    arrive();
    await expect.poll(() => heard.length, { timeout: 20_000 }).toBe(1_000);
    expect(heard).toEqual(texts(1_000, 9_000));
    expect(dropped).toHaveLength(9_000);
  });

  test.each(['reject', 'drop-oldest'] as const)('%s: never more bytes than the bound', async (overflow) => {
    const bytes = 100_000;
    const { connection } = await absent({ buffer: { messages: Infinity, bytes, overflow } });
    const chunk = 'x'.repeat(999);
    let most = 0;
    for (let i = 0; i < 10_000; i += 1) {
      connection.send(chunk);
      most = Math.max(most, connection.bufferedAmount);
    }
    expect(most).toBe(100 * 999);
  });
});

describe('drop-oldest', () => {
  test('room is made for one message by as many as it takes', async () => {
    const { connection } = await absent({ buffer: { bytes: 10, overflow: 'drop-oldest' } });
    const dropped = eventsOf(connection, 'dropped');
    for (const text of ['123', '45', '678']) connection.send(text);
    expect(connection.send('abcdef')).toBe(true);
    expect(dropped.map(({ data }) => data)).toEqual(['123', '45']);
    expect(connection.drain()).toEqual(['678', 'abcdef']);
  });

  test.each<[string, Partial<BufferBounds>]>([
    ['too large', { bytes: 5 }],
    ['of none at all', { messages: 0 }],
  ])('a message that would never fit (%s) is refused, and nothing is dropped for it', async (_, buffer) => {
    const { connection } = await absent({ buffer: { ...buffer, overflow: 'drop-oldest' } });
    const dropped = eventsOf(connection, 'dropped');
    connection.send('123');
    const held = connection.bufferedAmount;
    expect(connection.send('abcdef')).toBe(false);
    expect(dropped).toEqual([]);
    expect(connection.bufferedAmount).toBe(held);
  });

  test('on a slow line, alive: bounded, the newest arrive, in order, and each that does not is reported', async () => {
    const bound = 400_000;
    const heard: string[] = [];
    const { url, server } = await listen((socket) => {
      socket.on('message', (data) => heard.push(textOf(data).slice(0, 8)));
      socket.pause();
    });
    const connection = open(url, { protocol: silent(), buffer: { bytes: bound, overflow: 'drop-oldest' } });
    const dropped: string[] = [];
    connection.on('dropped', ({ data }) => dropped.push((data as string).slice(0, 8)));
    await untilState(connection, 'alive');
    const sent: string[] = [];
    let most = 0;
    // The kernel takes some megabytes first.
    while (dropped.length < 1_000) {
      for (let i = 0; i < 100; i += 1) {
        const name = String(sent.length).padStart(8, '0');
        expect(connection.send(name + 'x'.repeat(9_992))).toBe(true);
        sent.push(name);
        most = Math.max(most, connection.bufferedAmount);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(connection.state).toBe('alive');
    // With the headers of its frames, which the socket counts too.
    expect(most).toBeLessThanOrEqual(bound * 1.01);
    for (const client of server.clients) client.resume();
    await expect.poll(() => heard.at(-1), { timeout: 20_000 }).toBe(sent.at(-1));
    const gone = new Set(dropped);
    expect(gone.size).toBe(dropped.length);
    expect(heard).toEqual(sent.filter((name) => !gone.has(name)));
    await expect.poll(() => connection.bufferedAmount, { timeout: 20_000 }).toBe(0);
  });

  test('what waits behind a full socket is dropped or handed back when the line is lost, and what the socket had is unconfirmed', async () => {
    const { url, server } = await listen((socket) => socket.pause());
    const connection = open(url, {
      protocol: silent(),
      backoff: () => 60_000,
      buffer: { bytes: 200_000, overflow: 'drop-oldest' },
    });
    const dropped = eventsOf(connection, 'dropped');
    await untilState(connection, 'alive');
    let sent = 0;
    while (dropped.length === 0) {
      for (let i = 0; i < 100; i += 1, sent += 1) connection.send('x'.repeat(10_000));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const lost = until(connection, 'lost');
    for (const client of server.clients) client.terminate();
    const { unconfirmed } = await lost;
    expect(unconfirmed.messages + dropped.length + connection.drain().length).toBe(sent);
  });
});

describe('maxAge', () => {
  function aged(options: ConnectOptions = {}) {
    const clock = steppedClock();
    let jump = 0;
    const connection = open('ws://127.0.0.1:9', {
      protocol: silent(),
      clock: { ...clock, wallTime: () => clock.now() + jump },
      buffer: { maxAge: 1_000 },
      lifecycle: false,
      // Nothing is dialled: the URL never comes.
      connectTimeout: 2 ** 31 - 1,
      ...options,
    });
    const dropped: Dropped[] = [];
    connection.on('dropped', (each) => dropped.push(each));
    return { connection, clock, dropped, jump: (ms: number) => (jump += ms) };
  }

  test('each is dropped when it has waited so long, and not before', () => {
    const { connection, clock, dropped } = aged();
    connection.send('one');
    clock.advance(600);
    connection.send('two');
    clock.advance(399);
    expect(dropped).toEqual([]);
    clock.advance(1);
    expect(dropped).toEqual([{ data: 'one', reason: 'expired' }]);
    clock.advance(599);
    expect(connection.bufferedAmount).toBe(3);
    clock.advance(1);
    expect(dropped.map(({ data }) => data)).toEqual(['one', 'two']);
    expect(connection.bufferedAmount).toBe(0);
  });

  test.each([
    ['forward', 86_400_000],
    ['back', -86_400_000],
  ])('a clock that is set %s makes nothing older, and nothing younger', (_, ms) => {
    const { connection, clock, dropped, jump } = aged({ buffer: { maxAge: 1_000, messages: 1 } });
    expect(connection.send('one')).toBe(true);
    clock.advance(500);
    jump(ms);
    expect(connection.send('refused')).toBe(false);
    clock.advance(499);
    expect(dropped).toEqual([]);
    clock.advance(1);
    expect(dropped).toEqual([{ data: 'one', reason: 'expired' }]);
  });

  test('no timer is left when nothing waits any more', () => {
    const { connection, clock } = aged();
    const before = clock.pending.length;
    connection.send('one');
    expect(clock.pending).toHaveLength(before + 1);
    connection.drain();
    expect(clock.pending).toHaveLength(before);
    connection.send('two');
    connection.close();
    expect(clock.pending).toEqual([]);
  });

  test('what is too old when the line is back is not sent', async () => {
    const { connection, heard, arrive } = await absent({ buffer: { maxAge: 300 }, backoff: () => 1_000 });
    const dropped = eventsOf(connection, 'dropped');
    connection.send('old');
    await until(connection, 'dropped');
    connection.send('new');
    arrive();
    connection.reconnect();
    await expect.poll(() => heard, { timeout: 20_000 }).toEqual(['new']);
    expect(dropped).toEqual([{ data: 'old', reason: 'expired' }]);
  });
});

describe('closed', () => {
  const closing = async (silenced: boolean): Promise<ConnectionEvents['closed']> => {
    const { port } = await listen((socket) => speakIdHeartbeat(socket, 'me'));
    const proxy = await faultProxy(port);
    onTestFinished(() => proxy.close());
    const connection = open(`ws://127.0.0.1:${proxy.port}`);
    await until(connection, 'open');
    if (silenced) proxy.silence();
    connection.send('bye');
    const closed = until(connection, 'closed');
    connection.close();
    return closed;
  };

  test('answered: nothing is unconfirmed', async () => {
    expect(await closing(false)).toMatchObject({ wasClean: true, unconfirmed: { messages: 0, bytes: 0 } });
  });

  test('unanswered: what was handed over is', async () => {
    expect(await closing(true)).toMatchObject({ wasClean: false, unconfirmed: { messages: 1, bytes: 3 } });
  });
});

describe('of an embedded connection', () => {
  const machine = connectionMachine.provide({ actors: { socket: webSocketActor } });

  test('the same: dropped, drain, and when its host stops it nothing runs on, and nothing is lost', async () => {
    let client: WebSocket | undefined;
    const { url } = await listen((socket) => {
      client = socket;
      speakIdHeartbeat(socket, 'me');
    });
    const clock = steppedClock();
    const actor = createActor(machine, {
      clock,
      input: connectionInput(url, { clock, buffer: { messages: 2, overflow: 'drop-oldest', maxAge: 9_000 } }),
    }).start();
    const line = lineOf(actor);
    const dropped: unknown[] = [];
    const undo = line.onDropped(({ data }) => dropped.push(data));
    await waitFor(actor, (snapshot) => snapshot.hasTag('alive'), { timeout: 20_000 });
    client?.terminate();
    await waitFor(actor, (snapshot) => snapshot.hasTag('reconnecting'), { timeout: 20_000 });
    for (const text of ['1', '2', '3']) expect(line.send(text)).toBe(true);
    expect(dropped).toEqual(['1']);
    undo();
    line.send('4');
    expect(dropped).toEqual(['1']);
    actor.stop();
    await Promise.resolve();
    expect(line.send('5')).toBe(false);
    expect(clock.pending).toEqual([]);
    expect(line.drain()).toEqual(['3', '4']);
  });

  test('drain is told when there is room again', async () => {
    const { url, server } = await listen();
    const actor = createActor(machine, {
      input: connectionInput(url, { protocol: silent(), buffer: { messages: 1 } }),
    }).start();
    onTestFinished(() => actor.send({ type: 'user.closed' }));
    const line = lineOf(actor);
    const [, told] = await Promise.all([
      once(server, 'connection'),
      new Promise((resolve) => {
        line.onDrain(() => resolve('room'));
        expect([line.send('1'), line.send('2')]).toEqual([true, false]);
      }),
    ]);
    expect(told).toBe('room');
  });
});
