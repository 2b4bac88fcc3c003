/**
 * What goes to the socket, what waits and what is refused, step by step: on a socket whose room is set by hand, in stepped time.
 */
import { describe, expect, test } from 'vitest';

import { connect, type ConnectOptions } from '../adapters/index.ts';
import { connectionInput, type DataPlane, lineOf } from '../adapters/index.websocket.ts';
import { idHeartbeat } from '../adapters/protocols/id-heartbeat.ts';
import { silent } from '../adapters/protocols/silent.ts';
import type { WebSocketLike } from '../adapters/visit.ts';
import type { Line } from '../machines/events.ts';
import { steppedClock } from './kit/clock.ts';

/** A WebSocket that does what the test does to it. */
class Hand implements WebSocketLike {
  static made: Hand[] = [];
  readyState = 0;
  bufferedAmount = 0;
  binaryType = 'blob';
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onclose: WebSocketLike['onclose'] = null;
  onerror: WebSocketLike['onerror'] = null;
  readonly sent: unknown[] = [];

  readonly given: unknown[];

  constructor(...given: unknown[]) {
    this.given = given;
    Hand.made.push(this);
  }

  send(data: unknown): void {
    this.sent.push(data);
  }

  close(): void {
    this.readyState = 2;
  }

  opens(): void {
    this.readyState = 1;
    this.onopen?.({} as never);
  }

  hears(data: string): void {
    this.onmessage?.({ data } as never);
  }

  breaks(): void {
    this.readyState = 3;
    this.onclose?.({ code: 1006, reason: '', wasClean: false } as never);
  }
}

const nowhere = 'ws://127.0.0.1:9/';

/** A connection that has dialled. */
function dialled(options: ConnectOptions = {}) {
  const clock = steppedClock();
  const connection = connect(nowhere, {
    WebSocket: Hand,
    clock,
    random: () => 0.5,
    protocol: silent(),
    lifecycle: false,
    buffer: { bytes: 100 },
    ...options,
  });
  const told: string[] = [];
  connection.on('drain', () => told.push('drain'));
  return { connection, clock, told, line: lineOf(connection.actor), socket: () => Hand.made.at(-1)! };
}

function alive(options: ConnectOptions = {}) {
  const subject = dialled(options);
  subject.socket().opens();
  return subject;
}

/** How often a full socket is looked at, ms. */
const pace = 20;

test('a class is given the URL and the subprotocols, and nothing that only npm ws would understand', () => {
  expect(dialled({ protocols: ['mine'] }).socket().given).toEqual([nowhere, ['mine']]);
});

test('a clock that tells no other time tells the wall time too', () => {
  const { clock, connection } = dialled();
  expect(connection.actor.getSnapshot().context.line.wallTime()).toBe(clock.now());
});

describe('a socket is given', () => {
  test.each([
    ['reject', 100],
    ['drop-oldest', 50],
  ] as const)('%s: no more than %i of 100 bytes at a time', (overflow, share) => {
    const { connection, socket } = alive({ buffer: { bytes: 100, overflow } });
    socket().bufferedAmount = share - 20;
    expect(connection.send('x'.repeat(20))).toBe(true);
    expect(socket().sent).toHaveLength(1);
    connection.send('x'.repeat(21));
    expect(socket().sent).toHaveLength(1);
  });

  test('nothing before its peer has a name', () => {
    const { connection, socket } = dialled({ protocol: idHeartbeat() });
    socket().opens();
    expect(connection.send('early')).toBe(true);
    expect(socket().sent).toEqual([]);
    socket().hears('{"id":1,"now_time":0}');
    expect(socket().sent).toEqual(['early']);
  });

  test('nothing that came later than what waits, also where there is room again', () => {
    const { connection, clock, socket } = alive({ buffer: { bytes: 100, overflow: 'drop-oldest' } });
    socket().bufferedAmount = 40;
    expect(connection.send('x'.repeat(11))).toBe(true);
    expect(connection.bufferedAmount).toBe(51);
    socket().bufferedAmount = 0;
    expect(connection.send('later')).toBe(true);
    expect(socket().sent).toEqual([]);
    clock.advance(pace);
    expect(socket().sent).toEqual(['x'.repeat(11), 'later']);
  });
});

describe('room', () => {
  test('is told of as soon as half of it is free', () => {
    const { connection, clock, told, socket } = alive();
    socket().bufferedAmount = 100;
    expect(connection.send('x')).toBe(false);
    socket().bufferedAmount = 51;
    clock.advance(pace);
    expect(told).toEqual([]);
    socket().bufferedAmount = 50;
    clock.advance(pace);
    expect(told).toEqual(['drain']);
    expect(clock.pending).not.toContain(pace);
  });

  test('is looked for by one timer, while something waits and there is a line', () => {
    const { connection, clock, socket } = alive();
    const looks = () => clock.pending.filter((ms) => ms === pace).length;
    expect(looks()).toBe(0);
    socket().bufferedAmount = 100;
    connection.send('x');
    connection.send('y');
    expect(looks()).toBe(1);
    socket().breaks();
    expect(connection.state).toBe('reconnecting');
    expect(looks()).toBe(0);
    connection.close();
  });

  test('is not looked for once closed', () => {
    const { connection, clock, socket } = alive();
    socket().bufferedAmount = 100;
    connection.send('x');
    connection.close();
    expect(clock.pending).not.toContain(pace);
    expect(connection.send('y')).toBe(false);
  });
});

test('closed in a listener of open: nothing more is accepted, and what lay ready is not heard', () => {
  const { connection, socket } = dialled({ protocol: idHeartbeat() });
  const heard: unknown[] = [];
  connection.on('message', (message) => heard.push(message));
  connection.on('open', () => {
    connection.close();
    heard.push(connection.send('too late'));
  });
  socket().opens();
  socket().hears('before the name');
  socket().hears('{"id":1,"now_time":0}');
  socket().hears('behind it');
  expect(heard).toEqual([false]);
});

describe('the accounts', () => {
  const nothing = { messages: 0, bytes: 0 };

  test('of a line that was never dialled', () => {
    const line = connectionInput(nowhere).line as Line & DataPlane;
    expect(line.sent).toEqual(nothing);
    expect(line.unconfirmed).toEqual(nothing);
    expect(line.held).toEqual(nothing);
    expect(line.room).toEqual({ messages: 1_000, bytes: 1_048_576 });
    expect(line.silentFor()).toBe(0);
    expect(line.bufferedAmount).toBe(0);
  });

  test('what was sent is counted over all visits, what is unconfirmed of the last one', () => {
    const { connection, clock, line, socket } = alive();
    connection.send('one');
    connection.send('five!');
    expect(line.sent).toEqual({ messages: 2, bytes: 8 });
    socket().breaks();
    connection.send('held');
    expect(line.held).toEqual({ messages: 1, bytes: 4 });
    clock.advance(1_000);
    socket().opens();
    expect(line.sent).toEqual({ messages: 3, bytes: 12 });
    expect(line.unconfirmed).toEqual({ messages: 1, bytes: 4 });
  });

  test('silence is counted by the wall clock, from the last frame', async () => {
    const clock = steppedClock();
    let slept = 0;
    const { connection, socket } = alive({ clock: { ...clock, wallTime: () => clock.now() + slept } });
    const { line } = connection.actor.getSnapshot().context;
    clock.advance(300);
    slept = 5_000;
    expect(line.silentFor()).toBe(5_300);
    await Promise.resolve(); // frames of one turn share one reading of the clock
    socket().hears('news');
    expect(line.silentFor()).toBe(0);
  });

  test('a heartbeat is timed by the monotonic clock', () => {
    const { connection, clock, socket } = dialled({ protocol: idHeartbeat(), heartbeat: { interval: 1_000 } });
    socket().opens();
    socket().hears('{"id":1,"now_time":0}');
    clock.advance(1_000);
    expect(socket().sent).toEqual(['heartbeat']);
    clock.advance(70);
    socket().hears('{"heartbeat":0}');
    expect(connection.roundTripTime).toBe(70);
  });
});

test.each([
  [0, 0],
  [0.25, 0.25],
  [1 - Number.EPSILON, 1 - Number.EPSILON],
  [1, 0.5],
  [7, 0.5],
  [-0.1, 0.5],
  [Number.NaN, 0.5],
])('chance that is %d counts as %d', (chance, counts) => {
  expect(connectionInput(nowhere, { random: () => chance }).line.random()).toBe(counts);
});
