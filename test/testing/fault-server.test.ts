/**
 * The fault server: each of its manners is on the wire what its name says, and each has the outcome for a connection that docs/TESTING.md says.
 */
import { once } from 'node:events';
import { request } from 'node:http';
import { createConnection } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { SimulatedClock } from 'xstate';

import type { ConnectOptions } from '../../adapters/index.ts';
import * as raw from '../helpers/raw-client.ts';
import { eventsOf, messagesOf, open, statesOf, textOf, until, untilSo, untilState } from '../helpers/support.ts';
import { Queue } from '../kit/fault-client.ts';
import { type Data, faultServer, type FaultServer, type Manners } from '../kit/fault-server.ts';
import { goodManners, Host } from '../kit/manners.ts';
import { absurdAnswers, rubbish, wrongNames } from '../kit/rubbish.ts';

describe('on the wire', () => {
  const transcripts: [manner: string, manners: Partial<Manners>, frames: Data[]][] = [
    ['good ones', {}, ['{"id":"client-1","now_time":T}', '{"heartbeat":T}']],
    ['no name', { names: 0 }, ['{"heartbeat":T}']],
    [
      'two names',
      { names: 2 },
      ['{"id":"client-1","now_time":T}', '{"id":"client-2","now_time":T}', '{"heartbeat":T}'],
    ],
    ['the same name for everybody', { id: 'me' }, ['{"id":"me","now_time":T}', '{"heartbeat":T}']],
    ['an empty name', { id: '' }, ['{"id":"","now_time":T}', '{"heartbeat":T}']],
    ['a name of another kind', { name: '{"id":true}' }, ['{"id":true}', '{"heartbeat":T}']],
    ['no answer', { answers: 0 }, ['{"id":"client-1","now_time":T}']],
    ['two answers', { answers: 2 }, ['{"id":"client-1","now_time":T}', '{"heartbeat":T}', '{"heartbeat":T}']],
    [
      'an answer of another kind',
      { answer: '{"heartbeat":[]}' },
      ['{"id":"client-1","now_time":T}', '{"heartbeat":[]}'],
    ],
    [
      'noise',
      { noise: ['', new Uint8Array([255])] },
      ['', new Uint8Array([255]), '{"id":"client-1","now_time":T}', '', new Uint8Array([255]), '{"heartbeat":T}'],
    ],
  ];
  test.each(transcripts)('%s', async (_, manners, frames) => {
    const server = await serving(manners);
    const { socket, heard } = dial(server);
    const client = await server.nextClient();
    await once(socket, 'open');
    socket.send('heartbeat');
    await client.nextHeartbeat();
    server.push('end');
    for (const frame of frames) expect(undated(await heard.next())).toEqual(frame);
    expect(await heard.next()).toBe('end');
  });

  test('a name and an answer that are late: what is said meanwhile comes first', async () => {
    const server = await serving({ nameAfter: 20, answerAfter: 20 });
    const { socket, heard } = dial(server);
    await server.nextClient();
    server.push('before the name');
    expect(await heard.next()).toBe('before the name');
    expect(await heard.next()).toContain('now_time');
    socket.send('heartbeat');
    socket.send('x');
    await server.clients[0]?.next();
    server.push('before the answer');
    expect(await heard.next()).toBe('before the answer');
    expect(await heard.next()).toContain('heartbeat');
  });

  test('times: of the right clock, of one that is ahead, and of answers that are old', async () => {
    const server = await serving();
    const begun = Date.now();
    const { heard } = dial(server);
    const client = await server.nextClient();
    const first = timeIn(await heard.next());
    expect(first).toBeGreaterThanOrEqual(begun);
    expect(first).toBeLessThanOrEqual(Date.now());
    for (const [manners, lead] of [
      [{ clockOffset: 3_600_000 }, 3_600_000],
      [{ clockOffset: -3_600_000 }, -3_600_000],
      [{ answerAge: 61_000 }, -61_000],
      [{ answerAge: 61_000, clockOffset: 1_000 }, -60_000],
    ] as const) {
      const since = Date.now();
      server.behave(manners);
      client.beat();
      const time = timeIn(await heard.next()) - lead;
      expect(time).toBeGreaterThanOrEqual(since);
      expect(time).toBeLessThanOrEqual(Date.now());
    }
  });

  test('answers that nobody asked for: by themselves, and so many at once', async () => {
    const server = await serving({ beatEvery: 5 });
    const { heard } = dial(server);
    const client = await server.nextClient();
    expect(await heard.next()).toContain('now_time');
    for (let i = 0; i < 3; i += 1) expect(undated(await heard.next())).toBe('{"heartbeat":T}');
    server.behave();
    server.push('silence');
    await untilHeard(heard, 'silence');
    client.beat(3);
    server.push('end');
    for (let i = 0; i < 3; i += 1) expect(undated(await heard.next())).toBe('{"heartbeat":T}');
    expect(await heard.next()).toBe('end');
    expect(client.heartbeats).toBe(0);
  });

  test('a flood: numbered, in order, of the size that was said', async () => {
    const server = await serving();
    const { heard } = dial(server);
    const client = await server.nextClient();
    await heard.next();
    await client.flood(250, 100);
    for (let number = 1; number <= 250; number += 1) {
      const message = (await heard.next()) as string;
      expect(message).toHaveLength(100);
      expect(message.startsWith(`${number} `)).toBe(true);
    }
  });

  test('a flood lets others have their turn', async () => {
    const server = await serving();
    const { heard } = dial(server);
    const client = await server.nextClient();
    await heard.next();
    const flooded = client.flood(5_000, 10).then(() => 'flooded');
    expect(await Promise.race([flooded, turn('a turn')])).toBe('a turn');
    await flooded;
  });

  test('a flood waits for a client that does not read', async () => {
    const server = await serving();
    const { socket, heard } = dial(server);
    const client = await server.nextClient();
    await heard.next();
    socket.pause();
    let isDone = false;
    const flooded = client.flood(64, 2 ** 20).then(() => (isDone = true));
    socket.send('still here');
    expect(await client.next()).toBe('still here');
    expect(isDone).toBe(false);
    socket.resume();
    for (let i = 0; i < 64; i += 1) expect(await heard.next()).toHaveLength(2 ** 20);
    await flooded;
  });

  describe('who asks and does not read is cut off', () => {
    const beat = raw.frame(raw.opcodes.text, 'heartbeat');
    const rows: [what: string, manners: Partial<Manners>, said: Buffer][] = [
      ['of answers', {}, beat],
      ['of many answers to each heartbeat', { answers: 1_000 }, beat],
      ['of noise', { noise: ['x'.repeat(10_000)] }, beat],
      ['of answers that are late', { answerAfter: 600_000 }, beat],
      ['of pongs', {}, raw.frame(raw.opcodes.ping, 'x'.repeat(125))],
    ];
    test.each(rows)('%s', async (_, manners, said) => {
      const server = await serving(manners);
      const socket = await raw.upgraded(server.port);
      const client = await server.nextClient();
      expect(await raw.flood(socket, raw.gush(said), 64 * 2 ** 20)).toBe('cut off');
      expect(await client.left).toEqual({ code: 1006, reason: '' });
      expect(server.clients).toEqual([]);
    });

    test('but not for what the test itself has sent', async () => {
      const server = await serving();
      const socket = await raw.upgraded(server.port);
      onTestFinished(() => void socket.destroy());
      const client = await server.nextClient();
      client.send('x'.repeat(32 * 2 ** 20));
      server.push('x'.repeat(2 ** 20));
      for (let i = 0; i < 100; i += 1) socket.write(beat);
      await untilSo(() => client.heartbeats === 100);
      expect(server.clients).toEqual([client]);
    });
  });

  test('a flood ends with the client', async () => {
    const server = await serving();
    const { socket, heard } = dial(server);
    const client = await server.nextClient();
    await heard.next();
    socket.pause();
    const flooded = client.flood(Infinity, 2 ** 20);
    socket.terminate();
    await flooded;
    expect(await client.left).toMatchObject({ code: 1006 });
  });

  const ends: [code: number, reason: string][] = [
    [1000, ''],
    [1001, 'away'],
    [1005, ''],
    [1006, ''],
    [1008, 'no'],
    [1012, 'restart'],
    [1013, 'try again later'],
    [3000, 'who are you'],
    [4999, 'ü'.repeat(61)],
  ];
  test.each(ends)('the end %i %s, by a client of its own, and as a manner', async (code, reason) => {
    const server = await serving();
    const first = dial(server);
    const client = await server.nextClient();
    await first.heard.next();
    client.close(code, reason);
    expect(await first.closed).toEqual([code, reason]);
    server.behave({ closeAfter: 0, closeCode: code, closeReason: reason });
    const second = dial(server);
    expect(await second.heard.next()).toContain('now_time');
    expect(await second.closed).toEqual([code, reason]);
    server.behave({ closeAfter: 10, closeCode: code, closeReason: reason });
    expect(await dial(server).closed).toEqual([code, reason]);
  });

  test('nothing is said after the goodbye', async () => {
    const server = await serving({ answerAfter: 1 });
    const { socket, heard, closed } = dial(server);
    const client = await server.nextClient();
    await heard.next();
    const frames: unknown[] = [];
    socket.send('heartbeat');
    await client.nextHeartbeat();
    client.close(4000);
    socket.on('message', (data) => frames.push(data));
    server.push('news');
    client.beat();
    await closed;
    await client.left;
    expect(frames).toEqual([]);
    await expect(client.next()).rejects.toThrow('the client has gone');
  });

  const refusals: [status: number, retryAfter: number | string | undefined][] = [
    [200, undefined],
    [302, undefined],
    [401, undefined],
    [429, 7],
    [503, 'Wed, 21 Oct 2026 07:28:00 GMT'],
    [599, 'soon'],
  ];
  test.each(refusals)('a dial is refused with %i, Retry-After %s, and then accepted', async (status, retryAfter) => {
    const server = await serving({ upgrade: status, retryAfter });
    const socket = new WebSocket(server.url);
    const [, response] = await once(socket, 'unexpected-response');
    expect([response.statusCode, response.headers['retry-after']]).toEqual([
      status,
      retryAfter === undefined ? undefined : String(retryAfter),
    ]);
    expect(server.clients).toEqual([]);
    server.behave();
    expect(await dial(server).heard.next()).toContain('client-1');
    expect(server.dials).toBe(2);
  });

  test('a dial hangs, and the next one is accepted', async () => {
    const server = await serving({ upgrade: 'hang' });
    const hung = new WebSocket(`${server.url}push?token=1`, { headers: { 'x-who': 'me' } });
    const hungUp = once(hung, 'error');
    expect(await server.nextDial()).toMatchObject({ path: '/push?token=1', headers: { 'x-who': 'me' } });
    server.behave();
    await dial(server).heard.next();
    expect(hung.readyState).toBe(hung.CONNECTING);
    await server.close();
    expect(await hungUp).toMatchObject([{ code: 'ECONNRESET' }]);
  });

  test('one client is treated otherwise than all, until all are spoken of', async () => {
    const server = await serving();
    const [one, other] = [dial(server), dial(server)];
    await Promise.all([one.heard.next(), other.heard.next()]);
    const [first, second] = server.clients;
    first?.behave({ answer: '{"heartbeat":null}' });
    first?.beat();
    second?.beat();
    const answers = await Promise.all([one.heard.next(), other.heard.next()]);
    expect(new Set(answers.map(undated))).toEqual(new Set(['{"heartbeat":T}', '{"heartbeat":null}']));
    server.behave();
    first?.beat();
    second?.beat();
    expect((await Promise.all([one.heard.next(), other.heard.next()])).map(undated)).toEqual([
      '{"heartbeat":T}',
      '{"heartbeat":T}',
    ]);
  });

  test('what clients say: messages and heartbeats apart, in order, none missed', async () => {
    const server = await serving();
    const { socket } = dial(server);
    await once(socket, 'open');
    for (const data of ['one', 'heartbeat', new Uint8Array([2]), 'heartbeat', 'three']) socket.send(data);
    const client = await server.nextClient();
    expect([await client.next(), await client.next(), await client.next()]).toEqual([
      'one',
      new Uint8Array([2]),
      'three',
    ]);
    await client.nextHeartbeat();
    await client.nextHeartbeat();
    expect(client.received).toEqual(['one', new Uint8Array([2]), 'three']);
    expect(client.heartbeats).toBe(2);
    socket.close(4001, 'enough');
    expect(await client.left).toEqual({ code: 4001, reason: 'enough' });
    expect(server.clients).toEqual([]);
  });
});

test('misuse is named', async () => {
  await expect(faultServer({ answers: 0 } as never)).rejects.toThrow(
    'answers is not an option: there are port, manners',
  );
  await expect(faultServer({ port: 'x1sock' as never })).rejects.toThrow('port must be 0, or a whole number from 1');
  await expect(faultServer({ manners: 'bad' as never })).rejects.toThrow('manners must be an object of manners');
  await expect(faultServer({ manners: { answers: -1 } })).rejects.toThrow('answers must be a whole number');
});

describe('a server that goes and comes', () => {
  test('stopped it is not there, started it is, on the same port', async () => {
    const server = await serving();
    const { heard, closed } = dial(server);
    await heard.next();
    await server.stop(1012, 'later');
    expect(await closed).toEqual([1012, 'later']);
    const [error] = await once(new WebSocket(server.url), 'error');
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    await server.start();
    expect(await dial(server).heard.next()).toContain('client-2');
    expect(server.dials).toBe(2);
  });

  test('restarted, in one word', async () => {
    const server = await serving();
    const { heard, closed } = dial(server);
    await heard.next();
    await server.restart();
    expect(await closed).toEqual([1012, 'restarting']);
    await dial(server).heard.next();
  });

  test('closed while it restarts: for good', async () => {
    const server = await serving();
    const restarted = server.restart(2 ** 30);
    await server.close();
    await restarted;
    await expect(server.start()).rejects.toThrow('the fault server has been closed');
  });

  test('a dial that TCP had accepted when it was stopped is not welcomed', async () => {
    const server = await serving();
    const early = createConnection({ port: server.port, host: '127.0.0.1' });
    await once(early, 'connect');
    early.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`);
    const { socket, heard } = dial(server);
    await heard.next();
    socket.pause(); // its goodbye is awaited
    const stopped = server.stop();
    let answer = '';
    early.on('data', (data) => (answer += String(data))).on('error', () => {});
    early.write('Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
    await once(early, 'close');
    expect(answer).toBe('');
    expect(server.dials).toBe(1);
    await stopped;
  });

  test('stopped with 1006: as if it had crashed', async () => {
    const server = await serving();
    const { heard, closed } = dial(server);
    await heard.next();
    await server.stop(1006);
    expect(await closed).toEqual([1006, '']);
  });

  test('closed, it leaves nothing behind: clients that do not say goodbye, dials that hang, words that are late, those who wait', async () => {
    await expect.poll(resources, { timeout: 20_000 }).toEqual([]); // of the tests before
    const server = await serving({ beatEvery: 1_000, answerAfter: 60_000, closeAfter: 60_000 });
    const { socket, heard, closed } = dial(server);
    await heard.next();
    socket.send('heartbeat');
    const client = await server.nextClient();
    await client.nextHeartbeat();
    socket.pause(); // and so its goodbye is not answered
    server.behave({ ...server.manners, upgrade: 'hang' });
    const hung = new WebSocket(server.url);
    hung.on('error', () => {});
    await server.nextDial();
    await server.nextDial();
    const [nobody, noDial, noWord] = [server.nextClient(), server.nextDial(), client.next()];
    await server.close();
    await Promise.all([nobody, noDial].map((vain) => expect(vain).rejects.toThrow('the fault server has been closed')));
    await expect(noWord).rejects.toThrow('the client has gone');
    await expect(server.nextClient()).rejects.toThrow('the fault server has been closed');
    socket.resume();
    socket.terminate();
    await closed;
    await expect.poll(resources, { timeout: 20_000 }).toEqual([]);
  });

  test.each(Object.entries(raw.strangers))('closed, it ends: %s', async (_, stranger) => {
    const server = await serving();
    const socket = await stranger(server.port);
    onTestFinished(() => void socket.destroy());
    // What it has said before has arrived when others are answered.
    (await raw.upgraded(server.port)).destroy();
    await server.close();
    expect(server.clients).toEqual([]);
  });

  test('a client that goes takes its timers with it', async () => {
    const server = await serving({ answerAfter: 60_000 });
    const { socket, heard } = dial(server);
    const client = await server.nextClient();
    await heard.next();
    const before = timers();
    for (let i = 0; i < 100; i += 1) socket.send('heartbeat');
    for (let i = 0; i < 100; i += 1) await client.nextHeartbeat();
    expect(timers()).toBeGreaterThan(before + 50);
    socket.terminate();
    await client.left;
    expect(timers()).toBeLessThan(before + 50);
  });

  test('it is for this machine only', async () => {
    const server = await serving();
    for (const headers of [{ origin: 'https://example.com' }, { host: 'example.com' }]) {
      const [, response] = await once(new WebSocket(server.url, { headers }), 'unexpected-response');
      expect(response.statusCode).toBe(403);
    }
    expect(server.dials).toBe(0);
    const [answer] = await once(request(server.url.replace('ws:', 'http:')).end(), 'response');
    expect(answer.statusCode).toBe(426);
    answer.resume();
  });
});

describe('by its clock', () => {
  test.each<[string, Partial<Manners>, [at: number, said: string][]]>([
    ['late names', { nameAfter: 30 }, [[30, 'client-1 at 30']]],
    ['a name without delay', {}, [[0, 'client-1 at 0']]],
    [
      'beats by itself',
      { names: 0, beatEvery: 40 },
      [
        [40, 'beat at 40'],
        [80, 'beat at 80'],
      ],
    ],
    ['hangs up', { names: 0, closeAfter: 70, closeCode: 4000, closeReason: 'x' }, [[70, 'close 4000 x']]],
    ['breaks off', { names: 0, closeAfter: 0, closeCode: 1006 }, [[0, 'terminate']]],
    [
      'a clock that is ahead',
      { clockOffset: 5, beatEvery: 60 },
      [
        [0, 'client-1 at 5'],
        [60, 'beat at 65'],
      ],
    ],
    [
      'a clock that drifts',
      { clockRate: 1.5, beatEvery: 40 },
      [
        [0, 'client-1 at 0'],
        [40, 'beat at 60'],
        [80, 'beat at 120'],
      ],
    ],
    [
      'a clock that is frozen',
      { clockRate: 0, beatEvery: 60 },
      [
        [0, 'client-1 at 0'],
        [60, 'beat at 0'],
      ],
    ],
    [
      'a clock that runs backwards',
      { clockRate: -1, beatEvery: 60 },
      [
        [0, 'client-1 at 0'],
        [60, 'beat at -60'],
      ],
    ],
    [
      'old answers',
      { answerAge: 60, beatEvery: 60 },
      [
        [0, 'client-1 at 0'],
        [60, 'beat at 0'],
      ],
    ],
  ])('%s', (_, manners, story) => {
    const { host, peer, told, pass } = simulated(manners);
    host.opened(peer);
    pass(100);
    expect(told).toEqual(story);
    host.gone(peer);
    pass(1_000);
    expect(told).toEqual(story);
  });

  test('answers leave late, with the time at which they leave', () => {
    const { host, peer, told, pass } = simulated({ names: 0, answerAfter: 25, answers: 2 });
    host.opened(peer);
    pass(10);
    expect(host.received(peer, 'heartbeat')).toBe(true);
    expect(host.received(peer, 'hello')).toBe(false);
    host.behave(); // what is under way comes all the same
    pass(90);
    expect(told).toEqual([
      [35, 'beat at 35'],
      [35, 'beat at 35'],
    ]);
  });

  test('manners change for those who are there: from now on', () => {
    const { host, peer, told, pass } = simulated({ names: 0, beatEvery: 30 });
    host.opened(peer);
    pass(40);
    host.behave({ beatEvery: 50, clockRate: 0 });
    pass(60);
    host.behave({ clockRate: 0, closeAfter: 20 }); // frozen as it was
    host.beat(peer);
    pass(100);
    expect(told).toEqual([
      [30, 'beat at 30'],
      [90, 'beat at 40'],
      [100, 'beat at 40'],
      [120, 'close 1001 '],
    ]);
  });

  test('better manners take back a hanging up that is to come', () => {
    const { host, peer, told, pass } = simulated({ names: 0, closeAfter: 20 });
    host.opened(peer);
    pass(10);
    host.behave();
    pass(100);
    expect(told).toEqual([]);
  });

  test('after its goodbye it says nothing more', () => {
    const { host, peer, told, pass } = simulated({ names: 0, answerAfter: 10 });
    host.opened(peer);
    host.received(peer, 'heartbeat');
    host.close(peer, 4000, 'x');
    expect(host.received(peer, 'heartbeat')).toBe(true);
    host.behave({ beatEvery: 10 });
    host.beat(peer);
    host.push('{"heartbeat":1}');
    pass(100);
    expect(told).toEqual([[0, 'close 4000 x']]);
  });

  test('stopped, it says nothing more', () => {
    const { host, peer, told, pass } = simulated({ nameAfter: 10, beatEvery: 10, closeAfter: 10 });
    host.opened(peer);
    host.stop();
    pass(100);
    expect(told).toEqual([]);
  });
});

describe('misuse', () => {
  test.each<[unknown, string]>([
    [{ mute: true }, 'mute is not an option'],
    [{ upgrade: 101 }, "upgrade must be 'accept', 'hang' or an HTTP status from 200 to 599"],
    [{ retryAfter: '1\r\nSet-Cookie: a=b' }, 'retryAfter must be a number of seconds, or a line of ASCII text'],
    [{ names: -1 }, 'names must be a whole number from 0 to 1000'],
    [{ answers: Infinity }, 'answers must be a whole number from 0 to 1000'],
    [{ answer: {} }, 'answer must be a string'],
    [{ answerAfter: '5' }, 'answerAfter must be a number of milliseconds'],
    [{ beatEvery: 0 }, 'beatEvery must be a number of milliseconds above 0 and at most 2147483647, or Infinity'],
    [{ clockRate: Number.NaN }, 'clockRate must be a number'],
    [{ noise: 'x' }, 'noise must be an array of strings and Uint8Arrays'],
    [{ closeCode: 1004 }, 'closeCode must be a close code from 1000 to 1014 without 1004, or from 3000 to 4999'],
    [{ closeReason: 'ü'.repeat(62) }, 'closeReason must be a reason of at most 123 bytes in UTF-8'],
  ])('%j: %s', async (manners, message) => {
    const server = await serving();
    expect(() => server.behave(manners as never)).toThrow(message);
    expect(server.manners).toEqual(goodManners);
  });

  test('an end that no close frame may carry', async () => {
    const server = await serving();
    await dial(server).heard.next();
    const client = await server.nextClient();
    for (const code of [0, 999, 1004, 1015, 2999, 5000]) expect(() => client.close(code)).toThrow(RangeError);
    expect(server.clients).toEqual([client]);
    await expect(server.stop(999)).rejects.toThrow(RangeError);
  });
});

const heartbeat = { interval: 100, timeout: 300 };
/** For those who are to stay: no machine here stands still for so long. */
const patient = { interval: 20, timeout: 10_000 };
/** The shortest waits, always the same. */
const paced: ConnectOptions = { backoff: { initial: 20, max: 40, spread: 0 }, random: () => 0 };

describe('a connection to it', () => {
  const unnamed: [string, Partial<Manners>][] = [
    ['no name', { names: 0 }],
    ['a name that is late', { nameAfter: 60_000 }],
    ['a name of 1,025 characters', { id: 'x'.repeat(1_025) }],
    ...Object.entries(wrongNames).map(([what, name]): [string, Partial<Manners>] => [`a name ${what}`, { name }]),
  ];
  test.each(unnamed)('%s: unnamed, until it is named', async (_, manners) => {
    const server = await serving(manners);
    const connection = open(server.url, { ...paced, idTimeout: 100 });
    const states = statesOf(connection);
    expect(await until(connection, 'retry')).toMatchObject({ cause: 'unnamed', attempt: 1 });
    expect(states).not.toContain('alive');
    const opened = until(connection, 'open');
    server.behave();
    await opened;
  });

  test('two names: the first one counts, the other one is a message', async () => {
    const server = await serving({ names: 2 });
    const connection = open(server.url);
    const message = until(connection, 'message');
    expect(await until(connection, 'open')).toEqual({ id: 'client-1' });
    expect(await message).toContain('client-2');
    expect(connection.id).toBe('client-1');
  });

  test('another name at each return, or the same', async () => {
    const server = await serving();
    const connection = open(server.url, paced);
    await until(connection, 'open');
    const returns = async () => {
      const restored = until(connection, 'restored');
      for (const client of server.clients) client.close(1006);
      return restored;
    };
    expect(await returns()).toMatchObject({ previousId: 'client-1', id: 'client-2' });
    server.behave({ id: 'me' });
    expect(await returns()).toMatchObject({ previousId: 'client-2', id: 'me' });
    expect(await returns()).toMatchObject({ previousId: 'me', id: 'me' });
  });

  test('mute: doubted, lost as silent, dialled at once', async () => {
    const server = await serving({ answers: 0 });
    const connection = open(server.url, { ...paced, heartbeat });
    const states = statesOf(connection);
    expect(await until(connection, 'lost')).toMatchObject({ cause: 'silent', nextDialIn: 0 });
    expect(states.slice(0, 5)).toEqual(['connecting', 'awaiting-id', 'alive', 'stale', 'reconnecting']);
    const first = await server.nextClient();
    await first.left;
    expect(first.heartbeats).toBeGreaterThan(1); // asked again before it was given up
    await until(connection, 'restored');
  });

  test('mute, but with news: nothing is wrong', async () => {
    const server = await serving({ answers: 0 });
    const connection = open(server.url, { heartbeat: patient });
    const states = statesOf(connection);
    const client = await server.nextClient();
    for (let i = 0; i < 5; i += 1) {
      await client.nextHeartbeat();
      client.send('news');
    }
    expect(states).toEqual(['connecting', 'awaiting-id', 'alive']);
  });

  test('answers that are late, but not too late: doubted at most', async () => {
    const server = await serving({ answerAfter: 60 });
    const connection = open(server.url, { heartbeat: { interval: 20, timeout: 10_000 } });
    const states = statesOf(connection);
    await until(connection, 'open');
    await asks(server, 3);
    expect(connection.roundTripTime).toBeGreaterThan(50);
    expect(states).not.toContain('reconnecting');
  });

  test('old answers, after a good one: outdated, and lost as that', async () => {
    const server = await serving();
    const connection = open(server.url, { ...paced, heartbeat: patient });
    const states = eventsOf(connection, 'state');
    await until(connection, 'open');
    await answered(connection);
    const lost = until(connection, 'lost');
    server.behave({ answerAge: 61_000 });
    expect(await lost).toMatchObject({ cause: 'outdated', nextDialIn: 0 });
    expect(states.find(({ state }) => state === 'stale')).toMatchObject({ cause: 'outdated' });
  });

  test('old answers from the first one on: the clock is distrusted, the line is kept', async () => {
    const server = await serving({ answerAge: 61_000 });
    const connection = open(server.url, { heartbeat: patient });
    const states = statesOf(connection);
    expect(await until(connection, 'warning')).toMatchObject({ code: 'clock-distrusted' });
    await asks(server, 3);
    expect(states).toEqual(['connecting', 'awaiting-id', 'alive']);
    expect(connection.clockOffset).toBeUndefined();
  });

  test.each([3_600_000, -3_600_000, 1e12])('a clock that is %i ms ahead: known, and no harm', async (clockOffset) => {
    const server = await serving({ clockOffset });
    const connection = open(server.url, { heartbeat: patient });
    const states = statesOf(connection);
    await until(connection, 'open');
    await asks(server, 3);
    expect(Math.abs((connection.clockOffset ?? 0) - clockOffset)).toBeLessThan(1_000);
    expect(states).toEqual(['connecting', 'awaiting-id', 'alive']);
  });

  test.each([0, 0.2, -1])('a clock that runs at %d: outdated once it is too far behind', async (clockRate) => {
    const server = await serving();
    const connection = open(server.url, { ...paced, heartbeat: { ...patient, maxAge: 500 } });
    await until(connection, 'open');
    await answered(connection);
    const lost = until(connection, 'lost');
    server.behave({ clockRate });
    expect(await lost).toMatchObject({ cause: 'outdated' });
  });

  test('a clock that is fast by a tenth: no harm', async () => {
    const server = await serving({ clockRate: 1.1 });
    const connection = open(server.url, { heartbeat: patient });
    const states = statesOf(connection);
    await until(connection, 'open');
    await asks(server, 5);
    expect(states).toEqual(['connecting', 'awaiting-id', 'alive']);
  });

  const harmless: [string, Partial<Manners>][] = [
    ['answers twice', { answers: 2 }],
    ['answers that nobody asked for', { beatEvery: 5 }],
    ['answers from the future, each of them', { answerAge: -1e12 }],
    ...Object.entries(absurdAnswers).map(([what, answer]): [string, Partial<Manners>] => [
      `the time ${what}`,
      { answer },
    ]),
  ];
  test.each(harmless)('%s: no harm', async (_, manners) => {
    const server = await serving(manners);
    const connection = open(server.url, { heartbeat: patient });
    const warnings = eventsOf(connection, 'warning');
    const states = statesOf(connection);
    await until(connection, 'open');
    await asks(server, 3);
    expect(states).toEqual(['connecting', 'awaiting-id', 'alive']);
    expect(warnings).toEqual([]);
    expect(connection.clockOffset).toBeTypeOf('number');
  });

  test('rubbish before each name and answer: for the app, as it is, and no harm', async () => {
    const noise = Object.values(rubbish);
    const server = await serving({ noise });
    const connection = open(server.url, { heartbeat: { interval: 200, timeout: 10_000 }, buffer: { bytes: 2 ** 26 } });
    const messages = messagesOf(connection);
    const states = statesOf(connection);
    expect(await until(connection, 'open')).toEqual({ id: 'client-1' });
    await asks(server, 2);
    await expect.poll(() => messages.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(noise.length * 2);
    const asHeard = noise.map((each) => (typeof each === 'string' ? each : Uint8Array.from(each).buffer));
    expect(messages.slice(0, noise.length * 2)).toEqual([...asHeard, ...asHeard]);
    expect(states).toEqual(['connecting', 'awaiting-id', 'alive']);
  });

  test('a flood: every message, in order, and the heart beats on', async () => {
    const server = await serving();
    const connection = open(server.url, { heartbeat: patient });
    const states = statesOf(connection);
    const messages = messagesOf(connection);
    await until(connection, 'open');
    const client = await server.nextClient();
    const last = until(connection, 'message', (message) => message === 'last');
    await client.flood(20_000, 200);
    client.send('last');
    await last;
    expect(messages).toHaveLength(20_001);
    expect(messages.slice(0, -1).map((message) => Number.parseInt(message as string, 10))).toEqual(
      Array.from({ length: 20_000 }, (_, i) => i + 1),
    );
    await asks(server, 1);
    expect(states).toEqual(['connecting', 'awaiting-id', 'alive']);
  });

  test.each([1000, 1001, 1005, 1006, 1011, 1012, 4000])('the end %i: lost, and back', async (code) => {
    const server = await serving();
    const connection = open(server.url, paced);
    await until(connection, 'open');
    const restored = until(connection, 'restored');
    const lost = until(connection, 'lost');
    for (const client of server.clients) client.close(code);
    expect(await lost).toMatchObject({ cause: 'peer-closed', code, wasClean: code !== 1006 });
    await restored;
  });

  test('the end 1013: back in 5 s at the earliest', async () => {
    const server = await serving();
    const connection = open(server.url, paced);
    await until(connection, 'open');
    const lost = until(connection, 'lost');
    server.behave({ closeAfter: 0, closeCode: 1013, closeReason: 'busy' });
    expect(await lost).toMatchObject({ code: 1013, reason: 'busy', nextDialIn: 5_000 });
  });

  test.each([1002, 1003, 1007, 1008, 1010, 3000, 3003])('the end %i: closed for good', async (code) => {
    const server = await serving();
    const connection = open(server.url, paced);
    await until(connection, 'open');
    const closed = until(connection, 'closed');
    server.behave({ closeAfter: 0, closeCode: code, closeReason: 'no' });
    expect(await closed).toMatchObject({ cause: 'fatal', code, reason: 'no' });
    expect(server.dials).toBe(1);
  });

  test('taken in and dropped, each time: dialled again each time, and named', async () => {
    const server = await serving({ closeAfter: 0 });
    const connection = open(server.url, paced);
    const losses = eventsOf(connection, 'lost');
    await until(connection, 'restored', ({ id }) => id === 'client-3');
    expect(losses.slice(0, 2).map(({ cause, code }) => [cause, code])).toEqual([
      ['peer-closed', 1001],
      ['peer-closed', 1001],
    ]);
  });

  test.each([401, 403, 404])('refused with %i: closed for good', async (status) => {
    const server = await serving({ upgrade: status });
    const connection = open(server.url, paced);
    expect(await until(connection, 'closed')).toMatchObject({ cause: 'fatal' });
    expect(server.dials).toBe(1);
  });

  test.each([200, 302, 400, 429, 500, 503])('refused with %i: dialled again, and in', async (status) => {
    const server = await serving({ upgrade: status });
    const connection = open(server.url, paced);
    expect(await until(connection, 'retry')).toMatchObject({ cause: 'refused', reason: `HTTP ${status}` });
    const opened = until(connection, 'open');
    server.behave();
    await opened;
  });

  test.each<[string, number | string, (nextDialIn: number | undefined) => boolean]>([
    ['seconds', 7, (ms) => ms === 7_000],
    ['more than an hour', 86_400, (ms) => ms === 3_600_000],
    ['a date to come', inMs(600_000), (ms = 0) => ms > 1_000 && ms <= 600_000],
    ['a date that is past', inMs(-600_000), (ms = 99) => ms <= 10],
    ['no time at all', 'soon', (ms = 99) => ms <= 10],
    ['less than nothing', '-5', (ms = 99) => ms <= 10],
  ])('Retry-After, %s: heeded', async (_, retryAfter, isHeeded) => {
    const server = await serving({ upgrade: 503, retryAfter });
    const connection = open(server.url, paced);
    const { nextDialIn } = await until(connection, 'retry');
    expect(nextDialIn).toSatisfy(isHeeded);
    const opened = until(connection, 'open');
    server.behave();
    connection.reconnect(); // the user need not wait
    await opened;
  });

  test('a dial that hangs: given up, and dialled again', async () => {
    const server = await serving({ upgrade: 'hang' });
    const connection = open(server.url, { ...paced, connectTimeout: 100 });
    expect(await until(connection, 'retry')).toMatchObject({ cause: 'dial-timeout' });
    const opened = until(connection, 'open');
    server.behave();
    await opened;
  });

  test('a restart: lost with 1012, refused while it is down, back', async () => {
    const server = await serving();
    const connection = open(server.url, paced);
    await until(connection, 'open');
    const retry = until(connection, 'retry');
    const lost = until(connection, 'lost');
    await server.stop(1012);
    expect(await lost).toMatchObject({ code: 1012 });
    expect(await retry).toMatchObject({ cause: 'refused', reason: 'ECONNREFUSED' });
    const restored = until(connection, 'restored');
    await server.start();
    expect(await restored).toMatchObject({ previousId: 'client-1', id: 'client-2' });
    await untilState(connection, 'alive');
  });
});

const prototypesAtFirst = prototypes();

afterAll(() => {
  expect(prototypes()).toEqual(prototypesAtFirst);
});

/** What a poisoned prototype would show. */
function prototypes(): string[] {
  return [Object.prototype, Array.prototype, String.prototype].flatMap((each) => Reflect.ownKeys(each).map(String));
}

/** A fault server that is gone with its test. */
async function serving(manners: Partial<Manners> = {}): Promise<FaultServer> {
  const server = await faultServer({ manners });
  onTestFinished(() => server.close());
  return server;
}

/** A client that has no manners of its own. */
function dial({ url }: FaultServer) {
  const socket = new WebSocket(url);
  const heard = new Queue<Data>();
  socket.on('message', (data, isBinary) => heard.add(isBinary ? new Uint8Array(data as Buffer) : textOf(data)));
  const closed = once(socket, 'close').then(([code, reason]) => [code, String(reason)]);
  onTestFinished(() => socket.terminate());
  return { socket, heard, closed };
}

async function untilHeard(heard: Queue<Data>, data: Data): Promise<void> {
  while ((await heard.next()) !== data);
}

/** With T for the time. */
function undated(data: Data): Data {
  return typeof data === 'string' ? data.replace(/(?<=":)\d{13}(?=\})/, 'T') : data;
}

function timeIn(data: Data): number {
  return Number(/(?<=":)-?\d+(?=\})/.exec(data as string));
}

/** Until the client that is there now has asked so many more times. */
async function asks(server: FaultServer, times: number): Promise<void> {
  const client = server.clients[0];
  // One more, as the answer to the last one has come once it is asked again.
  for (let i = 0; i <= times; i += 1) await client?.nextHeartbeat();
}

async function answered(connection: ReturnType<typeof open>): Promise<void> {
  await expect.poll(() => connection.roundTripTime, { timeout: 20_000 }).toBeTypeOf('number');
}

function inMs(ms: number): string {
  return new Date(Date.now() + ms).toUTCString();
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
}

/** The sockets that are there. */
function resources(): string[] {
  return process.getActiveResourcesInfo().filter((each) => each.startsWith('TCP'));
}

/** A host and a peer in a world of their own: what it is told, by when it is told. */
function simulated(manners: Partial<Manners>) {
  const clock = new SimulatedClock();
  const told: [at: number, said: string][] = [];
  const tell = (said: string) => void told.push([clock.now(), said]);
  const peer = {
    send: (data: Data) => {
      const said = JSON.parse(data as string) as { id?: string; now_time?: number; heartbeat?: number };
      tell(said.id === undefined ? `beat at ${said.heartbeat}` : `${said.id} at ${said.now_time}`);
    },
    close: (code?: number, reason?: string) => tell(`close ${code} ${reason}`),
    terminate: () => tell('terminate'),
  };
  const host = new Host(
    {
      now: () => clock.now(),
      setTimeout: (callback, ms) => clock.setTimeout(callback, ms),
      clearTimeout: (id) => clock.clearTimeout(id as number),
    },
    manners,
  );
  const pass = (ms: number) => {
    for (let i = 0; i < ms; i += 1) clock.increment(1);
  };
  return { host, peer, told, pass };
}
