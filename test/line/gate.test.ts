/**
 * A connection step by step, on a socket that is moved by hand, in stepped time: what goes to the socket, what waits and what is refused, what is
 * counted, who hears of it. What the adapter does to the socket itself is told in visit.test.ts.
 */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createActor } from 'xstate';

import type { Connection, ConnectOptions, Frame } from '../../adapters/index.ts';
import { connectionInput, lineOf } from '../../adapters/index.websocket.ts';
import { idHeartbeat } from '../../adapters/protocols/id-heartbeat.ts';
import { plain } from '../../adapters/protocols/plain.ts';
import { connectionMachine } from '../../machines/connection.ts';
import { alive, dialled, nowhere } from '../helpers/puppet.ts';
import { eventsOf, uncaughtDuring } from '../helpers/support.ts';
import { steppedClock } from '../kit/clock.ts';

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

test('closed by who inspects the very step that names the session: what was held is not sent', () => {
  const { connection, socket } = dialled({
    protocol: idHeartbeat(),
    inspect: (event) => {
      if (event.type === '@xstate.action' && event.action.type === 'xstate.sendTo') connection.close();
    },
  });
  const closed = eventsOf(connection, 'closed');
  connection.send('held');
  socket().opens();
  socket().hears('{"id":1,"now_time":0}');
  socket().ends(1000);
  expect(socket().sent).toEqual([]);
  expect(closed).toMatchObject([{ cause: 'user-closed', undelivered: { messages: 1, bytes: 4 } }]);
});

describe('the accounts', () => {
  const nothing = { messages: 0, bytes: 0 };

  test('of a line that was never dialled', () => {
    const actor = createActor(connectionMachine, { input: connectionInput(nowhere) });
    const line = lineOf(actor);
    expect(line.sent).toEqual(nothing);
    expect(line.unconfirmed).toEqual(nothing);
    expect(line.held).toEqual(nothing);
    expect(line.room).toEqual({ messages: 1_000, bytes: 1_048_576 });
    expect(line.bufferedAmount).toBe(0);
    expect(actor.getSnapshot().context.line.silentFor()).toBe(0);
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

describe('a reader who is behind', () => {
  const buffers: [string, ConnectOptions['buffer'], Frame[]][] = [
    ['messages', { messages: 2 }, ['b', 'c']],
    ['bytes', { bytes: 4 }, ['bc', new ArrayBuffer(2)]],
  ];

  async function behind(buffer: ConnectOptions['buffer'], frames: Frame[]) {
    const { connection, socket } = alive({ buffer: buffer! });
    const reader = connection[Symbol.asyncIterator]();
    const first = reader.next();
    socket().hears('a');
    expect(await first).toEqual({ done: false, value: 'a' });
    for (const frame of frames) socket().hears(frame);
    return { connection, socket, reader };
  }

  test.each(buffers)('has all that may wait, counted by %s', async (_, buffer, frames) => {
    const { connection, socket, reader } = await behind(buffer, frames);
    for (const value of frames) expect(await reader.next()).toEqual({ done: false, value });
    const next = reader.next();
    socket().hears('more');
    expect(await next).toEqual({ done: false, value: 'more' });
    const last = reader.next();
    connection.close();
    socket().ends(1000);
    expect(await last).toEqual({ done: true, value: undefined });
  });

  test.each(buffers)('by one more has what could wait, and is told: %s', async (_, buffer, frames) => {
    const { reader } = await behind(buffer, [...frames, 'x']);
    for (const value of frames) expect(await reader.next()).toEqual({ done: false, value });
    await expect(reader.next()).rejects.toEqual(
      new RangeError(
        'for await: the reader fell behind by more than buffer.messages or buffer.bytes; read faster, or raise them',
      ),
    );
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  test('who stops reading stops listening', async () => {
    const { connection, socket } = alive();
    const on = connection.on.bind(connection);
    const undone: string[] = [];
    connection.on = (type, listener) => {
      const undo = on(type, listener);
      return () => {
        undone.push(type);
        undo();
      };
    };
    const reader = connection[Symbol.asyncIterator]();
    const first = reader.next();
    socket().hears('a');
    await first;
    expect(undone).toEqual([]);
    await reader.return();
    expect(undone).toEqual(['message', 'closed']);
  });

  test('of a connection that is closed has what came before', async () => {
    const { connection, socket, reader } = await behind({}, ['b']);
    connection.close();
    socket().ends(1000);
    expect(await reader.next()).toEqual({ done: false, value: 'b' });
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });
});

describe('closed', () => {
  const one = { messages: 1, bytes: 2 };
  const none = { messages: 0, bytes: 0 };
  type Close = (subject: ReturnType<typeof alive>, abort: AbortController) => void;

  test.each<[string, Close, unconfirmed: typeof one]>([
    [
      'by us, and answered: all has arrived',
      ({ connection, socket }) => (connection.close(), socket().ends(1000)),
      none,
    ],
    ['by a signal, and answered: the same', ({ socket }, abort) => (abort.abort(), socket().ends(1000)), none],
    ['by us, and not answered: who knows', ({ connection, socket }) => (connection.close(), socket().breaks()), one],
    ['by the peer, for good: who knows', ({ socket }) => socket().ends(1008), one],
  ])('%s', (_, close, unconfirmed) => {
    const abort = new AbortController();
    const subject = alive({ signal: abort.signal });
    const closed = eventsOf(subject.connection, 'closed');
    subject.connection.send('hi');
    close(subject, abort);
    expect(closed).toMatchObject([{ unconfirmed, undelivered: none }]);
  });

  test('it takes nothing more, and complains of nothing', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    const { connection } = dialled();
    connection.close();
    expect(connection.state).toBe('closed');
    connection.reconnect();
    connection.close();
    expect(warn).not.toHaveBeenCalled();
  });
});

test('who waited longest is dropped, and told', () => {
  const { connection } = dialled({ buffer: { messages: 1, overflow: 'drop-oldest' } });
  const dropped = eventsOf(connection, 'dropped');
  connection.send('one');
  connection.send('two');
  expect(dropped).toEqual([{ data: 'one', reason: 'overflow' }]);
});

test.each<[string, ConnectOptions['buffer'], sent: string[], told: string[]]>([
  [
    'room was made',
    { bytes: 10, overflow: 'drop-oldest' },
    ['aaaa', 'bbbb', 'cccccccccc'],
    ['aaaa overflow', 'bbbb overflow', 'cccccccccc closed'],
  ],
  ['they grew old', { maxAge: 1_000 }, ['a', 'b', 'c'], ['a expired', 'b expired', 'c expired']],
])(
  'closed by whoever hears of the first one dropped: each is told of, before the end, as %s',
  (_, buffer, sent, expected) => {
    const { connection, clock } = dialled({ buffer });
    const told: string[] = [];
    connection.on('dropped', ({ data, reason }) => {
      told.push(`${data as string} ${reason}`);
      connection.close();
    });
    connection.on('closed', () => told.push('closed'));
    for (const text of sent) expect(connection.send(text)).toBe(true);
    clock.advance(1_000);
    expect(told).toEqual([...expected, 'closed']);
    expect([connection.bufferedAmount, connection.send('after')]).toEqual([0, false]);
  },
);

describe("the server's clock", () => {
  test.each([true, false])('is told against the wall clock, not ours: %s', (isOurs) => {
    const stepped = steppedClock();
    const clock = isOurs ? { ...stepped, wallTime: () => stepped.now() + 5_000 } : undefined;
    const { connection, socket } = dialled({ protocol: idHeartbeat(), clock });
    socket().opens();
    expect(connection.clockOffset).toBeUndefined();
    const wallTime = isOurs ? 1_005_000 : Date.now();
    socket().hears(`{"id":1,"now_time":${wallTime + 3_600_000}}`);
    expect(connection.clockOffset).toBeGreaterThan(3_590_000);
    expect(connection.clockOffset).toBeLessThan(3_610_000);
    if (isOurs) expect(connection.clockOffset).toBe(3_600_000);
    connection.close();
  });

  /** A server whose first answer is from the past. */
  function warned(listen: (connection: Connection) => void) {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    const { connection, clock, socket } = dialled({ protocol: idHeartbeat(), heartbeat: { interval: 1_000 } });
    listen(connection);
    socket().opens();
    socket().hears('{"id":1,"now_time":1000000000}');
    clock.advance(1_000);
    socket().hears('{"heartbeat":1}');
    expect(connection.clockOffset).toBeUndefined();
    return warn.mock.calls;
  }

  test.each<[string, (connection: Connection) => void]>([
    ['nobody', () => {}],
    ['nobody any more', (connection) => connection.on('warning', () => {})()],
  ])('is warned of on the console where %s listens', (_, listen) => {
    expect(warned(listen)).toEqual([[expect.stringMatching(/^systole: the first answer/)]]);
  });

  test('is warned of there no more where somebody listens', () => {
    const codes: string[] = [];
    expect(warned((connection) => connection.on('warning', ({ code }) => codes.push(code)))).toEqual([]);
    expect(codes).toEqual(['clock-distrusted']);
  });
});

test('an observer may inspect, also one that does not listen', async () => {
  let events = 0;
  dialled({ inspect: { next: () => void (events += 1) } });
  expect(events).toBeGreaterThan(0);
  expect(await uncaughtDuring(async () => void dialled({ inspect: {} }))).toEqual([]);
});

test.each(['a function', 'an observer'])(
  'what inspects as %s and throws stops no heart, and its error surfaces',
  async (kind) => {
    const oops = new Error('thrown by inspect');
    let isFailing = false;
    const next = () => {
      if (isFailing) throw oops;
    };
    const errors = await uncaughtDuring(async () => {
      const { connection, clock } = alive({
        protocol: plain(),
        heartbeat: { interval: 5_000, timeout: 1_000 },
        inspect: kind === 'a function' ? next : { next },
      });
      isFailing = true;
      clock.advance(5_000);
      isFailing = false;
      clock.advance(500);
      expect(connection.state).toBe('stale');
    });
    expect(new Set(errors)).toEqual(new Set([oops]));
  },
);

test('chance that throws is none, and its error surfaces', async () => {
  const oops = new Error('thrown by random');
  const errors = await uncaughtDuring(async () => {
    const { connection, clock, socket } = alive({
      random: () => {
        throw oops;
      },
    });
    socket().breaks();
    expect(connection.state).toBe('reconnecting');
    clock.advance(1_000);
    expect(connection.state).toBe('connecting');
  });
  expect(errors).toEqual([oops]);
});
