/**
 * The drop-in class: what it keeps, says and takes beyond the standard, and what becomes of classes that are made of it.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

import { describe, expect, onTestFinished, test } from 'vitest';

import type { HeartbeatCloseEvent, HeartbeatErrorEvent } from '../../adapters/drop-in.events.ts';
import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import { connect } from '../../adapters/index.ts';
import Default from '../../adapters/index.websocket.ts';
import { silent } from '../../adapters/protocols/silent.ts';
import { closedPort, listen, textOf, untilSo } from '../helpers/support.ts';
import { heard, make, quick } from './made.ts';

/** Keeps what it heard, and how each client left. */
async function keeper() {
  const messages: string[] = [];
  const ends: [code: number, reason: string][] = [];
  const listening = await listen((socket) => {
    socket.on('message', (data) => messages.push(textOf(data)));
    socket.on('close', (code, reason) => ends.push([code, reason.toString()]));
  });
  return Object.assign(listening, { messages, ends });
}

test('it is the default export', () => {
  expect(Default).toBe(HeartbeatWebSocket);
});

describe('what is sent while there is no connection', () => {
  test('waits from the beginning, with startClosed; and is there before anything else', async () => {
    const { url, messages } = await keeper();
    const socket = make(url, { startClosed: true });
    expect(['a', 'b'].map((text) => socket.send(text))).toEqual([true, true]);
    expect(socket).toMatchObject({ bufferedAmount: 2, readyState: 3 });
    socket.reconnect();
    socket.send('c');
    socket.addEventListener('open', () => socket.send('d'));
    await untilSo(() => messages.length === 4);
    expect(messages).toEqual(['a', 'b', 'c', 'd']);
    expect(socket.bufferedAmount).toBe(0);
  });

  test.each(['closing', 'closed'])('waits after close(), while it is %s, until reconnect()', async (when) => {
    const { url, messages, accepted } = await keeper();
    const socket = make(url);
    await heard(socket, 'open');
    socket.close();
    if (when === 'closed') await heard(socket, 'close');
    expect(socket.send('after')).toBe(true);
    socket.reconnect();
    expect(socket.send('again')).toBe(true);
    await untilSo(() => messages.length === 2);
    expect(messages).toEqual(['after', 'again']);
    expect(accepted).toHaveLength(2);
  });

  test('is copied: what an app does with its bytes meanwhile changes nothing', async () => {
    const { url, messages } = await keeper();
    const socket = make(url, { startClosed: true });
    const bytes = new TextEncoder().encode('as it was');
    socket.send(bytes);
    bytes.fill(0);
    socket.reconnect();
    await untilSo(() => messages.length === 1);
    expect(messages).toEqual(['as it was']);
  });

  test('is dropped, and told, where there is no room', async () => {
    const socket = make('ws://127.0.0.1:9/', { startClosed: true, buffer: { messages: 1 } });
    const dropped: unknown[] = [];
    socket.addEventListener('dropped', ({ detail }) => dropped.push(detail));
    expect(['a', 'b'].map((text) => socket.send(text))).toEqual([true, false]);
    expect(dropped).toEqual([{ data: 'b', reason: 'overflow' }]);
    expect(socket.bufferedAmount).toBe(1);
  });

  test('expires, where it may', async () => {
    const socket = make('ws://127.0.0.1:9/', { startClosed: true, buffer: { maxAge: 10 } });
    const dropped = heard<CustomEvent>(socket, 'dropped');
    socket.send('a');
    expect((await dropped).detail).toEqual({ data: 'a', reason: 'expired' });
    expect(socket.bufferedAmount).toBe(0);
  });

  test('waits also where it is nothing but a WebSocket, until there is one', async () => {
    const { url, messages } = await keeper();
    const socket = make(url, { startClosed: true, retries: 0 });
    expect(socket.send('a')).toBe(true);
    socket.reconnect();
    await untilSo(() => messages.length === 1);
    expect(messages).toEqual(['a']);
  });

  test('goes nowhere after the end of a WebSocket that is nothing more, counts, and is told', async () => {
    const { url } = await keeper();
    const socket = make(url, { retries: 0 });
    await heard(socket, 'open');
    const dropped: unknown[] = [];
    socket.addEventListener('dropped', ({ detail }) => dropped.push(detail));
    expect(socket.send('a')).toBe(true);
    socket.close();
    expect(socket.send('late')).toBe(false);
    await heard(socket, 'close');
    expect(socket.send('later')).toBe(false);
    expect(dropped).toEqual(['late', 'later'].map((data) => ({ data, reason: 'closed' })));
    expect(socket.bufferedAmount).toBe(9);
  });
});

describe('reconnect()', () => {
  test.each<[unknown[], [number, string]]>([
    [[], [1_000, '']],
    [
      [4_001, 'new token'],
      [4_001, 'new token'],
    ],
    [['3000'], [3_000, '']],
  ])('with %j says goodbye with %j, and is connecting when it returns', async (said, end) => {
    const { url, ends } = await keeper();
    const socket = make(url);
    await heard(socket, 'open');
    const closed = heard<CloseEvent>(socket, 'close');
    socket.reconnect(...(said as []));
    expect(socket.readyState).toBe(0);
    const [code, reason] = end;
    expect(await closed).toMatchObject({ code, reason, reconnecting: true, cause: 'user-reconnected' });
    await heard(socket, 'open');
    await untilSo(() => ends.length === 1);
    expect(ends).toEqual([end]);
    expect(socket.retryCount).toBe(0);
  });

  test.each<[unknown[], string]>([
    [[999], 'InvalidAccessError'],
    [[1_000, 'x'.repeat(124)], 'SyntaxError'],
  ])('with %j is refused, and nothing happens', async (said, error) => {
    const { url, accepted } = await keeper();
    const socket = make(url);
    await heard(socket, 'open');
    expect(() => socket.reconnect(...(said as []))).toThrow(expect.objectContaining({ name: error }));
    expect(socket.readyState).toBe(1);
    expect(accepted).toHaveLength(1);
  });

  test.each([
    ['closed', async (socket: HeartbeatWebSocket) => (socket.close(), heard(socket, 'close'))],
    ['closing', async (socket: HeartbeatWebSocket) => socket.close()],
    ['open', async () => {}],
  ])('while it is %s: connecting when it returns, and open again', async (_, bring) => {
    const { url } = await keeper();
    const socket = make(url);
    await heard(socket, 'open');
    await bring(socket);
    socket.reconnect();
    expect(socket.readyState).toBe(0);
    await heard(socket, 'open');
    expect(socket.readyState).toBe(1);
  });

  test('close() after it is the end', async () => {
    const { url, accepted } = await keeper();
    const socket = make(url);
    await heard(socket, 'open');
    socket.close();
    socket.reconnect();
    socket.close();
    await heard(socket, 'close');
    expect(socket.readyState).toBe(3);
    expect(accepted).toHaveLength(1);
  });
});

describe('an error has a message and an error', () => {
  test('of a port where nobody is', async () => {
    const socket = make(`ws://127.0.0.1:${await closedPort()}/`);
    const { message, error } = await heard<HeartbeatErrorEvent>(socket, 'error');
    expect(message).toBe('ECONNREFUSED');
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ message, code: 'ECONNREFUSED' });
  });

  test('of a dial that takes too long', async () => {
    const mute = createServer((link) => onTestFinished(() => void link.destroy())).listen(0, '127.0.0.1');
    onTestFinished(() => void mute.close());
    await once(mute, 'listening');
    const socket = make(`ws://127.0.0.1:${(mute.address() as AddressInfo).port}/`, { connectTimeout: 50 });
    expect(await heard(socket, 'error')).toMatchObject({
      message: 'TIMEOUT',
      error: { message: 'TIMEOUT', code: 'ETIMEDOUT' },
    });
  });

  test('of an upgrade that is refused: no code, for it is none of the system', async () => {
    const { url } = await listen(() => {}, { verifyClient: () => false });
    const socket = make(url, { shouldReconnect: () => true });
    const { error } = await heard<HeartbeatErrorEvent>(socket, 'error');
    expect(error.message).toMatch(/401/);
    expect(error).not.toHaveProperty('code');
  });
});

describe('options of others', () => {
  test('are taken by their counterparts', async () => {
    const { url } = await keeper();
    const socket = new HeartbeatWebSocket(url, [], {
      minReconnectionDelay: 11,
      maxReconnectionDelay: 22,
      reconnectionDelayGrowFactor: 3,
      minUptime: 44,
      connectionTimeout: 55,
      maxRetries: 6,
      maxEnqueuedMessages: 7,
      reconnectOnError: true,
      debug: false,
      debugLogger: () => {},
    });
    onTestFinished(() => socket.close());
    const { settings } = socket.connection!.actor.getSnapshot().context;
    expect(settings).toMatchObject({
      backoff: { initial: 11, max: 22, factor: 3 },
      stableAfter: 44,
      connectTimeout: 55,
      retries: 6,
    });
    socket.reconnect();
    const sent = Array.from({ length: 9 }, () => socket.send('x'));
    expect(sent).toEqual([...Array<boolean>(7).fill(true), false, false]);
  });

  test('ours hold where both are given; those of with() where an instance gives none', () => {
    const Bound = HeartbeatWebSocket.with({ maxRetries: 5, minUptime: 7 });
    const socket = new Bound('ws://127.0.0.1:9/', [], { retries: 6, maxRetries: 9 });
    onTestFinished(() => socket.close());
    expect(socket.connection!.actor.getSnapshot().context.settings).toMatchObject({ retries: 6, stableAfter: 7 });
  });

  test('a backoff that is a function holds beside their delays', () => {
    const backoff = () => 5;
    const socket = new HeartbeatWebSocket('ws://127.0.0.1:9/', [], { backoff, minReconnectionDelay: 7 });
    onTestFinished(() => socket.close());
    expect(socket.connection!.actor.getSnapshot().context.settings.backoff).toBeTypeOf('function');
  });

  test('shouldReconnectOnClose is asked with a CloseEvent, and its word holds', async () => {
    const { url, server } = await keeper();
    const asked: unknown[] = [];
    const socket = make(url, {
      shouldReconnectOnClose: (event) => {
        const { type, code, reason, wasClean, reconnecting } = event as HeartbeatCloseEvent;
        asked.push([type, code, reason, wasClean, reconnecting]);
        return event.code !== 4_444;
      },
    });
    for (const [code, reason] of [
      [1_008, 'policy'],
      [4_444, 'enough'],
    ] as const) {
      await heard(socket, 'open');
      const closed = heard<CloseEvent>(socket, 'close');
      for (const client of server.clients) client.close(code, reason);
      expect(await closed).toMatchObject({ code, reason, reconnecting: code === 1_008 });
    }
    expect(asked).toEqual([
      ['close', 1_008, 'policy', true, true],
      ['close', 4_444, 'enough', true, true],
    ]);
    expect(socket.readyState).toBe(3);
  });

  test.each(['minReconnectionDelay', 'maxRetries', 'connectionTimeout', 'shouldReconnectOnClose', 'debug'])(
    'connect() names the counterpart of %s',
    (name) => {
      expect(() => connect('ws://127.0.0.1:9/', { [name]: 5 })).toThrow(/^\w+ is called [\w.]+ here$/);
    },
  );
});

describe('a class with options', () => {
  const Bound = HeartbeatWebSocket.with({ startClosed: true, retries: 0 });
  const Again = Bound.with({ startClosed: true });
  class Mine extends HeartbeatWebSocket {
    readonly mark = 'mine';
    greet(): string {
      return `${this.mark} ${this.url}`;
    }
  }
  const MineBound = Mine.with({ startClosed: true });
  const somewhere = 'ws://127.0.0.1:9/';

  test('instanceof holds both ways', () => {
    const classes = [HeartbeatWebSocket, Bound, Again];
    for (const Class of classes) {
      const socket = new Class(somewhere, [], { startClosed: true });
      for (const Other of classes) expect(socket).toBeInstanceOf(Other);
      expect(socket).not.toBeInstanceOf(Mine);
      expect(socket).not.toBeInstanceOf(MineBound);
    }
  });

  test('also of a class that extends it, whose own members it has', () => {
    const mine = new MineBound(somewhere);
    for (const Class of [Mine, MineBound, HeartbeatWebSocket, Bound, Again]) expect(mine).toBeInstanceOf(Class);
    expect(new Mine(somewhere, [], { startClosed: true })).toBeInstanceOf(MineBound);
    expect(mine).toMatchObject({ mark: 'mine', readyState: 3 });
    expect((mine as Mine).greet()).toBe(`mine ${somewhere}`);
    expect(Object.getOwnPropertyNames(MineBound.prototype)).toEqual(['constructor', 'greet']);
    expect(MineBound.prototype.constructor).toBe(MineBound);
    expect(MineBound.name).toBe('Mine');
  });

  test('what is done to its prototype is done to no other', () => {
    const Patched = HeartbeatWebSocket.with({ startClosed: true });
    Patched.prototype.send = () => true;
    Reflect.deleteProperty(Patched.prototype, 'onmessage');
    const socket = new Patched(somewhere);
    expect(socket.send(Symbol('x') as never)).toBe(true);
    expect('onmessage' in socket).toBe(false);
    expect(() => new Bound(somewhere).send(Symbol('x') as never)).toThrow(TypeError);
    expect('onmessage' in new Bound(somewhere)).toBe(true);
  });

  test('what is no class has no instances', () => {
    const socket = new Bound(somewhere);
    for (const what of [undefined, {}, 'WebSocket']) {
      expect(Reflect.apply(HeartbeatWebSocket[Symbol.hasInstance].bind(what), undefined, [socket])).toBe(false);
    }
  });

  test('and members are taken from one for another', () => {
    const readyState = Reflect.get.bind(undefined, HeartbeatWebSocket.prototype, 'readyState');
    expect(readyState(new Again(somewhere))).toBe(3);
  });
});

test('a class that dials with ours, which dials with it, does not go round', async () => {
  const { url, accepted } = await keeper();
  let made = 0;
  const Wrapper = function Wrapper(address: string, protocols?: string[]) {
    made += 1;
    return new Global(address, protocols);
  } as unknown as typeof WebSocket;
  const Global = HeartbeatWebSocket.with({ ...quick, WebSocket: Wrapper, protocol: silent() });
  const socket = new Global(url);
  onTestFinished(() => socket.close());
  await heard(socket, 'open');
  expect(made).toBe(1);
  expect(accepted).toHaveLength(1);
  socket.reconnect();
  await heard(socket, 'open');
  expect(made).toBe(2);
});
