/**
 * The drop-in class: what it is beyond the standard. That it is a WebSocket is told in test/websockets/standard.ts.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { WebSocket } from 'ws';
import { SimulatedClock } from 'xstate';

import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import { idHeartbeat } from '../../adapters/protocols/id-heartbeat.ts';
import { plain } from '../../adapters/protocols/plain.ts';
import { listen, speakIdHeartbeat, textOf, uncaughtDuring } from '../helpers/support.ts';
import { faultProxy } from '../kit/fault-proxy.ts';
import { heard, make } from './made.ts';

const kinds = ['open', 'message', 'error', 'close', 'lost', 'restored', 'dropped'] as const;

/** What is told, in order, with the state in which it was told. The array grows. */
function tale(socket: HeartbeatWebSocket): string[] {
  const told: string[] = [];
  for (const kind of kinds) {
    socket.addEventListener(kind, (event) => {
      const more =
        event instanceof MessageEvent ? ` ${event.data}` : 'reconnecting' in event && event.reconnecting ? ' …' : '';
      told.push(`${kind}${more} ${socket.readyState}`);
    });
  }
  return told;
}

/** Echoes, and keeps what it heard. */
async function echo() {
  const messages: string[] = [];
  const listening = await listen((socket) =>
    socket.on('message', (data, binary) => {
      messages.push(textOf(data));
      socket.send(data, { binary });
    }),
  );
  const { url, port, server, accepted } = listening;
  return { url, port, server, accepted, messages, current: () => listening.socket };
}

describe('by default it redials', () => {
  test('each loss is a close that says so, each return an open; what is sent meanwhile waits', async () => {
    const { url, current, messages } = await echo();
    const socket = make(url, {}, []);
    const told = tale(socket);
    socket.send('early');
    expect(socket.bufferedAmount).toBe(5);
    await heard(socket, 'message');
    expect(told).toEqual(['open 1', 'message early 1']);

    const closed = heard<CloseEvent>(socket, 'close');
    current().terminate();
    expect(await closed).toMatchObject({ code: 1006, wasClean: false, reconnecting: true, cause: 'peer-closed' });
    expect(socket).toMatchObject({ readyState: 0, state: 'reconnecting' });
    socket.send('meanwhile');
    await heard(socket, 'message');
    expect(messages).toEqual(['early', 'meanwhile']);

    const end = heard<CloseEvent>(socket, 'close');
    socket.close(4000, 'enough');
    expect(await end).toMatchObject({
      code: 4000,
      reason: 'enough',
      wasClean: true,
      reconnecting: false,
      cause: 'user-closed',
    });
    expect(told.slice(2)).toEqual(['lost 1', 'close … 0', 'restored 0', 'open 1', 'message meanwhile 1', 'close 3']);
  });

  test('a dial that fails is an error, and no close', async () => {
    const { url, server } = await echo();
    const socket = make(url);
    const told = tale(socket);
    await heard(socket, 'open');
    const closed = heard(socket, 'close');
    for (const client of server.clients) client.terminate();
    server.close();
    await closed;
    await heard(socket, 'error');
    await heard(socket, 'error');
    expect(socket.retryCount).toBeGreaterThanOrEqual(1);
    expect(told).toEqual(['open 1', 'lost 1', 'close … 0', 'error 0', 'error 0']);
    expect(socket.readyState).toBe(0);
  });

  test('a silent line is a close, and an open again', async () => {
    const { port } = await echo();
    const proxy = await faultProxy(port);
    onTestFinished(() => proxy.close());
    // Pings and pongs of npm ws are the default heart.
    const socket = make(`ws://127.0.0.1:${proxy.port}`, {
      heartbeat: { interval: 100, timeout: 200 },
      connectTimeout: 300,
    });
    const told = tale(socket);
    await heard(socket, 'open');
    const lost = heard<CustomEvent>(socket, 'lost');
    proxy.silence();
    expect((await lost).detail).toMatchObject({ cause: 'silent' });
    const open = heard(socket, 'open');
    proxy.heal();
    await open;
    expect(told.filter((each) => each !== 'error 0').slice(0, 6)).toEqual([
      'open 1',
      'lost 1',
      'close … 0',
      'restored 0',
      'open 1',
    ]);
  });

  test('fatal, or out of retries: one final close', async () => {
    const { url, current } = await echo();
    const socket = make(url);
    const told = tale(socket);
    await heard(socket, 'open');
    current().close(1008, 'no');
    expect(await heard<CloseEvent>(socket, 'close')).toMatchObject({ code: 1008, reconnecting: false, cause: 'fatal' });
    expect(told).toEqual(['open 1', 'lost 1', 'close 3']);

    const { url: nowhere, server } = await echo();
    await new Promise((resolve) => server.close(resolve));
    const hopeless = make(nowhere, { retries: 2 });
    const tried = tale(hopeless);
    expect(await heard<CloseEvent>(hopeless, 'close')).toMatchObject({
      cause: 'retries-exhausted',
      reconnecting: false,
    });
    expect(tried).toEqual(['error 0', 'error 0', 'error 3', 'close 3']);
  });

  test('startClosed, reconnect(), close(), reconnect(): as often as one likes', async () => {
    const { url, accepted } = await echo();
    const socket = make(url, { startClosed: true });
    expect(socket).toMatchObject({ readyState: 3, url, state: 'closed', retryCount: 0 });
    expect(socket.send('early')).toBe(true);
    expect(socket.bufferedAmount).toBe(5);
    socket.close();
    expect(accepted).toHaveLength(0);
    const told = tale(socket);
    for (let i = 0; i < 3; i += 1) {
      socket.reconnect();
      expect(socket.readyState).toBe(0);
      await heard(socket, 'open');
      if (i === 0) await heard(socket, 'message');
      socket.close();
      if (i === 1) for (const _ of [1, 2, 3]) socket.reconnect(); // in CLOSING: once, after the close
      await heard(socket, 'close');
      if (i === 1) {
        await heard(socket, 'open');
        socket.close();
        await heard(socket, 'close');
      }
    }
    expect(told.join(', ')).toBe(
      'open 1, message early 1, close 3, open 1, close … 0, open 1, close 3, open 1, close 3',
    );
    expect(accepted).toHaveLength(4);
  });

  test('reconnect() while open: a close that says so, and an open', async () => {
    const { url } = await echo();
    const socket = make(url);
    await heard(socket, 'open');
    const told = tale(socket);
    socket.reconnect();
    expect(told, 'nothing is told in the middle of a call').toEqual([]);
    await heard(socket, 'open');
    expect(told).toEqual(['lost 0', 'close … 0', 'restored 0', 'open 1']);
  });

  test('what finds no room is dropped, and told', async () => {
    const { url, messages } = await echo();
    const socket = make(url, { buffer: { messages: 2 } });
    const dropped: unknown[] = [];
    socket.addEventListener('dropped', ({ detail }) => dropped.push(detail));
    for (const text of ['1', '2', '3']) socket.send(text);
    expect(dropped, 'not in the middle of a call').toEqual([]);
    await heard(socket, 'dropped');
    await expect.poll(() => messages, { timeout: 20_000 }).toEqual(['1', '2']);
    expect(dropped).toEqual([{ data: '3', reason: 'overflow' }]);
  });
});

describe('with retries: 0', () => {
  test('a silent line is one close, 1006 and not clean, as one that breaks', async () => {
    const { port } = await echo();
    const proxy = await faultProxy(port);
    onTestFinished(() => proxy.close());
    const socket = make(`ws://127.0.0.1:${proxy.port}`, { retries: 0, heartbeat: { interval: 100, timeout: 200 } });
    const told = tale(socket);
    await heard(socket, 'open');
    proxy.silence();
    expect(await heard<CloseEvent>(socket, 'close')).toMatchObject({ code: 1006, reason: '', wasClean: false });
    expect(told).toEqual(['open 1', 'lost 1', 'close 3']);
  });

  test('a server that never answers the dial: error and close, after connectTimeout', async () => {
    const { port } = await echo();
    const proxy = await faultProxy(port);
    onTestFinished(() => proxy.close());
    proxy.silence();
    const socket = make(`ws://127.0.0.1:${proxy.port}`, { retries: 0, connectTimeout: 200 });
    const told = tale(socket);
    await heard(socket, 'close');
    expect(told).toEqual(['error 3', 'close 3']);
  });

  test('a buffer without bound, unless one is given: then one that is full fails, as the standard says', async () => {
    const { port } = await echo();
    const proxy = await faultProxy(port);
    onTestFinished(() => proxy.close());
    const flood = (socket: HeartbeatWebSocket) => {
      for (let i = 0; i < 200 && socket.readyState === 1; i += 1) socket.send(new Uint8Array(2 ** 16));
    };
    const url = `ws://127.0.0.1:${proxy.port}`;
    const [boundless, bounded] = [make(url, { retries: 0 }), make(url, { retries: 0, buffer: { bytes: 2 ** 20 } })];
    await Promise.all([heard(boundless, 'open'), heard(bounded, 'open')]);
    proxy.silence();
    const told = tale(bounded);
    flood(boundless);
    expect(boundless).toMatchObject({ readyState: 1 });
    expect(boundless.bufferedAmount).toBeGreaterThan(2 ** 22);
    flood(bounded);
    expect(bounded.readyState).toBe(2);
    expect(bounded.bufferedAmount).toBeLessThan(2 ** 21);
    await heard(bounded, 'close');
    expect(told).toEqual(['error 3', 'close 3']);
  });
});

test('one final close: in every state, twice, while the URL is asked for, in a listener', async () => {
  const { url, current } = await echo();
  const mute = await listen();
  const never = () => new Promise<string>(() => {});
  const places: Record<string, () => Promise<HeartbeatWebSocket>> = {
    connecting: async () => make(url),
    'asking for the URL': async () => make(never),
    'awaiting-id': async () => {
      const socket = make(url, { protocol: idHeartbeat() });
      await stateOf(socket, 'awaiting-id');
      return socket;
    },
    alive: async () => {
      const socket = make(url);
      await heard(socket, 'open');
      return socket;
    },
    stale: async () => {
      const socket = make(mute.url, { protocol: plain(), heartbeat: { interval: 20, timeout: 2_000 } });
      await stateOf(socket, 'stale');
      return socket;
    },
    reconnecting: async () => {
      const socket = make(url, { backoff: () => 60_000 });
      await heard(socket, 'open');
      current().terminate();
      await heard(socket, 'close');
      return socket;
    },
    closed: async () => {
      const socket = make(url);
      socket.close();
      await heard(socket, 'close');
      return socket;
    },
  };
  for (const [place, bring] of Object.entries(places)) {
    for (const where of ['here', 'in a listener']) {
      const socket = await bring();
      const told = tale(socket);
      const end = place === 'closed' ? Promise.resolve() : heard(socket, 'close');
      if (where === 'here') socket.close();
      else {
        socket.addEventListener('x', () => socket.close(), { once: true });
        socket.dispatchEvent(new Event('x'));
      }
      expect(socket.readyState).toBeGreaterThanOrEqual(2);
      socket.close();
      expect(told).toEqual([]);
      await end;
      socket.close();
      await new Promise((resolve) => setTimeout(resolve, 30));
      const closes = told.filter((each) => each.startsWith('close'));
      expect(closes, `${place}, ${where}`).toEqual(place === 'closed' ? [] : ['close 3']);
      expect(told.at(-1) ?? 'close 3').toBe('close 3');
    }
  }
});

function stateOf(socket: HeartbeatWebSocket, state: string): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (socket.state === state) resolve();
    };
    socket.addEventListener('state', look);
    look();
  });
}

test('a listener that throws stops neither the connection nor the others', async () => {
  const { url } = await echo();
  const errors = await uncaughtDuring(async () => {
    const socket = make(url);
    const told: string[] = [];
    for (const kind of ['open', 'message', 'close', 'state']) {
      socket.addEventListener(kind, () => {
        throw new Error(`thrown in ${kind}`);
      });
      socket.addEventListener(kind, () => told.push(kind));
    }
    const message = heard(socket, 'message');
    socket.send('x');
    await message;
    socket.close();
    await heard(socket, 'close');
    expect(told.filter((kind) => kind !== 'state')).toEqual(['open', 'message', 'close']);
  });
  expect(errors.map((error) => (error as Error).message)).toEqual(
    expect.arrayContaining(['thrown in open', 'thrown in message', 'thrown in close']),
  );
});

describe('HeartbeatWebSocket.with()', () => {
  test('other defaults, which an instance may still change; and again', async () => {
    const { url } = await listen((socket) => speakIdHeartbeat(socket, 'me'));
    const Named = HeartbeatWebSocket.with({ protocol: idHeartbeat(), heartbeat: { interval: 1_000 } });
    const Slow = Named.with({ heartbeat: { timeout: 5_000 }, startClosed: true });
    expect(Slow.OPEN).toBe(1);
    expect(Slow.name).toBe('WebSocket');
    const socket = new Slow(url, [], { startClosed: false, heartbeat: { maxAge: 7 } });
    onTestFinished(() => socket.close());
    expect(socket).toBeInstanceOf(HeartbeatWebSocket);
    await heard(socket, 'open');
    expect(socket.connection?.id).toBe('me');
    expect(socket.connection?.actor.getSnapshot().context.settings.heartbeat).toEqual({
      interval: 1_000,
      timeout: 5_000,
      maxAge: 7,
    });
  });

  test.each<[object, string]>([
    [{ minReconnectionDelay: -5 }, 'backoff.initial must be'],
    [{ maxRetries: 'many' }, 'retries must be'],
    [{ shouldReconnectOnClose: true }, 'shouldReconnectOnClose must be a function'],
    [{ reconnectOnError: false }, 'reconnectOnError is called shouldReconnect here'],
    [{ debug: true }, 'debug is called inspect here'],
    [{ startClosed: 1 }, 'startClosed must be true or false'],
    [{ heartbeat: { interval: -1 } }, 'heartbeat.interval must be'],
  ])('%j: %s', (options, message) => {
    expect(() => HeartbeatWebSocket.with(options)).toThrow(message);
    expect(() => new HeartbeatWebSocket('ws://127.0.0.1:9', [], options)).toThrow(message);
  });

  test('options where the subprotocols belong: a SyntaxError that says so', () => {
    expect(() => new HeartbeatWebSocket('ws://127.0.0.1:9', { retries: 0 } as never)).toThrow(/third argument/);
  });
});

test('its timers are those of the clock it is given', async () => {
  const { url } = await echo();
  const clock = new SimulatedClock();
  const socket = make(url, { clock, retries: 0 });
  const told = tale(socket);
  socket.close();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(told).toEqual([]);
  clock.increment(1);
  expect(told).toEqual(['error 3', 'close 3']);
});

test('the url is the one in use, and the subprotocols are asked for anew', async () => {
  const asked: (string | undefined)[] = [];
  const { url, server } = await listen((socket: WebSocket, visit) => {
    asked.push(socket.protocol);
    if (visit === 1) socket.close(1012);
  });
  let dials = 0;
  const socket = make(
    async () => `${url}?${(dials += 1)}`,
    {},
    async () => [`v${dials}`],
  );
  expect(socket.url).toBe('');
  await heard(socket, 'open');
  expect(socket).toMatchObject({ url: `${url}?1`, protocol: 'v1' });
  await heard(socket, 'close');
  await heard(socket, 'open');
  expect(socket).toMatchObject({ url: `${url}?2`, protocol: 'v2' });
  expect(asked).toEqual(['v1', 'v2']);
  expect(server.clients.size).toBeLessThanOrEqual(2);
});
