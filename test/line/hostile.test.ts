/**
 * Servers that mean no good, or know no better: each ends in a clear outcome, nothing is thrown, and nobody is dialled in a hot loop.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';

import type { ConnectOptions, Frame, Protocol } from '../../adapters/index.ts';
import { plain } from '../../adapters/protocols/plain.ts';
import { silent } from '../../adapters/protocols/silent.ts';
import {
  eventsOf,
  listen,
  messagesOf,
  open,
  speakIdHeartbeat,
  statesOf,
  textOf,
  uncaughtDuring,
  until,
  untilState,
} from '../helpers/support.ts';
import { rubbish, wrongNames } from '../kit/rubbish.ts';

// Nothing that a server does may be thrown into a handler.

const uncaught: unknown[] = [];
const hear = (error: unknown) => void uncaught.push(error);
const atFirst = prototypes();

beforeAll(() => {
  process.on('uncaughtException', hear);
  process.on('unhandledRejection', hear);
});

afterAll(() => {
  process.off('uncaughtException', hear);
  process.off('unhandledRejection', hear);
});

/** What a poisoned prototype would show. */
function prototypes(): unknown[] {
  return [Object.prototype, Array.prototype, String.prototype, Function.prototype].map((each) =>
    Reflect.ownKeys(each).map(String),
  );
}

const heartbeat = { interval: 200, timeout: 200 };
/** Waits of 50, 100, 200, 200 … */
const paced: ConnectOptions = { backoff: { initial: 100, max: 400, factor: 2 }, random: () => 0 };
const floors = [50, 100, 200];

/** None of these names a session, and none is an answer. */
const nonsense = [...Object.values(rubbish), ...Object.values(wrongNames)].map((data): Frame =>
  typeof data === 'string' ? data : Uint8Array.from(data).buffer,
);

const roomy: ConnectOptions = { buffer: { messages: 10_000, bytes: 2 ** 26 } };

describe('rubbish', () => {
  test('before the id: it names nobody, and waits for the app', async () => {
    let socket: WebSocket | undefined;
    const { url } = await listen((each) => {
      socket = each;
      for (const frame of nonsense) each.send(frame);
      speakIdHeartbeat(each, 'me');
    });
    const connection = open(url, { ...roomy, heartbeat });
    const messages = messagesOf(connection);
    const states = statesOf(connection);
    expect(await until(connection, 'open')).toEqual({ id: 'me' });
    const last = until(connection, 'message', (message) => message === 'last');
    socket?.send('last');
    await last;
    expect(messages).toEqual([...nonsense, 'last']);
    expect(states).toEqual(['connecting', 'awaiting-id', 'alive']);
    await closes(connection);
  });

  test('alive: it reaches the app as it is, and the heart beats on', async () => {
    let asked = 0;
    const { url } = await listen((socket) => {
      socket.on('message', () => {
        // Before each answer, and where one is due.
        for (const frame of nonsense) socket.send(frame);
        asked += 1;
      });
      speakIdHeartbeat(socket, 'me');
      for (const frame of nonsense) socket.send(frame);
    });
    const connection = open(url, { ...roomy, heartbeat: { interval: 200, timeout: 1_000 } });
    const messages = messagesOf(connection);
    const states = statesOf(connection);
    await until(connection, 'open');
    await expect.poll(() => asked, { timeout: 20_000 }).toBeGreaterThan(1);
    await expect.poll(() => connection.roundTripTime, { timeout: 20_000 }).toBeTypeOf('number');
    await expect.poll(() => messages.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(nonsense.length * 2);
    expect(messages.slice(0, nonsense.length * 2)).toEqual([...nonsense, ...nonsense]);
    expect(states).not.toContain('reconnecting');
    expect(connection.id).toBe('me');
    await closes(connection);
  });

  test('and nothing else: unnamed, and dialled again', async () => {
    const { url, accepted } = await listen((socket) => {
      for (const frame of nonsense) socket.send(frame);
    });
    const connection = open(url, { ...roomy, ...paced, idTimeout: 200 });
    const messages = messagesOf(connection);
    const retries = eventsOf(connection, 'retry');
    await until(connection, 'retry', ({ attempt }) => attempt === 2);
    expect(retries.map(({ cause }) => cause)).toEqual(['unnamed', 'unnamed']);
    expect(messages).toEqual([]);
    expect(accepted).toHaveLength(2);
    await closes(connection);
  });

  test('a flood of messages before the id: refused, and dialled again at the pace of backoff', async () => {
    const { url, accepted } = await listen((socket) => {
      for (let i = 0; i < 5_000; i += 1) socket.send(`news ${i}`);
      speakIdHeartbeat(socket, 'me');
    });
    const connection = open(url, { ...paced, buffer: { messages: 100 } });
    const messages = messagesOf(connection);
    expect(await paceOf(connection, accepted)).toEqual(pace('refused'));
    expect(messages).toEqual([]);
  });

  test('a flood of bytes before the id: refused', async () => {
    const { url } = await listen((socket) => {
      for (let i = 0; i < 20; i += 1) socket.send('x'.repeat(10_000));
      speakIdHeartbeat(socket, 'me');
    });
    const connection = open(url, { ...paced, buffer: { bytes: 100_000 } });
    expect(await until(connection, 'retry')).toMatchObject({
      cause: 'refused',
      reason: 'more messages before the session was named than buffer allows',
    });
    await closes(connection);
  });

  test('as much as the buffer allows before the id is kept', async () => {
    const { url } = await listen((socket) => {
      for (let i = 0; i < 100; i += 1) socket.send(`${i}`);
      speakIdHeartbeat(socket, 'me');
    });
    const connection = open(url, { buffer: { messages: 100 } });
    const messages = messagesOf(connection);
    await until(connection, 'open');
    await untilState(connection, 'alive');
    expect(messages).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
  });
});

describe('the name', () => {
  const times = ['1e300', '1e999', '"-271822"', '"yesterday"', '{}', '[]', 'null', 'true', '""', '8640000000000001'];
  test.each(times)('with the time %s: named, and the time is none', async (time) => {
    const { url } = await listen((socket) => {
      socket.on('message', () => socket.send(`{"heartbeat":${time}}`));
      socket.send(`{"id":"me","now_time":${time}}`);
    });
    const connection = open(url, { heartbeat });
    const warnings = eventsOf(connection, 'warning');
    const states = statesOf(connection);
    expect(await until(connection, 'open')).toEqual({ id: 'me' });
    await expect.poll(() => connection.roundTripTime, { timeout: 20_000 }).toBeTypeOf('number');
    expect(connection.clockOffset).toBeUndefined();
    expect(warnings).toEqual([]);
    expect(states).not.toContain('reconnecting');
  });

  test.each(['8.64e15', '-8.64e15', '"+275760-09-13"', '"-271821-04-20"', '0', '1e-300'])(
    'with the time %s: named, and the offset is finite',
    async (time) => {
      const { url } = await listen((socket) => socket.send(`{"id":"me","now_time":${time}}`));
      const connection = open(url, { heartbeat: { interval: 5_000 } });
      await until(connection, 'open');
      await untilState(connection, 'alive');
      expect(Number.isFinite(connection.clockOffset)).toBe(true);
    },
  );

  test('with fields of a fact: it is a name, and no more', async () => {
    const { url } = await listen((socket) => {
      socket.send(
        '{"type":"user.closed","id":"me","now_time":0,"receivedAt":1e300,"interval":1,"serverTime":7,"cause":"aborted"}',
      );
    });
    const connection = open(url, { heartbeat: { interval: 5_000 } });
    const states = statesOf(connection);
    expect(await until(connection, 'open')).toEqual({ id: 'me' });
    expect(states).not.toContain('closing');
    expect(connection.actor.getSnapshot().context.interval).toBe(5_000);
    expect(connection.clockOffset).toBeLessThan(-1e12);
  });

  test.each(['__proto__', 'constructor', 'toString', '\ud800', '\0', '<b>'])(
    '%s is a name like any other',
    async (id) => {
      const { url } = await listen((socket) => socket.send(JSON.stringify({ id, now_time: 0 })));
      expect(await until(open(url), 'open')).toEqual({ id });
    },
  );
});

describe('a seeded fuzz', () => {
  /** mulberry32 */
  const random = (seed: number) => () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };

  const atoms =
    '{ } [ ] " , : \\ id now_time heartbeat type user.closed xstate.stop __proto__ null true 0 -1 1e999 \u0000 \ud83d \ude00 ä'.split(
      ' ',
    );
  const templates = [
    '{"id":"x","now_time":1}',
    '{"heartbeat":1}',
    '{"heartbeat":1,"id":"x"}',
    '{ "heartbeat" : "2026-11-23" }',
    '{"type":"user.closed","code":1000}',
    'heartbeat',
  ];

  const frames = (seed: number, count: number): Frame[] => {
    const next = random(seed);
    const pick = <T>(from: ArrayLike<T>): T => from[Math.floor(next() * from.length)] as T;
    return Array.from({ length: count }, () => {
      const kind = next();
      if (kind < 0.2) return Uint8Array.from({ length: next() * 50 }, () => next() * 256).buffer;
      if (kind < 0.6) return Array.from({ length: next() * 12 }, () => pick(atoms)).join('');
      const characters = Array.from(pick(templates));
      for (let i = next() * 3; i > 0; i -= 1) characters.splice(next() * characters.length, next() * 3, pick(atoms));
      return characters.join('');
    });
  };

  /** What the wire makes of it: a lone surrogate becomes U+FFFD. */
  const onWire = (frame: Frame) => (typeof frame === 'string' ? Buffer.from(frame).toString() : frame);

  /** Written apart from the code under test: only an answer with nothing in it but `heartbeat` is not the app's. */
  const isApps = (frame: Frame): boolean => {
    if (typeof frame !== 'string' || !/^\{ ?"heartbeat"/.test(frame)) return true;
    try {
      return Object.keys(JSON.parse(frame) as object).length !== 1;
    } catch {
      return true;
    }
  };
  const isName = (frame: Frame): boolean => {
    try {
      const { id, now_time } = JSON.parse(frame as string) as { id: unknown; now_time: unknown };
      return id !== undefined && now_time !== undefined;
    } catch {
      return false;
    }
  };

  test.each([1, 2, 3])('seed %i: before and after the name, every frame is accounted for', async (seed) => {
    const early = frames(seed, 1_500)
      .map(onWire)
      .filter((frame) => typeof frame !== 'string' || !isName(frame));
    const late = frames(seed + 1_000, 1_500).map(onWire);
    const { url } = await listen((socket) => {
      for (const frame of early) socket.send(frame);
      speakIdHeartbeat(socket, 'me');
      for (const frame of late) socket.send(frame);
      socket.send('last');
    });
    const connection = open(url, { ...roomy, heartbeat: { interval: 20_000 } });
    const messages = messagesOf(connection);
    const states = statesOf(connection);
    await until(connection, 'message', (message) => message === 'last');
    expect(late.filter((frame) => !isApps(frame)).length).toBeGreaterThan(0);
    expect(messages).toEqual([...early, ...late.filter(isApps), 'last']);
    expect(states).toEqual(['connecting', 'awaiting-id', 'alive']);
    await closes(connection);
  });
});

describe('a server that accepts and closes at once', () => {
  test.each([1002, 1003, 1007, 1008, 1010, 3000, 3003])('with %i: closed, fatal, after one dial', async (code) => {
    const { url, accepted } = await listen((socket) => socket.close(code, 'go away'));
    const connection = open(url, paced);
    const retry = until(connection, 'retry');
    expect(await until(connection, 'closed')).toMatchObject({
      cause: 'fatal',
      code,
      reason: 'go away',
      wasClean: true,
    });
    expect(await retry).toMatchObject({ cause: 'peer-closed', nextDialIn: undefined });
    expect(accepted).toHaveLength(1);
  });

  test.each([1000, 1001, 1011, 1012, 1014, 3001, 4000, 4999])(
    'with %i: dialled at the pace of backoff',
    async (code) => {
      const { url, accepted } = await listen((socket) => socket.close(code));
      expect(await paceOf(open(url, paced), accepted)).toEqual(pace('peer-closed'));
    },
  );

  test('without a code, or without a word: the same', async () => {
    const { url, accepted } = await listen((socket, visit) => (visit % 2 === 0 ? socket.terminate() : socket.close()));
    expect(await paceOf(open(url, paced), accepted)).toEqual(pace('peer-closed'));
  });

  test('after the naming: the same, for it was not stable', async () => {
    const { url, accepted } = await listen((socket, visit) => {
      speakIdHeartbeat(socket, `${visit}`);
      socket.close(1012);
    });
    const connection = open(url, paced);
    const lost = eventsOf(connection, 'lost');
    await until(connection, 'lost', () => accepted.length === 4);
    expect(lost.map(({ nextDialIn }) => nextDialIn)).toEqual([...floors, 200]);
    expect(tooSoon(accepted)).toEqual([]);
    await closes(connection);
  });

  test('with 1013: in no less than five seconds', async () => {
    const { url, accepted } = await listen((socket) => socket.close(1013));
    const { nextDialIn, cause } = await until(open(url), 'retry');
    expect(cause).toBe('peer-closed');
    expect(nextDialIn).toBeGreaterThanOrEqual(5_000);
    expect(nextDialIn).toBeLessThanOrEqual(6_000);
    expect(accepted).toHaveLength(1);
  });

  test('until the retries are used up', async () => {
    const { url, accepted } = await listen((socket) => socket.close(1011));
    const connection = open(url, { ...paced, retries: 2 });
    expect(await until(connection, 'closed')).toMatchObject({ cause: 'retries-exhausted', code: 1011 });
    expect(accepted).toHaveLength(3);
  });

  test('unless shouldReconnect says otherwise, either way', async () => {
    const { url, accepted } = await listen((socket, visit) => socket.close(visit === 1 ? 1008 : 1000));
    const connection = open(url, { ...paced, shouldReconnect: ({ code }) => code === 1008 });
    expect(await until(connection, 'closed')).toMatchObject({ cause: 'fatal', code: 1000 });
    expect(accepted).toHaveLength(2);
  });
});

describe('a server that goes silent', () => {
  test('after accepting: dial-timeout', async () => {
    const { url, accepted } = await tcp(() => {});
    expect(await paceOf(open(url, { ...paced, connectTimeout: 120 }), accepted)).toEqual(pace('dial-timeout'));
  });

  test('in the middle of its answer: dial-timeout', async () => {
    const { url, accepted } = await tcp((socket) => socket.write('HTTP/1.1 101 Switching Pro'));
    expect(await paceOf(open(url, { ...paced, connectTimeout: 120 }), accepted)).toEqual(pace('dial-timeout'));
  });

  test('letter by letter: dial-timeout', async () => {
    const { url, accepted } = await tcp((socket) => {
      const timer = setInterval(() => socket.write('H'), 20);
      socket.on('close', () => clearInterval(timer));
    });
    const { cause } = await until(open(url, { ...paced, connectTimeout: 100 }), 'retry');
    // A parser that reads more than the first letter has refused it.
    expect(['dial-timeout', 'refused']).toContain(cause);
    expect(accepted.length).toBeGreaterThan(0);
  });

  test('once open: unnamed', async () => {
    const { url, accepted } = await listen();
    expect(await paceOf(open(url, { ...paced, idTimeout: 120 }), accepted)).toEqual(pace('unnamed'));
  });

  test('once it has named: silent', async () => {
    const { url } = await listen((socket) => speakIdHeartbeat(socket, 'me', { answers: () => false }));
    const connection = open(url, { heartbeat });
    const states = statesOf(connection);
    expect(await until(connection, 'lost')).toMatchObject({ cause: 'silent', nextDialIn: 0 });
    expect(states).toEqual(['connecting', 'awaiting-id', 'alive', 'stale', 'reconnecting']);
    await closes(connection);
  });

  test('after one beat: silent', async () => {
    let answers = 0;
    const { url } = await listen((socket) => speakIdHeartbeat(socket, 'me', { answers: () => ++answers === 1 }));
    const connection = open(url, { heartbeat });
    const states = statesOf(connection);
    expect(await until(connection, 'lost')).toMatchObject({ cause: 'silent' });
    expect(connection.roundTripTime).toBeTypeOf('number');
    expect(states).toEqual(['connecting', 'awaiting-id', 'alive', 'stale', 'reconnecting']);
  });

  test('as it is closed: closed all the same, after closeTimeout', async () => {
    const { url } = await tcp(webSocketByHand());
    const connection = open(url, { protocol: silent(), closeTimeout: 150 });
    await until(connection, 'open');
    const startedAt = performance.now();
    const closed = until(connection, 'closed');
    connection.close(4000, 'enough');
    expect(connection.state).toBe('closing');
    expect(await closed).toMatchObject({ cause: 'user-closed', code: 1006, wasClean: false });
    expect(performance.now() - startedAt).toBeGreaterThan(140);
  });
});

describe('a server that refuses the upgrade and says when to come back', () => {
  const hour = 3_600_000;
  /** In ms, at both ends of chance. */
  const rows: [said: string | undefined, least: number, most: number][] = [
    [undefined, 250, 500],
    ['-1', 250, 500],
    ['0', 250, 500],
    ['00000', 250, 500],
    ['1e99', 250, 500],
    ['soon', 250, 500],
    ['0x10', 250, 500],
    ['', 250, 500],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 250, 500],
    ['7', 7_000, 8_000],
    ['3600', hour, hour + 1_000],
    ['3601', hour, hour + 1_000],
    ['9'.repeat(400), hour, hour + 1_000],
    ['Fri, 31 Dec 9999 23:59:59 GMT', hour, hour + 1_000],
    ['+275760-09-13', hour, hour + 1_000],
  ];
  test.each(rows)('%s', async (said, least, most) => {
    const { url } = await http((_, socket) =>
      socket.end(
        `HTTP/1.1 503 Busy\r\nDate: ${new Date().toUTCString()}\r\n${said === undefined ? '' : `Retry-After: ${said}\r\n`}Content-Length: 0\r\n\r\n`,
      ),
    );
    for (const [random, wait] of [
      [0, least],
      [1 - Number.EPSILON, most],
    ] as const) {
      const stated: unknown[] = [];
      const began = performance.now();
      const connection = open(url, {
        random: () => random,
        shouldReconnect: ({ retryAfter }) => {
          stated.push(retryAfter);
          return undefined;
        },
      });
      const retry = await until(connection, 'retry');
      expect(retry).toMatchObject({ cause: 'refused', reason: 'HTTP 503', attempt: 1 });
      // A wait counts from the beginning of the dial, which takes its time on a busy machine.
      expect(retry.nextDialIn).toBeGreaterThan(wait - (performance.now() - began) - 1);
      expect(retry.nextDialIn).toBeLessThan(wait + 1);
      expect(stated.map((ms) => typeof ms)).toEqual([least === 250 ? 'undefined' : 'number']);
      await closes(connection);
    }
  });

  test('twice over: neither is believed, or the first one is', async () => {
    const { url } = await http((_, socket) =>
      socket.end('HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n'),
    );
    const { nextDialIn } = await until(open(url, { random: () => 0 }), 'retry');
    expect([250, 7_000]).toContain(nextDialIn);
  });

  test.each([0, 60_000, -86_400_000, 86_400_000])(
    'a date a minute ahead, by a clock that is %d ms before ours',
    async (ahead) => {
      const date = (ms: number) => new Date(Math.floor(Date.now() / 1_000) * 1_000 + ahead + ms).toUTCString();
      const { url } = await http((_, socket) =>
        socket.end(`HTTP/1.1 429 Slow Down\r\nDate: ${date(0)}\r\nRetry-After: ${date(60_000)}\r\n\r\n`),
      );
      const { nextDialIn } = await until(open(url, { random: () => 0 }), 'retry');
      expect(nextDialIn).toBe(60_000);
    },
  );

  test('a date, without saying what date it is: two clocks are not compared', async () => {
    const at = new Date(Date.now() + 60_000).toUTCString();
    const { url } = await http((_, socket) => socket.end(`HTTP/1.1 429 Slow Down\r\nRetry-After: ${at}\r\n\r\n`));
    const { nextDialIn } = await until(open(url, { random: () => 0 }), 'retry');
    expect(nextDialIn).toBe(250);
  });
});

describe('a server that answers the upgrade with', () => {
  const response = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`;
  const accepting = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];

  const rows: [name: string, answer: (key: string) => string | Buffer][] = [
    ['rubbish', () => 'rubbish\r\n\r\n'],
    ['bytes', () => Buffer.from(Array.from({ length: 300 }, (_, i) => i % 256))],
    ['nothing, and hangs up', () => ''],
    ['200', () => response('HTTP/1.1 200 OK', 'Content-Length: 0')],
    ['200 without an end', () => response('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')],
    ['302', () => response('HTTP/1.1 302 Found', 'Location: ws://127.0.0.1:9/', 'Content-Length: 0')],
    ['500', () => response('HTTP/1.1 500 Oops', 'Content-Length: 0')],
    ['a status beyond all statuses', () => response('HTTP/1.1 999 Huh', 'Content-Length: 0')],
    ['101 and no headers', () => response('HTTP/1.1 101 Switching Protocols')],
    ['101 and no key', () => response(...accepting)],
    ['101 and a wrong key', () => response(...accepting, `Sec-WebSocket-Accept: ${acceptFor('another')}`)],
    [
      '101 for another protocol',
      (key) =>
        response('HTTP/1.1 101 OK', 'Upgrade: h2c', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${acceptFor(key)}`),
    ],
    [
      'a subprotocol nobody offered',
      (key) => response(...accepting, `Sec-WebSocket-Accept: ${acceptFor(key)}`, 'Sec-WebSocket-Protocol: mine'),
    ],
    [
      'an extension nobody offered',
      (key) => response(...accepting, `Sec-WebSocket-Accept: ${acceptFor(key)}`, 'Sec-WebSocket-Extensions: x-rubbish'),
    ],
    ['headers without end', () => `HTTP/1.1 101 OK\r\nX: ${'x'.repeat(100_000)}`],
  ];
  test.each(rows)('%s: refused, and dialled at the pace of backoff', async (_, answer) => {
    const { url, accepted } = await tcp((socket) => {
      socket.once('data', (request) => socket.end(answer(keyIn(request))));
    });
    expect(await paceOf(open(url, paced), accepted)).toEqual(pace('refused'));
  });

  test.each([401, 403, 404])('%i: closed, fatal, after one dial', async (status) => {
    const { url, accepted } = await tcp((socket) => {
      socket.once('data', () => socket.end(response(`HTTP/1.1 ${status} No`, 'Content-Length: 0')));
    });
    const connection = open(url, paced);
    expect(await until(connection, 'closed')).toMatchObject({ cause: 'fatal', code: 1006, reason: `HTTP ${status}` });
    expect(accepted).toHaveLength(1);
  });
});

describe('a server that, once it has named, writes', () => {
  const rows: [name: string, frame: number[]][] = [
    ['a reserved opcode', [0x83, 0]],
    ['a reserved control opcode', [0x8b, 0]],
    ['a reserved bit', [0xc1, 0]],
    ['a masked frame', [0x81, 0x81, 1, 2, 3, 4, 5]],
    ['a ping of 126 bytes', [0x89, 126, 0, 126, ...Array.from({ length: 126 }, () => 0)]],
    ['a ping in pieces', [0x09, 0]],
    ['a continuation of nothing', [0x80, 0]],
    ['text amid a text', [0x01, 1, 0x61, 0x81, 1, 0x61]],
    ['text that is no UTF-8', [0x81, 2, 0xc3, 0x28]],
    ['text with a surrogate in UTF-8', [0x81, 3, 0xed, 0xa0, 0x80]],
    ['a frame of 2^63 bytes', [0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]],
    ['a frame of 2^52 bytes', [0x82, 127, 0, 0x10, 0, 0, 0, 0, 0, 0]],
    ['a close code of one byte', [0x88, 1, 3]],
    ['the close code 1005', [0x88, 2, 0x03, 0xed]],
    ['the close code 999', [0x88, 2, 0x03, 0xe7]],
    ['a close reason that is no UTF-8', [0x88, 4, 0x03, 0xe8, 0xc3, 0x28]],
  ];
  test.each(rows)('%s: lost, and restored by the next dial', async (_, frame) => {
    const { url, accepted } = await tcp(
      webSocketByHand((socket, visit) => {
        socket.write(textFrame(`{"id":"${visit}","now_time":0}`));
        if (visit === 1) socket.end(Buffer.from(frame));
      }),
    );
    const connection = open(url, { ...paced, heartbeat });
    const restored = until(connection, 'restored');
    const lost = await until(connection, 'lost');
    expect(lost).toMatchObject({ cause: 'peer-closed', code: 1006, wasClean: false });
    expect(await restored).toMatchObject({ id: '2', previousId: '1' });
    expect(accepted).toHaveLength(2);
    await closes(connection);
  });

  test('a reserved opcode, and does not hang up: the heart gives it up', async () => {
    const { url } = await tcp(
      webSocketByHand((socket, visit) => {
        socket.write(textFrame(`{"id":"${visit}","now_time":0}`));
        if (visit === 1) socket.write(Buffer.from([0x83, 0]));
      }),
    );
    const connection = open(url, { ...paced, heartbeat });
    const lost = await until(connection, 'lost');
    expect(['silent', 'peer-closed']).toContain(lost.cause);
    expect(await until(connection, 'restored')).toMatchObject({ id: '2' });
  });

  test('frames one byte at a time: they are heard', async () => {
    const { url } = await tcp(
      webSocketByHand((socket) => {
        const all = [...textFrame('{"id":"me","now_time":0}'), ...textFrame('hello')];
        for (const byte of all) socket.write(Buffer.from([byte]));
      }),
    );
    expect(await until(open(url), 'message')).toBe('hello');
  });
});

describe('beats and clocks', () => {
  const year = 365 * 86_400_000;

  test.each([year, -year])(
    'a clock that is %i ms wrong but steady: never lost, and the offset is right',
    async (skew) => {
      const now = () => Date.now() + skew;
      const { url } = await listen((socket) => speakIdHeartbeat(socket, 'me', { now }));
      const connection = open(url, { heartbeat: { interval: 150, timeout: 400, maxAge: 100 } });
      const states = statesOf(connection);
      const warnings = eventsOf(connection, 'warning');
      await until(connection, 'open');
      await beats(connection, 4);
      // Two clocks of one machine, read to the millisecond, and what lies between a reading and its arrival.
      expect(Math.abs((connection.clockOffset ?? 0) - skew)).toBeLessThan(5 + 2 * (connection.roundTripTime ?? 0));
      expect(states).not.toContain('reconnecting');
      expect(warnings).toEqual([]);
    },
  );

  test('answers from the past, after a good one: alive - stale (outdated) - reconnecting (outdated)', async () => {
    let lag = 0;
    const { url, accepted } = await listen((socket) => speakIdHeartbeat(socket, 'me', { now: () => Date.now() - lag }));
    const connection = open(url, { heartbeat: { interval: 150, timeout: 400, maxAge: 60_000 } });
    await until(connection, 'open');
    await beats(connection, 1);
    const changes = eventsOf(connection, 'state');
    const restored = until(connection, 'restored');
    lag = 61_000;
    expect(await until(connection, 'lost')).toMatchObject({ cause: 'outdated', nextDialIn: 0 });
    await restored;
    expect(changes.slice(0, 2)).toEqual([
      { state: 'stale', previous: 'alive', cause: 'outdated' },
      { state: 'reconnecting', previous: 'stale', cause: 'outdated' },
    ]);
    expect(accepted).toHaveLength(2);
  });

  test('one answer from the past: alive - stale - alive', async () => {
    let answers = 0;
    const now = () => Date.now() - (answers === 2 ? 61_000 : 0);
    const { url } = await listen((socket) => {
      speakIdHeartbeat(socket, 'me', {
        now,
        answers: () => {
          answers += 1;
          return true;
        },
      });
    });
    const connection = open(url, { heartbeat: { interval: 150, timeout: 400, maxAge: 60_000 } });
    const states = statesOf(connection);
    await until(connection, 'state', ({ state, cause }) => state === 'stale' && cause === 'outdated');
    await untilState(connection, 'alive');
    await beats(connection, 1);
    expect(states).toEqual(['connecting', 'awaiting-id', 'alive', 'stale', 'alive']);
  });

  test('answers within maxAge: alive', async () => {
    let lag = 0;
    const { url } = await listen((socket) => speakIdHeartbeat(socket, 'me', { now: () => Date.now() - lag }));
    const connection = open(url, { heartbeat: { interval: 150, timeout: 400, maxAge: 60_000 } });
    const states = statesOf(connection);
    await until(connection, 'open');
    await beats(connection, 1);
    lag = 58_000;
    await beats(connection, 3);
    expect(states).toEqual(['connecting', 'awaiting-id', 'alive']);
  });

  test('maxAge Infinity: the past is no matter', async () => {
    let lag = 0;
    const { url } = await listen((socket) => speakIdHeartbeat(socket, 'me', { now: () => Date.now() - lag }));
    const connection = open(url, { heartbeat: { interval: 150, timeout: 400, maxAge: Infinity } });
    const states = statesOf(connection);
    await until(connection, 'open');
    await beats(connection, 1);
    lag = year;
    await beats(connection, 3);
    expect(states).toEqual(['connecting', 'awaiting-id', 'alive']);
  });

  test('the first answer is from the past already: said once, and its clock is not heeded again on this visit', async () => {
    let told = 0;
    const { url } = await listen((socket) => {
      speakIdHeartbeat(socket, 'me', { now: () => Date.now() - (told++ === 0 ? 0 : told * 100_000) });
    });
    const connection = open(url, { heartbeat: { interval: 150, timeout: 400 } });
    const states = statesOf(connection);
    const warnings = eventsOf(connection, 'warning');
    await until(connection, 'open');
    await beats(connection, 3);
    expect(warnings.map(({ code }) => code)).toEqual(['clock-distrusted']);
    expect(connection.clockOffset).toBeUndefined();
    expect(states).toEqual(['connecting', 'awaiting-id', 'alive']);
  });

  test('the next visit trusts its clock anew', async () => {
    let lag = 0;
    const { url } = await listen((socket) => {
      lag = 0;
      speakIdHeartbeat(socket, 'me', {
        now: () => Date.now() - lag,
        answers: () => {
          lag = 61_000;
          return true;
        },
      });
    });
    const connection = open(url, { heartbeat: { interval: 150, timeout: 400 } });
    const warnings = eventsOf(connection, 'warning');
    await until(connection, 'warning');
    const restored = until(connection, 'restored');
    connection.reconnect();
    await restored;
    await untilState(connection, 'alive');
    expect(connection.clockOffset).toBeTypeOf('number');
    await until(connection, 'warning');
    expect(warnings).toHaveLength(2);
  });

  test('answers that nobody asked for do not keep us from asking', async () => {
    let asked = 0;
    const { url } = await listen((socket) => {
      socket.on('message', () => (asked += 1));
      const timer = setInterval(() => socket.send('{"heartbeat":1}'), 20);
      socket.on('close', () => clearInterval(timer));
      socket.send('{"id":"me","now_time":1}');
    });
    const connection = open(url, { heartbeat });
    await until(connection, 'open');
    await expect.poll(() => asked, { timeout: 20_000 }).toBeGreaterThan(1);
    expect(connection.state).toBe('alive');
  });
});

describe('a WebSocket class that throws', () => {
  test('from its constructor: refused, at the pace of backoff', async () => {
    const dials: number[] = [];
    function Throwing() {
      dials.push(performance.now());
      throw new Error('no');
    }
    const connection = open('ws://127.0.0.1:9/', { ...paced, WebSocket: Throwing as never });
    expect(await paceOf(connection, dials)).toEqual(pace('refused'));
  });

  test('from its constructor, with the URL in the message: it is not repeated', async () => {
    function Throwing(url: string) {
      throw new Error(`cannot connect to ${url}`);
    }
    const connection = open('ws://127.0.0.1:9/?token=s3cret', { ...paced, WebSocket: Throwing as never });
    expect(JSON.stringify(await until(connection, 'retry'))).not.toContain('s3cret');
  });

  test('from send(): the message is dropped, and a heartbeat that cannot be written costs the line, not the connection', async () => {
    class Throwing extends WebSocket {
      override send(): void {
        throw new Error('no');
      }
    }
    const { url, accepted } = await listen((socket) => speakIdHeartbeat(socket, 'me'));
    const connection = open(url, { heartbeat, WebSocket: Throwing });
    await until(connection, 'open');
    const dropped = eventsOf(connection, 'dropped');
    expect(connection.send('x')).toBe(true);
    expect(dropped).toMatchObject([{ data: 'x', reason: 'unsendable', error: { message: 'no' } }]);
    const { cause } = await until(connection, 'lost');
    expect(cause).not.toBe('fatal');
    await until(connection, 'restored');
    expect(accepted.length).toBeGreaterThan(1);
    await closes(connection);
  });

  test('from close(): closed all the same, by the user', async () => {
    class Throwing extends WebSocket {
      override close(): void {
        throw new Error('no');
      }
    }
    const { url } = await listen((socket) => speakIdHeartbeat(socket, 'me'));
    const connection = open(url, { WebSocket: Throwing });
    await until(connection, 'open');
    const closed = until(connection, 'closed');
    connection.close();
    expect(await closed).toMatchObject({ cause: 'user-closed' });
  });

  test('from close() and terminate(), while it is left: left all the same', async () => {
    class Throwing extends WebSocket {
      override close(): void {
        throw new Error('no');
      }
      override terminate(): void {
        super.terminate();
        throw new Error('no');
      }
    }
    const { url } = await listen((socket, visit) => speakIdHeartbeat(socket, `${visit}`));
    const connection = open(url, { WebSocket: Throwing });
    await until(connection, 'open');
    const restored = until(connection, 'restored');
    connection.reconnect();
    expect(await restored).toMatchObject({ id: '2' });
  });

  test('from the setter of binaryType: refused, and the socket is left', async () => {
    class Throwing extends WebSocket {
      // @ts-expect-error an accessor where ws declares a property
      override set binaryType(_: string) {
        throw new Error('no');
      }
      override get binaryType(): 'arraybuffer' {
        return 'arraybuffer';
      }
    }
    const { url, server } = await listen();
    const connection = open(url, { ...paced, retries: 1, WebSocket: Throwing });
    expect(await until(connection, 'closed')).toMatchObject({ cause: 'retries-exhausted' });
    await expect.poll(() => server.clients.size, { timeout: 20_000 }).toBe(0);
  });
});

describe('a url function', () => {
  const reasons: [name: string, url: () => unknown, reason: string][] = [
    [
      'that throws',
      () => {
        throw new TypeError('wss://example.com/?token=s3cret is not to be had');
      },
      'the url function threw TypeError',
    ],
    [
      'that throws no error',
      () => {
        // oxlint-disable-next-line no-throw-literal, only-throw-error -- what an app may do
        throw 's3cret';
      },
      'the url function threw string',
    ],
    ['that returns nothing', () => undefined, 'the url function must return a string or a URL'],
    ['that returns a number', () => 5, 'the url function must return a string or a URL'],
    ['that returns an object', () => ({ toString: () => 's3cret' }), 'the url function must return a string or a URL'],
    [
      'that rejects',
      () => Promise.reject(new RangeError('no token for s3cret')),
      'the url function rejected with RangeError',
    ],
    [
      'that promises rubbish',
      () => Promise.resolve('s3cret rubbish'),
      'the URL is not valid: give an absolute one, as in wss://example.com/push',
    ],
    ['that promises nothing', () => Promise.resolve(), 'the url function must return a string or a URL'],
    [
      'that returns rubbish',
      () => 's3cret rubbish',
      'the URL is not valid: give an absolute one, as in wss://example.com/push',
    ],
    [
      'that returns a URL of another scheme',
      () => 'ftp://example.com/?token=s3cret',
      "the URL's scheme must be ws or wss (http and https will do)",
    ],
    [
      'that returns a fragment',
      () => 'ws://example.com/#s3cret',
      'the URL must not have a fragment (#…): a WebSocket cannot send one',
    ],
  ];
  test.each(reasons)('%s: url-failed, at the pace of backoff, and nothing is repeated', async (_, url, reason) => {
    const dials: number[] = [];
    const inspected: unknown[] = [];
    const connection = open(
      () => {
        dials.push(performance.now());
        return url() as string;
      },
      { ...paced, inspect: (event) => inspected.push(event) },
    );
    const retries = eventsOf(connection, 'retry');
    expect(await paceOf(connection, dials)).toEqual(pace('url-failed'));
    expect(retries[0]).toMatchObject({ reason });
    const seen = inspected.map((event) => JSON.stringify((event as { event?: unknown }).event));
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.join()).not.toContain('s3cret');
  });

  test('that recovers: asked before every dial, and open', async () => {
    const { url } = await listen((socket) => speakIdHeartbeat(socket, 'me'));
    let asked = 0;
    const connection = open(() => (++asked < 3 ? 'rubbish' : url), paced);
    await until(connection, 'open');
    expect(asked).toBe(3);
  });
});

describe('a protocol that', () => {
  const naming: Protocol = plain();
  const like = (session: object): Protocol => ({
    ...naming,
    session: () => Object.assign(naming.session(), session),
  });
  const thrower = () => {
    throw new Error('of the protocol');
  };

  const rows: [method: string, reaches: string[]][] = [
    ['opened', ['retry unnamed']],
    ['received', ['open', 'message pong', 'message news', 'lost peer-closed']],
    ['probe', ['open', 'lost silent']],
    ['closed', ['open', 'message pong', 'message news', 'lost peer-closed']],
  ];
  test.each(rows)('throws from %s(): the error surfaces, and the connection goes on', async (method, reaches) => {
    const heard: string[] = [];
    const errors = await uncaughtDuring(async () => {
      const { url } = await listen((socket, visit) => {
        socket.on('message', (data) => {
          if (textOf(data) === 'ping') socket.send('pong');
        });
        if (visit > 1 || method === 'probe' || method === 'opened') return;
        socket.send('pong');
        socket.send('news');
        socket.close(4000);
      });
      const connection = open(url, { ...paced, protocol: like({ [method]: thrower }), heartbeat, idTimeout: 200 });
      connection.on('open', () => heard.push('open'));
      connection.on('message', (message) => heard.push(`message ${message as string}`));
      connection.on('lost', ({ cause }) => heard.push(`lost ${cause}`));
      connection.on('retry', ({ cause }) => heard.push(`retry ${cause}`));
      await Promise.race([until(connection, 'lost'), until(connection, 'retry')]);
      await closes(connection);
    });
    expect(heard).toEqual(reaches);
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) expect(error).toMatchObject({ message: 'of the protocol' });
  });

  test.each([
    null,
    true,
    'x',
    { named: null },
    { beat: null },
    { refused: null },
    { write: 5 },
    { write: [Symbol('x')] },
  ])('answers %o, which is none: the connection goes on, or is dialled anew', async (answer) => {
    const errors = await uncaughtDuring(async () => {
      const { url, socket } = await listen((peer) => {
        peer.on('message', (data) => {
          if (textOf(data) === 'ping') peer.send('pong');
        });
        peer.send('bad');
      }).then((listening) => ({ url: listening.url, socket: () => listening.socket }));
      let isBad = true;
      const good = naming.session();
      const received = (frame: Frame) => {
        if (frame !== 'bad' || !isBad) return good.received?.(frame);
        isBad = false;
        return answer as never;
      };
      const connection = open(url, { ...paced, protocol: like({ received }), heartbeat });
      const messages = messagesOf(connection);
      await untilState(connection, 'alive');
      await expect.poll(() => isBad, { timeout: 20_000 }).toBe(false);
      await untilState(connection, 'alive');
      await expect
        .poll(() => (socket().send('news'), messages.includes('news')), { timeout: 20_000, interval: 20 })
        .toBe(true);
      await closes(connection);
    });
    for (const error of errors) expect(error).toBeInstanceOf(TypeError);
  });

  test('throws from session(): the error surfaces, and each visit goes unnamed', async () => {
    const errors = await uncaughtDuring(async () => {
      const { url } = await listen();
      const connection = open(url, { ...paced, protocol: { ...naming, session: thrower }, idTimeout: 200 });
      expect(await until(connection, 'retry')).toMatchObject({ cause: 'unnamed' });
      await closes(connection);
    });
    expect(errors).toEqual([new Error('of the protocol')]);
  });

  test('answers with words from the wire: they name no event', async () => {
    const { url } = await listen((socket) => socket.send('{"type":"user.closed","id":"me"}'));
    const protocol = like({
      opened: () => undefined,
      received: (frame: string) => ({ named: JSON.parse(frame) as object, swallow: true }),
    });
    const connection = open(url, { protocol, idTimeout: 500 });
    const states = statesOf(connection);
    expect(await until(connection, 'open')).toEqual({ id: 'me' });
    expect(states).toEqual(['connecting', 'awaiting-id', 'alive']);
  });
});

test('of all this nothing was thrown, and no prototype touched', () => {
  expect(uncaught).toEqual([]);
  expect(prototypes()).toEqual(atFirst);
});

/** Closes, and is closed. */
async function closes(connection: ReturnType<typeof open>): Promise<void> {
  const closed = until(connection, 'closed');
  connection.close();
  expect(await closed).toMatchObject({ cause: 'user-closed' });
  expect(connection.state).toBe('closed');
}

/** What four dials in vain show. */
const pace = (cause: string) => ({
  retries: [1, 2, 3, 4].map((attempt) => [cause, attempt]),
  tooSoon: [],
  tooLate: [],
  dials: 4,
});

/**
 * What four dials in vain did show, and after them a clean end. A wait counts from the beginning of its dial: how much of it is left depends on how long that
 * took.
 */
async function paceOf(connection: ReturnType<typeof open>, dials: readonly number[]) {
  const retries = eventsOf(connection, 'retry');
  const begins: number[] = [];
  const undo = connection.on('retry', () => begins.push(connection.actor.getSnapshot().context.nextDial.dialledAt));
  await until(connection, 'retry', ({ attempt }) => attempt === 4);
  undo();
  await closes(connection);
  return {
    retries: retries.map(({ cause, attempt }) => [cause, attempt]),
    tooSoon: tooSoon(begins),
    tooLate: retries.filter(({ nextDialIn = Infinity }, i) => nextDialIn > (floors[i] ?? 200)),
    dials: dials.length,
  };
}

/** The gaps between dials that are shorter than what backoff says. A timer may fire a millisecond early by another clock. */
function tooSoon(dials: readonly number[]): number[] {
  const gaps = dials.slice(1).map((at, i) => at - (dials[i] ?? 0));
  return gaps.filter((gap, i) => gap < (floors[i] ?? 0) - 3);
}

/** As many more answers to heartbeats. */
async function beats(connection: ReturnType<typeof open>, count: number): Promise<void> {
  let seen = 0;
  await new Promise<void>((resolve) => {
    let last = connection.actor.getSnapshot().context.roundTripTime;
    const subscription = connection.actor.subscribe(({ context }) => {
      if (context.roundTripTime === undefined || context.roundTripTime === last) return;
      last = context.roundTripTime;
      seen += 1;
      if (seen < count) return;
      subscription.unsubscribe();
      resolve();
    });
  });
}

interface Raw {
  url: string;
  accepted: readonly number[];
}

/** A TCP server on loopback, gone with its test. */
async function tcp(handle: (socket: Socket, visit: number) => void): Promise<Raw> {
  const accepted: number[] = [];
  const server = createServer((socket) => {
    accepted.push(performance.now());
    socket.on('error', () => {});
    handle(socket, accepted.length);
  });
  return { url: await served(server), accepted };
}

/** An HTTP server that hands over the upgrades. */
async function http(handle: (key: string, socket: Socket) => void): Promise<Raw> {
  const accepted: number[] = [];
  const server = createHttpServer();
  server.on('upgrade', (request, socket: Socket) => {
    accepted.push(performance.now());
    socket.on('error', () => {});
    handle(request.headers['sec-websocket-key'] ?? '', socket);
  });
  return { url: await served(server), accepted };
}

async function served(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Opens a WebSocket byte by byte, and then does as it is told. */
function webSocketByHand(then: (socket: Socket, visit: number) => void = () => {}) {
  return (socket: Socket, visit: number) => {
    socket.once('data', (request) => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(keyIn(request))}\r\n\r\n`,
      );
      then(socket, visit);
    });
  };
}

function keyIn(request: Buffer): string {
  return /^sec-websocket-key: *(\S+)/im.exec(request.toString())?.[1] ?? '';
}

/** RFC 6455 §4.2.2. */
function acceptFor(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

function textFrame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]);
}
