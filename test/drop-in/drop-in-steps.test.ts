/** The drop-in class step by step, on a socket that is moved by hand, in stepped time. */
import { expect, onTestFinished, test, vi } from 'vitest';

import type { HeartbeatWebSocketOptions } from '../../adapters/drop-in.options.ts';
import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import type { ProtocolsOption, UrlOption } from '../../adapters/index.ts';
import { lineOf } from '../../adapters/index.websocket.ts';
import { silent } from '../../adapters/protocols/silent.ts';
import { nowhere, Puppet } from '../helpers/puppet.ts';
import { steppedClock } from '../kit/clock.ts';

function hand(
  options: HeartbeatWebSocketOptions = {},
  Class = HeartbeatWebSocket,
  url: UrlOption = nowhere,
  protocols: ProtocolsOption = [],
) {
  const clock = steppedClock();
  const socket = new Class(url, protocols, {
    WebSocket: Puppet,
    clock,
    lifecycle: false,
    random: () => 0.5,
    protocol: silent(),
    ...options,
  });
  const events: Record<string, unknown>[] = [];
  for (const kind of ['open', 'message', 'error', 'close', 'lost', 'restored', 'dropped', 'state'] as const) {
    socket.addEventListener(kind, (event) => {
      const { type, code, reason, wasClean, cause, reconnecting, detail, data, origin } = event as never as Record<
        string,
        unknown
      >;
      events.push({ type, code, reason, wasClean, cause, reconnecting, detail, data, origin });
    });
  }
  const of = (type: string) => events.filter((event) => event['type'] === type);
  return { socket, clock, events, of, under: () => Puppet.made.at(-1)! };
}

test.each(['onopen', 'onmessage', 'onerror', 'onclose'] as const)('%s is what it was set to', (name) => {
  const { socket } = hand();
  expect(socket[name]).toBeNull();
  socket[name] = null;
  expect(socket[name]).toBeNull();
  for (const value of [() => {}, {}, () => {}]) {
    socket[name] = value as never;
    expect(socket[name]).toBe(value);
  }
  socket[name] = 5 as never;
  expect(socket[name]).toBeNull();
});

test('a loss: lost, then close, with its cause, and no reason where no frame came', () => {
  const { socket, of, under, clock } = hand();
  under().opens();
  clock.advance(10_000);
  expect(socket.retryCount).toBe(0);
  under().ends(1006, 'ECONNRESET', false);
  expect(of('lost')).toMatchObject([{ detail: { cause: 'peer-closed', code: 1006, reason: 'ECONNRESET' } }]);
  expect(of('close')).toMatchObject([
    { code: 1006, reason: '', wasClean: false, cause: 'peer-closed', reconnecting: true },
  ]);
  expect(socket).toMatchObject({ readyState: 0, state: 'reconnecting' });
  clock.advance(1_000);
  under().fails({});
  clock.advance(1_000);
  expect(of('error')).toHaveLength(1);
  expect(socket.retryCount).toBe(2);
  under().opens();
  expect(of('restored')).toMatchObject([{ detail: { attempts: 2 } }]);
  under().ends(4000, 'bye');
  expect(of('close')[1]).toMatchObject({ code: 4000, reason: 'bye', wasClean: true, reconnecting: true });
  expect(of('state').length).toBeGreaterThan(5);
});

test('the last close has the last word', () => {
  const { socket, of, under, clock } = hand();
  under().opens();
  under().ends(1008, 'policy');
  clock.advance(0);
  expect(of('close')).toMatchObject([{ code: 1008, reason: 'policy', cause: 'fatal', reconnecting: false }]);
  expect(of('error')).toEqual([]);
  expect(socket.readyState).toBe(3);
  socket.send('abc');
  expect(socket.bufferedAmount).toBe(3);
});

test('messages: text, a Blob by default, an ArrayBuffer where it is asked for, and nothing else', () => {
  const { socket, of, under } = hand();
  under().opens();
  expect(socket.binaryType).toBe('blob');
  under().hears('text');
  under().hears(new ArrayBuffer(2));
  socket.binaryType = 'arraybuffer';
  under().hears(new ArrayBuffer(3));
  socket.binaryType = 'nodebuffer' as never;
  expect(socket.binaryType).toBe('arraybuffer');
  socket.binaryType = 'blob';
  expect(socket.binaryType).toBe('blob');
  expect(of('message')).toMatchObject([{ data: 'text' }, { data: { size: 2 } }, { data: { byteLength: 3 } }]);
  expect(of('message')[0]).toMatchObject({ origin: 'ws://127.0.0.1:9' });
});

test('not started: closed, and what is sent counts as too late', () => {
  const { socket } = hand({ startClosed: true });
  expect(socket).toMatchObject({
    readyState: 3,
    state: 'closed',
    connection: undefined,
    retryCount: 0,
    url: nowhere,
  });
  expect(socket).toMatchObject({ protocol: '', extensions: '', bufferedAmount: 0 });
  socket.send(new Uint8Array(5));
  expect(socket.bufferedAmount).toBe(5);
  socket.close();
  socket.reconnect();
  expect(socket).toMatchObject({ readyState: 0, state: 'connecting' });
});

test('misuse is named', () => {
  const { socket } = hand({ retries: 0 });
  expect(() => socket.send('early')).toThrow(
    expect.objectContaining({ name: 'InvalidStateError', message: 'send: the WebSocket is not open yet' }),
  );
  expect(() => Reflect.apply(socket.send.bind(socket), undefined, [])).toThrow(new TypeError('send: give it data'));
  expect(() => Reflect.construct(HeartbeatWebSocket, [])).toThrow(new TypeError('HeartbeatWebSocket: give it a URL'));
  expect(() => HeartbeatWebSocket.with({ debug: true })).toThrow('debug is called inspect here');
});

const roomOf = (socket: HeartbeatWebSocket) => lineOf(socket.connection!.actor).room;

test('what is nothing but a WebSocket has all the room there is, unless it is told', () => {
  expect(roomOf(hand({ retries: 0 }).socket)).toEqual({ messages: Infinity, bytes: Infinity });
  expect(roomOf(hand({ retries: 0, buffer: { bytes: 5 } }).socket)).toEqual({ messages: 1_000, bytes: 5 });
  expect(roomOf(hand({ retries: 1 }).socket)).toEqual({ messages: 1_000, bytes: 1_048_576 });
});

test('defaults and options are merged, one by one', () => {
  const Quick = HeartbeatWebSocket.with({ buffer: { bytes: 5 }, backoff: { initial: 7 }, idTimeout: 11 });
  const settingsOf = (options: HeartbeatWebSocketOptions) =>
    hand(options, Quick).socket.connection!.actor.getSnapshot().context.settings;
  expect(roomOf(hand({ buffer: { messages: 3 } }, Quick).socket)).toEqual({ messages: 3, bytes: 5 });
  expect(settingsOf({ backoff: { max: 9, initial: undefined } as never })).toMatchObject({
    backoff: { initial: 7, max: 9 },
    idTimeout: 11,
  });
  expect(settingsOf({ idTimeout: undefined as never })).toMatchObject({ backoff: { initial: 7 }, idTimeout: 11 });
  expect(settingsOf({ backoff: () => 5 }).backoff).toBeTypeOf('function');
  const Own = HeartbeatWebSocket.with({ backoff: () => 5 });
  expect(hand({ backoff: { max: 9 } }, Own).socket.connection!.actor.getSnapshot().context.settings).toMatchObject({
    backoff: { initial: 500, max: 9 },
  });
  expect(roomOf(hand({ buffer: { messages: 3 } }, Own).socket)).toEqual({ messages: 3, bytes: 1_048_576 });
});

test('what gives way in a full buffer is told, when the call is over', () => {
  const { socket, of, clock } = hand({ buffer: { messages: 1, overflow: 'drop-oldest' } });
  socket.send('old');
  socket.send('new');
  expect(of('dropped')).toEqual([]);
  clock.advance(0);
  expect(of('dropped')).toMatchObject([{ detail: { data: 'old', reason: 'overflow' } }]);
});

test('closed while it dials it has failed; while it waits to dial it has not', () => {
  const dialling = hand();
  dialling.socket.close();
  dialling.clock.advance(5_000);
  expect(dialling.of('error')).toHaveLength(1);
  expect(dialling.of('close')).toMatchObject([{ code: 1006, cause: 'user-closed', reconnecting: false }]);
  const waiting = hand();
  waiting.under().opens();
  waiting.clock.advance(10_000);
  waiting.under().ends(1001);
  waiting.clock.advance(0);
  expect(waiting.socket.state).toBe('reconnecting');
  waiting.socket.close();
  waiting.clock.advance(5_000);
  expect(waiting.of('error')).toEqual([]);
  expect(waiting.of('close').map(({ reconnecting }) => reconnecting)).toEqual([true, false]);
});

test('what was never sent stays in bufferedAmount, as what is sent too late', () => {
  const { socket, clock } = hand();
  socket.send('four');
  expect(socket.bufferedAmount).toBe(4);
  socket.close();
  clock.advance(5_000);
  expect(socket).toMatchObject({ readyState: 3, bufferedAmount: 4 });
  socket.send('more');
  expect(socket.bufferedAmount).toBe(8);
});

test.each([
  [[4_001, 'bye'], [[4_001, 'bye']]],
  [[], [[]]],
])('close(%j) says so to the socket beneath', (said, closed) => {
  const { socket, under, clock } = hand();
  under().opens();
  clock.advance(0);
  socket.close(...(said as []));
  expect(under().closed).toEqual(closed);
});

test('wanted again while it closes, it is dialled when the end has come; once, and not if it is closed again', () => {
  const { socket, under, of, clock } = hand();
  under().opens();
  socket.close();
  socket.reconnect();
  expect(socket.readyState).toBe(0);
  under().ends(1005);
  clock.advance(0);
  expect(of('close')).toHaveLength(1);
  expect(socket.readyState).toBe(0);
  under().opens();
  clock.advance(0);
  under().ends(1008);
  clock.advance(5_000);
  expect(socket.readyState).toBe(3);
  socket.reconnect();
  under().opens();
  clock.advance(0);
  socket.close();
  socket.reconnect();
  socket.close();
  under().ends(1005);
  clock.advance(5_000);
  expect(socket.readyState).toBe(3);
});

test('what happens during a call is told after it, in order, by one timer', () => {
  const { socket, events, under, clock } = hand();
  under().opens();
  clock.advance(10_000);
  events.length = 0;
  const timers = clock.pending.length;
  socket.reconnect();
  expect(events).toEqual([]);
  expect(clock.pending.length).toBeLessThanOrEqual(timers + 2);
  clock.advance(0);
  expect(events.map(({ type }) => type)).toEqual(['lost', 'close', 'state', 'state']);
  expect(events[1]).toMatchObject({ cause: 'user-reconnected', reconnecting: true });
});

/** Open, and something waits to be told: what comes now has to wait behind it. */
function keptWaiting() {
  const all = hand({ buffer: { messages: 1, overflow: 'drop-oldest' } });
  all.under().opens();
  all.clock.advance(10_000);
  all.under().bufferedAmount = 600_000;
  all.events.length = 0;
  all.socket.send('old');
  all.socket.send('new');
  return all;
}

test('a message waits behind what happened before it', () => {
  const { events, under, clock } = keptWaiting();
  under().hears('message');
  expect(events).toEqual([]);
  clock.advance(0);
  expect(events).toMatchObject([
    { type: 'dropped', detail: { data: 'old' } },
    { type: 'message', data: 'message' },
  ]);
  under().hears('at once');
  expect(events).toHaveLength(3);
});

test('closed before a message was told: it is not', () => {
  const { socket, of, under, clock } = keptWaiting();
  under().hears('message');
  socket.close();
  clock.advance(0);
  expect(of('message')).toEqual([]);
  expect(of('dropped')).toHaveLength(1);
});

test('closed before a loss was told: one close, the last', () => {
  const { socket, of, under, clock } = keptWaiting();
  under().breaks();
  socket.close();
  clock.advance(5_000);
  expect(of('lost')).toHaveLength(1);
  expect(of('close')).toMatchObject([{ cause: 'user-closed', reconnecting: false }]);
  expect(of('error')).toEqual([]);
});

test('closed before it was told to be open: it never was', () => {
  const { socket, of, under, clock } = hand({ buffer: { messages: 1, overflow: 'drop-oldest' } });
  socket.send('old');
  socket.send('new');
  under().opens();
  socket.close();
  clock.advance(0);
  expect(socket.readyState).toBe(2);
  expect(of('open')).toEqual([]);
  under().ends(1005);
  clock.advance(0);
  expect(of('close')).toMatchObject([{ cause: 'user-closed', reconnecting: false }]);
});

test('closed before a failed dial was told: no error', () => {
  const { socket, of, under, clock } = hand({ buffer: { messages: 1, overflow: 'drop-oldest' } });
  socket.send('old');
  socket.send('new');
  under().fails({});
  socket.close();
  clock.advance(5_000);
  expect(of('error')).toEqual([]);
  expect(of('close')).toHaveLength(1);
});

test('a dial that the user gives up for another one has not failed', () => {
  const { socket, of, under, clock } = hand();
  socket.reconnect();
  clock.advance(0);
  under().opens();
  clock.advance(0);
  expect(of('error')).toEqual([]);
  expect(of('open')).toHaveLength(1);
});

test('sent while it closes: too late, and not dropped', () => {
  const { socket, of, under, clock } = hand();
  under().opens();
  socket.close();
  socket.send('late');
  clock.advance(0);
  expect(of('dropped')).toEqual([]);
  expect(socket.bufferedAmount).toBe(4);
});

test('sent, or closed, when the line is lost and nobody was told: too late, and no error', () => {
  const warn = vi.spyOn(console, 'warn');
  onTestFinished(() => warn.mockRestore());
  const { socket, of, under, clock } = hand({ retries: 0 });
  under().opens();
  under().send = () => under().breaks();
  socket.send('x');
  const before = socket.bufferedAmount;
  socket.send('late');
  expect(socket).toMatchObject({ readyState: 1, bufferedAmount: before + 4 });
  socket.close();
  clock.advance(0);
  expect(of('error')).toEqual([]);
  expect(of('close')).toMatchObject([{ code: 1006, reconnecting: false }]);
  expect(warn).not.toHaveBeenCalled();
});

test('while its URL is asked for it has neither subprotocol nor extensions', () => {
  const { socket } = hand({}, HeartbeatWebSocket, () => new Promise(() => {}));
  expect(socket).toMatchObject({ url: '', protocol: '', extensions: '' });
});

test('its URL is what it was', () => {
  const url = new URL(nowhere);
  const { socket, under } = hand({ startClosed: true }, HeartbeatWebSocket, url);
  url.pathname = '/elsewhere';
  socket.reconnect();
  expect(under().given[0]).toBe(nowhere);
});

test('null is none; with `retries: 0` it is a subprotocol, by Web IDL', () => {
  expect(hand({}, HeartbeatWebSocket, nowhere, null).under().given[1]).toEqual([]);
  expect(hand({ retries: 0 }, HeartbeatWebSocket, nowhere, null).under().given[1]).toEqual(['null']);
});

test.each([null, undefined])('a function for subprotocols that answers %s has none', (none) => {
  expect(hand({}, HeartbeatWebSocket, nowhere, () => none).under().given[1]).toEqual([]);
});

test('its prototype is as Web IDL has it', () => {
  const { prototype } = HeartbeatWebSocket;
  expect(Object.keys(prototype)).not.toContain('constructor');
  expect(Object.keys(prototype)).toContain('send');
  expect(Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag)).toEqual({
    value: 'WebSocket',
    configurable: true,
    enumerable: false,
    writable: false,
  });
});

test('retryCount, as reconnecting-websocket counts: the next one included, and none on a line that is stable', () => {
  const { socket, under, clock } = hand({ backoff: { initial: 100, spread: 0 }, stableAfter: 5_000 });
  const counted: number[] = [];
  for (const type of ['open', 'error', 'close']) socket.addEventListener(type, () => counted.push(socket.retryCount));
  for (const _ of [1, 2]) {
    under().fails({});
    clock.advance(1_000);
  }
  under().opens();
  expect(counted).toEqual([1, 2, 2]);
  clock.advance(4_000);
  expect(socket.retryCount).toBe(2);
  clock.advance(2_000);
  expect(socket.retryCount).toBe(0);
  under().ends(1006, '', false);
  expect(socket.retryCount).toBe(1);
  clock.advance(1_000);
  under().fails({});
  expect(counted).toEqual([1, 2, 2, 1, 2]);
  socket.reconnect();
  under().opens();
  clock.advance(0);
  socket.reconnect();
  clock.advance(0);
  expect(socket.retryCount).toBe(0);
});

test('wanted again while it closes: a close, told while it is connecting; unless a listener closes it again', () => {
  for (const isClosedAgain of [false, true]) {
    const { socket, under, clock, of } = hand();
    under().opens();
    clock.advance(0);
    socket.close();
    socket.reconnect();
    const states: number[] = [];
    socket.addEventListener('close', () => {
      states.push(socket.readyState);
      if (isClosedAgain) socket.close();
    });
    const first = under();
    first.ends(1005);
    clock.advance(0);
    expect(states).toEqual([0]);
    expect(of('close')).toMatchObject([{ reconnecting: true }]);
    expect(socket.readyState).toBe(isClosedAgain ? 3 : 0);
    expect(under() === first).toBe(isClosedAgain);
  }
});

test('close() after reconnect() while it closes: closing still; reconnect() in a listener of the end: connecting', () => {
  const { socket, under, clock, of } = hand();
  under().opens();
  clock.advance(0);
  socket.close();
  socket.reconnect();
  socket.close();
  expect(socket.readyState).toBe(2);
  socket.addEventListener('close', () => socket.reconnect(), { once: true });
  under().ends(1005);
  clock.advance(0);
  expect(socket.readyState).toBe(0);
  expect(of('error'), 'it had been open').toEqual([]);
});

test.each([
  ['ECONNRESET', 'ECONNRESET'],
  ['EVIL words', undefined],
  ['no ECONNRESET', undefined],
])('an error with the message %j has the code %s', (message, code) => {
  const { socket, under } = hand({ retries: 0 });
  let error: { code?: string } | undefined;
  socket.addEventListener('error', (event) => {
    error = event.error;
  });
  under().fails({ message });
  expect(error).toBeInstanceOf(Error);
  expect(error?.code).toBe(code);
});
