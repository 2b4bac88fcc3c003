/**
 * The contract of a protocol, told once and run on all of them against a real server that speaks the other half. Each decoder is judged row by row in
 * dialects.test.ts.
 */
import { describe, expect, test } from 'vitest';
import { WebSocket, type ServerOptions } from 'ws';
import { waitFor } from 'xstate';

import type { ConnectOptions, Frame, Protocol, State } from '../../adapters/index.ts';
import { actionCable } from '../../adapters/protocols/actioncable.ts';
import { graphqlTransportWs } from '../../adapters/protocols/graphql-transport-ws.ts';
import { homeAssistant } from '../../adapters/protocols/home-assistant.ts';
import { idHeartbeat } from '../../adapters/protocols/id-heartbeat.ts';
import { nativePing } from '../../adapters/protocols/native-ping.ts';
import { plain, type PlainOptions } from '../../adapters/protocols/plain.ts';
import { field, jsonObject } from '../../adapters/protocols/protocol.ts';
import { silent } from '../../adapters/protocols/silent.ts';
import { trpc } from '../../adapters/protocols/trpc.ts';
import { lineOf } from '../../adapters/websocket.ts';
import {
  bytes,
  eventsOf,
  listen,
  messagesOf,
  open,
  statesOf,
  textOf,
  uncaughtDuring,
  until,
  untilState,
  untilSo,
} from '../helpers/support.ts';

/** What the server's half can be told, and what it heard. */
interface Half {
  /** False: it hears and says nothing. */
  answers: boolean;
  /** `performance.now()` of every sign of life it gave after the naming. */
  beats: number[];
  /** What the client wrote that was not the test's. */
  asked: number;
}

interface Sibling {
  protocol: Protocol;
  /** In force, ms. */
  interval: number;
  server?: ServerOptions;
  /** Speaks the server's half to one client, which is its `visit`th. */
  speak: (socket: WebSocket, visit: number, half: Half) => void;
  /** What `id` is on the `visit`th connection. */
  id: (visit: number) => string | undefined;
  /** Control frames that nobody waits for. */
  controls: (socket: WebSocket) => void;
  /** Those of them that are the app's all the same, for they answer nothing that was asked here. */
  heard?: Frame[];
  /** What the app hears besides at any time. */
  noise?: RegExp;
  /** What looks nearly like a control message, and is the app's. */
  nearMisses: Frame[];
  statesTime: boolean;
}

const timeout = 400;

const siblings: Record<string, Sibling> = {
  'id-heartbeat': {
    protocol: idHeartbeat(),
    interval: 300,
    speak: (socket, visit, half) => {
      socket.on('message', (data) => {
        if (textOf(data) !== 'heartbeat') return;
        half.asked += 1;
        if (half.answers) beat(half, () => socket.send(JSON.stringify({ heartbeat: Date.now() })));
      });
      socket.send(JSON.stringify({ id: `session-${visit}`, now_time: Date.now() }));
    },
    id: (visit) => `session-${visit}`,
    controls: (socket) => {
      socket.send('{"heartbeat":1}');
      socket.send('{ "heartbeat": 1 }');
    },
    nearMisses: [
      '{"id":"another","now_time":1}',
      'heartbeat',
      '"heartbeat"',
      '[{"heartbeat":1}]',
      '{"data":{"heartbeat":1}}',
      '{"heartbeat":1,"id":"me"}',
      '{"Heartbeat":1}',
      '{"heartbeat":1',
      bytes('{"heartbeat":1}'),
      '',
    ],
    statesTime: true,
  },
  plain: {
    protocol: plain({ heartbeat: 'are you there?', reply: 'yes' }),
    interval: 300,
    speak: (socket, _, half) => {
      socket.on('message', (data) => {
        if (textOf(data) !== 'are you there?') return;
        half.asked += 1;
        if (half.answers) beat(half, () => socket.send('yes'));
      });
    },
    id: () => undefined,
    controls: (socket) => socket.send('yes'),
    heard: ['yes'],
    nearMisses: ['Yes', 'yes ', '"yes"', 'are you there?', bytes('yes'), ''],
    statesTime: false,
  },
  'plain, in bytes': {
    protocol: plain({ heartbeat: new Uint8Array([0, 1]), reply: new Uint8Array([0, 2]) }),
    interval: 300,
    speak: (socket, _, half) => {
      socket.on('message', (data, isBinary) => {
        if (!isBinary || !(data as Buffer).equals(Buffer.from([0, 1]))) return;
        half.asked += 1;
        if (half.answers) beat(half, () => socket.send(Buffer.from([0, 2])));
      });
    },
    id: () => undefined,
    controls: (socket) => socket.send(Buffer.from([0, 2])),
    heard: [bytes('\u0000\u0002')],
    nearMisses: ['\u0000\u0002', bytes('\u0000\u0001'), bytes('\u0000'), bytes('')],
    statesTime: false,
  },
  trpc: {
    protocol: trpc(),
    interval: 300,
    speak: (socket, _, half) => {
      socket.on('message', (data) => {
        if (textOf(data) !== 'PING') return;
        half.asked += 1;
        if (half.answers) beat(half, () => socket.send('PONG'));
      });
    },
    id: () => undefined,
    controls: (socket) => {
      socket.send('PING');
      socket.send('PONG');
    },
    heard: ['PING', 'PONG'],
    nearMisses: ['ping', 'PONG ', '"PONG"', '{"id":null,"method":"reconnect"}', bytes('PONG'), ''],
    statesTime: false,
  },
  'home-assistant': {
    protocol: homeAssistant({ accessToken: 'T' }),
    interval: 300,
    speak: (socket, _, half) => {
      let last = 0;
      socket.on('message', (data) => {
        const message = jsonObject(textOf(data));
        if (message === undefined) return;
        const type = field(message, 'type');
        const id = field(message, 'id');
        if (type === 'auth') return socket.send('{"type":"auth_ok","ha_version":"2026.11.0"}');
        if (type === 'systole/ping') half.asked += 1;
        if (type !== 'systole/ping' || half.answers) beat(half, () => socket.send(refusalOf(id, last)));
        if (type === 'ping') last = id as number;
      });
      socket.send('{"type":"auth_required","ha_version":"2026.11.0"}');
    },
    id: () => undefined,
    controls: (socket) => socket.send(refusalOf(1, 1)),
    heard: [refusalOf(1, 1)],
    nearMisses: [
      '{"id":1,"type":"result","success":true,"result":"id_reuse"}',
      '{"id":2,"type":"result","success":false,"error":{"code":"id_reuse"}}',
      '{"id":1,"type":"pong"}',
      '{"type":"auth_invalid"}',
      bytes(refusalOf(1, 1)),
      '',
    ],
    statesTime: false,
  },
  'native-ping': {
    protocol: nativePing(),
    interval: 300,
    server: { autoPong: false },
    speak: (socket, _, half) => {
      socket.on('ping', (data) => {
        half.asked += 1;
        if (half.answers) beat(half, () => socket.pong(data));
      });
    },
    id: () => undefined,
    controls: (socket) => {
      socket.pong();
      socket.ping();
    },
    nearMisses: ['ping', 'pong', bytes('pong'), ''],
    statesTime: false,
  },
  'graphql-transport-ws': {
    protocol: graphqlTransportWs(),
    interval: 300,
    server: { handleProtocols: (offered) => offered.has('graphql-transport-ws') && 'graphql-transport-ws' },
    speak: (socket, _, half) => {
      socket.on('message', (data) => {
        const message = jsonObject(textOf(data));
        if (message === undefined || field(message, 'type') !== 'ping') return;
        half.asked += 1;
        const pong = JSON.stringify({ type: 'pong', payload: field(message, 'payload') });
        if (half.answers) beat(half, () => socket.send(pong));
      });
    },
    id: () => undefined,
    controls: (socket) => {
      socket.send('{"type":"pong","payload":{"systole":true}}');
      socket.send('{ "payload": { "systole": true }, "type": "pong" }');
    },
    nearMisses: [
      '{"type":"pong"}',
      '{"type":"pong","payload":{}}',
      '{"type":"pong","payload":{"systole":"true"}}',
      '{"type":"ping","payload":{"systole":true}}',
      '{"type":"next","id":"systole","payload":{"data":{"systole":true}}}',
      '{"type":"connection_ack"}',
      '[{"type":"pong","payload":{"systole":true}}]',
      bytes('{"type":"pong","payload":{"systole":true}}'),
      '',
    ],
    statesTime: false,
  },
  actioncable: {
    protocol: actionCable({ interval: 1_000 }),
    interval: 1_000,
    server: { handleProtocols: (offered) => offered.has('actioncable-v1-json') && 'actioncable-v1-json' },
    speak: (socket, visit, half) => {
      socket.on('message', () => (half.asked += 1));
      socket.on('ping', () => (half.asked += 1));
      const now = () => Math.floor(Date.now() / 1_000);
      const timer = setInterval(() => {
        if (half.answers) beat(half, () => socket.send(JSON.stringify({ type: 'ping', message: now() })));
      }, 300);
      socket.on('close', () => clearInterval(timer));
      socket.send(JSON.stringify({ type: 'welcome', sid: `session-${visit}` }));
    },
    id: (visit) => `session-${visit}`,
    controls: (socket) => {
      socket.send('{"type":"ping","message":1}');
      socket.send('{"type":"welcome"}');
    },
    heard: ['{"type":"ping","message":1}', '{"type":"welcome"}'],
    noise: /^\{"type":"(?:ping","message":\d{9,}|welcome","sid":"session-\d+")\}$/,
    nearMisses: [
      '{"type":"Ping"}',
      '{"type":"confirm_subscription","identifier":"a"}',
      '{"type":"ping","identifier":"a","message":1}',
      '{"type":"disconnect","identifier":"a","reconnect":false}',
      '{"identifier":"a","message":{"type":"ping"}}',
      '{"message":{"type":"ping"}}',
      '[{"type":"ping"}]',
      '"type":"ping"',
      JSON.stringify({ type: 'ping', pad: 'x'.repeat(512) }),
      bytes('{"type":"ping"}'),
      '',
    ],
    statesTime: true,
  },
  silent: {
    protocol: silent(),
    interval: 300,
    speak: (socket, _, half) => {
      socket.on('message', () => (half.asked += 1));
      socket.on('ping', () => (half.asked += 1));
    },
    id: () => undefined,
    controls: (socket) => {
      socket.pong();
      socket.ping();
    },
    nearMisses: ['ping', 'pong', '{"heartbeat":1}', '{"type":"ping"}', '{"id":1,"now_time":1}', bytes('x'), ''],
    statesTime: false,
  },
};

/** What Home Assistant says of a command that it does not know. */
function refusalOf(id: unknown, last: number): string {
  const code = (id as number) <= last ? 'id_reuse' : 'unknown_command';
  return JSON.stringify({ id, type: 'result', success: false, error: { code, message: 'No.' } });
}

function siblingsWith(liveness: Protocol['liveness']): [string, Sibling][] {
  return Object.entries(siblings).filter(([, { protocol }]) => protocol.liveness === liveness);
}

function beat(half: Half, write: () => void): void {
  write();
  half.beats.push(performance.now());
}

/** A server that speaks the sibling's other half, and a connection to it. */
async function meet({ protocol, speak, server, interval }: Sibling, options: ConnectOptions = {}) {
  const half: Half = { answers: true, beats: [], asked: 0 };
  const listening = await listen((socket, visit) => speak(socket, visit, half), server);
  const connection = open(listening.url, { protocol, heartbeat: { interval, timeout }, ...options });
  return { connection, half, listening };
}

function withoutNoise(messages: readonly Frame[], { noise }: Sibling): Frame[] {
  return messages.filter((each) => typeof each !== 'string' || !noise?.test(each));
}

function wordsOf(frame: Frame): string {
  return typeof frame === 'string' ? frame : `bytes ${new Uint8Array(frame).join(' ')}`;
}

/** Ended by what an answer does: the heartbeat it answers is confirmed. */
const answered = (connection: ReturnType<typeof open>) =>
  waitFor(connection.actor, ({ context }) => context.roundTripTime !== undefined, { timeout: 20_000 });

describe.each(Object.entries(siblings))('%s', (_, sibling) => {
  const { protocol, id } = sibling;

  test('connecting - awaiting-id - alive, and named', async () => {
    const { connection } = await meet(sibling);
    const states = statesOf(connection);
    expect(await until(connection, 'open')).toEqual({ id: id(1) });
    await untilState(connection, 'alive');
    expect(connection.id).toBe(id(1));
    expect(states).toEqual(['connecting', 'awaiting-id', 'alive']);
  });

  test("what is nearly a control message is the app's, what is one is not", async () => {
    const { connection, listening } = await meet(sibling, { heartbeat: { interval: 5_000, timeout } });
    const messages = messagesOf(connection);
    const states = statesOf(connection);
    const last = until(connection, 'message', (message) => message === 'the last one');
    await until(connection, 'open');
    sibling.controls(listening.socket);
    for (const frame of sibling.nearMisses) listening.socket.send(frame);
    sibling.controls(listening.socket);
    listening.socket.send('the last one');
    await last;
    const { nearMisses, heard = [] } = sibling;
    expect(withoutNoise(messages, sibling)).toEqual([...heard, ...nearMisses, ...heard, 'the last one']);
    expect(states).toEqual(['connecting', 'awaiting-id', 'alive']);
  });

  test('alive - reconnecting - alive: each visit has a session of its own', async () => {
    const { connection, half, listening } = await meet(sibling);
    await until(connection, 'open');
    for (const visit of [2, 3]) {
      const restored = until(connection, 'restored');
      // Nothing is due to the new session that was due to the old one, and the other way round.
      half.answers = visit === 3;
      if (visit === 2 && protocol.liveness === 'ask') await untilAsked(half, half.asked);
      connection.reconnect();
      expect(await restored).toMatchObject({ id: id(visit), previousId: id(visit - 1) });
    }
    const messages = messagesOf(connection);
    const last = until(connection, 'message', (message) => message === 'the last one');
    sibling.controls(listening.socket);
    listening.socket.send('the last one');
    await last;
    // A question of its own may be open by now, and have taken one of them for the answer.
    const controls = new Set((sibling.heard ?? []).map(wordsOf));
    expect(withoutNoise(messages, sibling).filter((each) => !controls.has(wordsOf(each)))).toEqual(['the last one']);
    expect(listening.accepted).toHaveLength(3);
    if (protocol.liveness === 'ask') await answered(connection);
  });

  test('alive - reconnecting when it closes', async () => {
    const { connection, listening } = await meet(sibling);
    await until(connection, 'open');
    const lost = until(connection, 'lost');
    const restored = until(connection, 'restored');
    listening.socket.close(4321, 'as a test');
    expect(await lost).toMatchObject({ cause: 'peer-closed', code: 4321, reason: 'as a test', wasClean: true });
    expect(await restored).toMatchObject({ id: id(2), previousId: id(1) });
  });

  test('the server states its time, where it has a way to', async () => {
    const { connection } = await meet(sibling);
    await until(connection, 'open');
    if (protocol.liveness === 'ask') await answered(connection);
    if (protocol.liveness === 'server-beats')
      await waitFor(connection.actor, ({ context }) => context.serverClock !== undefined, { timeout: 20_000 });
    const { clockOffset } = connection;
    expect(typeof clockOffset).toBe(sibling.statesTime ? 'number' : 'undefined');
    // Both ends share one clock, which Action Cable rounds down to the second.
    expect(Math.abs(clockOffset ?? 0)).toBeLessThan(1_500);
  });
});

describe.each(siblingsWith('ask'))('%s: it is asked', (_, sibling) => {
  const { interval } = sibling;

  test('a heartbeat is written after the interval, and its answer confirms what went before it', async () => {
    const { connection, half } = await meet(sibling);
    const messages = messagesOf(connection);
    await until(connection, 'open');
    const openedAt = performance.now();
    connection.send('before');
    expect(lineOf(connection.actor).unconfirmed).toEqual({ messages: 1, bytes: 6 });
    const { context } = await answered(connection);
    expect((half.beats[0] ?? 0) - openedAt).toBeGreaterThan(interval - 50);
    expect(context.roundTripTime).toBeGreaterThanOrEqual(0);
    expect(context.roundTripTime).toBeLessThan(performance.now() - openedAt - interval + 50);
    expect(connection.roundTripTime).toBe(context.roundTripTime);
    expect(lineOf(connection.actor).unconfirmed).toEqual({ messages: 0, bytes: 0 });
    expect(messages).toEqual([]);
  });

  test('what was handed over after the heartbeat is not confirmed by its answer', async () => {
    const { connection, half, listening } = await meet(sibling);
    half.answers = false;
    await until(connection, 'open');
    connection.send('before');
    await untilAsked(half, 0);
    connection.send('behind');
    half.answers = true; // for the second heartbeat, whose answer confirms no more than the first one's
    await answered(connection);
    const lost = until(connection, 'lost');
    listening.socket.terminate();
    expect(await lost).toMatchObject({ unconfirmed: { messages: 1, bytes: 6 } });
  });

  test('the next heartbeat follows the answer by the interval', async () => {
    const { connection, half } = await meet(sibling);
    const states = statesOf(connection);
    await until(connection, 'open');
    await untilAsked(half, 2);
    const [first = 0, second = 0, third = 0] = half.beats;
    expect(second - first).toBeGreaterThan(interval - 50);
    expect(third - second).toBeGreaterThan(interval - 50);
    expect(states).not.toContain('reconnecting');
  });
});

describe.each([...siblingsWith('server-beats'), ...siblingsWith('none')])('%s: it is not asked', (_, sibling) => {
  test('nothing is ever written', async () => {
    const { connection, half, listening } = await meet(sibling);
    await until(connection, 'open');
    // One that is asked is asked four times meanwhile.
    const other = await meet(siblings['plain'] as Sibling);
    await untilAsked(other.half, 3);
    expect(connection.state).toBe('alive');
    expect(half.asked).toBe(0);
    expect(connection.roundTripTime).toBeUndefined();
    // A message of the app is, and is the first.
    const heard = new Promise((resolve) => listening.socket.once('message', (data) => resolve(textOf(data))));
    connection.send('hello');
    expect(await heard).toBe('hello');
  });
});

describe.each(siblingsWith('none'))('%s: it has no heart', (_, sibling) => {
  test('silence is never noticed', async () => {
    const { connection } = await meet(sibling);
    const states = statesOf(connection);
    await until(connection, 'open');
    // The same silence, where it is noticed.
    const other = await meet(siblings['plain'] as Sibling);
    other.half.answers = false;
    expect(await until(other.connection, 'lost')).toMatchObject({ cause: 'silent' });
    await until(other.connection, 'lost');
    expect(states).toEqual(['connecting', 'awaiting-id', 'alive']);
  });
});

describe.each([...siblingsWith('ask'), ...siblingsWith('server-beats')])('%s: it has a heart', (_, sibling) => {
  const { interval } = sibling;

  test('alive - stale - reconnecting when it goes silent, without a close event', async () => {
    const closes: number[] = [];
    class Watched extends WebSocket {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        super(...args);
        this.on('close', () => closes.push(performance.now()));
      }
    }
    const { connection, half, listening } = await meet(sibling, { WebSocket: Watched });
    const states = statesOf(connection);
    await until(connection, 'open');
    // After one good beat.
    await untilSo(() => half.beats.length > 0);
    half.answers = false;
    const doubts = eventsOf(connection, 'state');
    const lost = await until(connection, 'lost');
    const after = performance.now() - (half.beats.at(-1) ?? 0);
    expect(closes).toEqual([]);
    expect(lost).toMatchObject({ cause: 'silent', code: 1006, reason: '', wasClean: false, nextDialIn: 0 });
    expect(doubts.map(({ state, cause }) => [state, cause])).toContainEqual(['stale', 'silent']);
    expect(after).toBeGreaterThan(interval + timeout - 50);
    expect(after).toBeLessThan(interval + timeout + 1_500);
    half.answers = true;
    await until(connection, 'restored');
    await untilState(connection, 'alive');
    expect(states.join(' ')).toMatch(/alive (stale alive )*stale reconnecting (\S+ )*alive$/);
    expect(listening.accepted).toHaveLength(2);
  });

  test('alive - stale - alive: a message is life while it is doubted', async () => {
    const { connection, half, listening } = await meet(sibling);
    const states = statesOf(connection);
    await until(connection, 'open');
    half.answers = false;
    await until(connection, 'state', ({ state }) => state === 'stale');
    const back = until(connection, 'state');
    listening.socket.send('news');
    expect(await back).toMatchObject({ state: 'alive', previous: 'stale', cause: undefined });
    expect(states).toEqual(['connecting', 'awaiting-id', 'alive', 'stale', 'alive']);
  });
});

/** Until it was asked more often than so. */
async function untilAsked(half: Half, times: number): Promise<void> {
  await untilSo(() => half.asked > times);
}

describe('subprotocols', () => {
  const offers = async (options: ConnectOptions) => {
    let offered: string[] = [];
    const { url, server } = await listen((socket) => socket.send('{"type":"welcome"}'), {
      handleProtocols: (all) => {
        offered = [...all];
        return [...all].at(-1) ?? false;
      },
    });
    const opened = open(url, options);
    const ended = Promise.race([until(opened, 'open'), until(opened, 'state', ({ state }) => state === 'awaiting-id')]);
    await ended;
    return { offered, chosen: [...server.clients].map((socket) => socket.protocol) };
  };

  test('action cable names its own', async () => {
    expect(await offers({ protocol: actionCable() })).toEqual({
      offered: ['actioncable-v1-json', 'actioncable-unsupported'],
      chosen: ['actioncable-unsupported'],
    });
  });

  test('so does graphql-transport-ws', async () => {
    expect(await offers({ protocol: graphqlTransportWs() })).toEqual({
      offered: ['graphql-transport-ws'],
      chosen: ['graphql-transport-ws'],
    });
  });

  test('behind those of the app', async () => {
    const { offered } = await offers({ protocol: actionCable(), protocols: ['mine', 'yours'] });
    expect(offered).toEqual(['mine', 'yours', 'actioncable-v1-json', 'actioncable-unsupported']);
  });

  test('one that the app names too is offered once', async () => {
    const { offered } = await offers({ protocol: actionCable(), protocols: 'actioncable-v1-json' });
    expect(offered).toEqual(['actioncable-v1-json', 'actioncable-unsupported']);
  });

  test.each([idHeartbeat(), plain(), nativePing(), trpc(), silent()])('$name names none', async (protocol) => {
    expect(await offers({ protocol })).toEqual({ offered: [], chosen: [''] });
  });
});

describe('action cable sends us away', () => {
  const dismiss = async (message: object) => {
    const { url, accepted } = await listen((socket, visit) => {
      socket.send('{"type":"welcome"}');
      if (visit === 1) socket.send(JSON.stringify({ type: 'disconnect', ...message }));
    });
    return { connection: open(url, { protocol: actionCable(), stableAfter: 0 }), accepted };
  };

  test('for good: closed', async () => {
    const { connection, accepted } = await dismiss({ reason: 'unauthorized', reconnect: false });
    const lost = until(connection, 'lost');
    expect(await until(connection, 'closed')).toMatchObject({ cause: 'fatal', reason: 'unauthorized' });
    expect(await lost).toMatchObject({ cause: 'refused', reason: 'unauthorized', nextDialIn: undefined });
    expect(accepted).toHaveLength(1);
  });

  test('in words that the app hears first', async () => {
    const { connection } = await dismiss({ reason: 'unauthorized', reconnect: false });
    const story: unknown[] = [];
    connection.on('open', () => story.push('open'));
    connection.on('message', (message) => story.push(message));
    connection.on('lost', () => story.push('lost'));
    await until(connection, 'closed');
    expect(story).toEqual([
      'open',
      '{"type":"welcome"}',
      '{"type":"disconnect","reason":"unauthorized","reconnect":false}',
      'lost',
    ]);
  });

  test('before a welcome: it hears them, and the line was never open', async () => {
    const words = '{"type":"disconnect","reason":"unauthorized","reconnect":false}';
    const { url } = await listen((socket) => {
      socket.send('first');
      socket.send(words);
    });
    const connection = open(url, { protocol: actionCable() });
    connection.send('waits');
    const messages = messagesOf(connection);
    const opens = eventsOf(connection, 'open');
    expect(await until(connection, 'closed')).toMatchObject({
      cause: 'fatal',
      undelivered: { messages: 1 },
      unconfirmed: { messages: 0 },
    });
    expect(messages).toEqual(['first', words]);
    expect(opens).toEqual([]);
  });

  test('and the app has left by then: it has', async () => {
    const { connection } = await dismiss({ reason: 'unauthorized', reconnect: false });
    connection.on(
      'message',
      (message) => wordsOf(message).includes('disconnect') && connection.close(4000, 'as I like'),
    );
    expect(await until(connection, 'closed')).toMatchObject({ cause: 'user-closed' });
  });

  test.each([{ reconnect: true }, {}])('%o: reconnecting', async (more) => {
    const { connection } = await dismiss({ reason: 'server_restart', ...more });
    const restored = until(connection, 'restored');
    expect(await until(connection, 'lost')).toMatchObject({ cause: 'refused', reason: 'server_restart' });
    await restored;
  });
});

test('a server that chooses no subprotocol of those offered is left, and dialled again', async () => {
  const { url, accepted } = await listen(() => {}, { handleProtocols: () => false });
  const connection = open(url, { protocol: actionCable(), backoff: { initial: 100 } });
  await until(connection, 'retry', ({ attempt, cause }) => attempt === 2 && cause === 'refused');
  expect(accepted).toHaveLength(2);
});

test.each([
  ['actioncable', actionCable(), 'actioncable-unsupported', []],
  ['graphql-transport-ws', graphqlTransportWs(), 'graphql-ws', ['graphql-ws']],
] as const)(
  '%s: a server that agrees to speak another dialect is not dialled again',
  async (_, protocol, agreed, protocols) => {
    const { url, accepted } = await listen(() => {}, { handleProtocols: () => agreed });
    const connection = open(url, { protocol, protocols, backoff: { initial: 20, max: 20, spread: 0 } });
    const retries = eventsOf(connection, 'retry');
    expect(await until(connection, 'closed')).toMatchObject({
      cause: 'fatal',
      reason: expect.stringContaining('subprotocol'),
    });
    expect(retries).toMatchObject([{ cause: 'refused', nextDialIn: undefined }]);
    expect(accepted).toHaveLength(1);
  },
);

describe('home assistant', () => {
  const serve = (words: string) =>
    listen((socket) => {
      socket.send('{"type":"auth_required","ha_version":"2026.11.0"}');
      socket.on('message', () => socket.send(words));
    });

  test('does not know us: the app hears why, and no dial follows', async () => {
    const words = '{"type":"auth_invalid","message":"Invalid access token or password"}';
    const { url, accepted } = await serve(words);
    const connection = open(url, { protocol: homeAssistant({ accessToken: 'T' }) });
    const messages = messagesOf(connection);
    expect(await until(connection, 'closed')).toMatchObject({ cause: 'fatal', reason: 'auth_invalid' });
    expect(messages).toEqual([words]);
    expect(accepted).toHaveLength(1);
  });

  test('is told who we are by the app, where we cannot tell', async () => {
    const { url } = await serve('{"type":"auth_ok","ha_version":"2026.11.0"}');
    const connection = open(url, { protocol: homeAssistant() });
    const messages = messagesOf(connection);
    await until(connection, 'open');
    connection.send('{"type":"auth","access_token":"T"}');
    await until(connection, 'message', (message) => wordsOf(message).includes('auth_ok'));
    expect(messages).toEqual([
      '{"type":"auth_required","ha_version":"2026.11.0"}',
      '{"type":"auth_ok","ha_version":"2026.11.0"}',
    ]);
  });

  test('has no token from us: the dial has failed, and another follows', async () => {
    const { url } = await serve('never');
    const accessToken = () => Promise.reject(new RangeError('a secret'));
    const connection = open(url, { protocol: homeAssistant({ accessToken }), backoff: { initial: 20, spread: 0 } });
    const { reason } = await until(connection, 'retry', ({ attempt }) => attempt === 2);
    expect(reason).toBe('the accessToken function threw RangeError');
  });
});

describe('plain, where a function of the app fails', () => {
  const oops = () => {
    throw new RangeError('no number');
  };
  test.each<[string, PlainOptions, string]>([
    ['heartbeat throws', { heartbeat: oops }, 'plain: the heartbeat function threw RangeError'],
    ['heartbeat gives rubbish', { heartbeat: () => 5 as never }, 'plain: heartbeat must answer with a string'],
    ['reply throws', { reply: oops }, 'plain: the reply function threw RangeError'],
    ['reply says rubbish', { reply: () => 'yes' as never }, 'plain: reply must answer with true or false'],
  ])('%s: it surfaces each time, and what the server says is life as before', async (_, options, message) => {
    let states: readonly State[] = [];
    const heard: unknown[] = [];
    const thrown = await uncaughtDuring(async () => {
      const { url } = await listen((socket) => {
        const timer = setInterval(() => socket.send('news'), 20);
        socket.on('close', () => clearInterval(timer));
      });
      const connection = open(url, { protocol: plain(options), heartbeat: { interval: 100, timeout: 5_000 } });
      states = statesOf(connection);
      connection.on('message', (words) => heard.push(words));
      await until(connection, 'open');
      await untilSo(() => heard.length > 20);
      connection.close();
    });
    expect(thrown.length).toBeGreaterThan(1);
    for (const error of thrown) {
      expect(error).toMatchObject({ name: 'TypeError', message: expect.stringContaining(message) });
    }
    expect(states).not.toContain('reconnecting');
  });
});
