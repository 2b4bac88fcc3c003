/** What views render of a connection: one object, the same until something of it changes. */
import { expect, expectTypeOf, test } from 'vitest';

import { type Amount, connect, type ConnectOptions, type Snapshot, type State } from '../../adapters/index.ts';
import { silent } from '../../adapters/protocols/silent.ts';
import { connectPush } from '../../push/index.ts';
import { listen, open, speakIdHeartbeat, uncaughtDuring, until, untilState } from '../helpers/support.ts';
import { virtualWorld } from '../kit/virtual-world.ts';

const nowhere = 'ws://127.0.0.1:1';

/** Everything that a view would render, in a world whose clock is stepped. */
function begin(options: ConnectOptions = {}) {
  const world = virtualWorld({ seed: 1, jitter: 0 });
  const connection = connect('ws://virtual', { ...world.options, ...options });
  const now = () => world.options.clock.wallTime();
  const rendered: Snapshot[] = [];
  const undo = connection.subscribe((snapshot) => void rendered.push(snapshot));
  return { world, now, connection, rendered, undo };
}

test('a life as a view sees it: every state once, since when, why, and when the next dial is due', async () => {
  const { world, now, connection, rendered } = begin({ backoff: { initial: 8_000, spread: 0 } });
  expect(rendered).toEqual([
    {
      state: 'connecting',
      cause: undefined,
      id: undefined,
      since: now(),
      nextDialAt: undefined,
      attempt: 1,
      roundTripTime: undefined,
      clockOffset: undefined,
      unconfirmed: undefined,
    },
  ]);
  await world.until(() => connection.state === 'alive');
  await world.run(70_000);
  expect(connection.snapshot).toMatchObject({ state: 'alive', attempt: 0, roundTripTime: expect.any(Number) });
  expect(connection.snapshot.id).toBe(connection.id);
  expect(connection.snapshot.clockOffset).toBeCloseTo(connection.clockOffset ?? Number.NaN, 0);

  world.refuse();
  world.reset();
  await world.until(() => connection.state === 'reconnecting' && connection.snapshot.cause === 'refused');
  const { nextDialAt = Number.NaN, since, attempt } = connection.snapshot;
  expect(since).toBe(now());
  expect(attempt).toBeGreaterThan(0);
  expect(nextDialAt).toBeGreaterThan(now());
  // Who comes now knows it as well.
  const late: Snapshot[] = [];
  connection.subscribe((snapshot) => void late.push(snapshot));
  expect(late).toEqual([connection.snapshot]);
  world.heal();
  await world.until(() => connection.state === 'connecting');
  expect(now()).toBe(nextDialAt);
  expect(connection.snapshot).toMatchObject({ nextDialAt: undefined, since: now() });
  await world.until(() => connection.state === 'alive');
  connection.close();
  await world.run(3_000);
  expect(connection.snapshot).toMatchObject({ state: 'closed', cause: 'user-closed', nextDialAt: undefined });

  const states = rendered.map(({ state }) => state).filter((state, i, all) => state !== all[i - 1]);
  const always: State[] = ['connecting', 'awaiting-id', 'alive', 'reconnecting', 'connecting'];
  expect(states.slice(0, 5)).toEqual(always);
  expect(states.slice(-4)).toEqual(['awaiting-id', 'alive', 'closing', 'closed']);
  expect(new Set(rendered).size).toBe(rendered.length);
});

test('a dial that waits until the page is seen is due at no time that is known', async () => {
  const world = virtualWorld({ seed: 1, like: 'browser' });
  const { lifecycle } = world.options;
  const connection = connect('ws://virtual', { ...world.options, lifecycle: { ...lifecycle, whileHidden: 'hold' } });
  await world.until(() => connection.state === 'alive');
  world.hide();
  world.reset();
  await world.until(() => connection.state === 'reconnecting');
  expect(connection.snapshot.nextDialAt).toBe(Infinity);
  world.show();
  await world.until(() => connection.state === 'alive');
  connection.close();
  await world.run(3_000);
});

test('the same object until something changes: neither messages, nor what is asked and answered in between, make another', async () => {
  const { world, connection, rendered } = begin({ protocol: silent() });
  await world.until(() => connection.state === 'alive');
  await world.run(10_000);
  const { snapshot } = connection;
  expect(Object.isFrozen(snapshot)).toBe(true);
  const before = rendered.length;
  let messages = 0;
  connection.on('message', () => (messages += 1));
  for (let i = 0; i < 1_000; i += 1) {
    world.push(`news ${i}`);
    connection.send('hello');
    await world.run(10);
  }
  await world.run(1_000);
  expect(messages).toBe(1_000);
  expect(connection.lastHeardAt).toBeGreaterThan(snapshot.since);
  expect(connection.snapshot).toBe(snapshot);
  expect(rendered).toHaveLength(before);
});

test('where heartbeats are answered, each answer may change it, and nothing else does', async () => {
  const { world, connection, rendered } = begin();
  await world.until(() => connection.state === 'alive');
  await world.run(10_000);
  const before = rendered.length;
  await world.run(600_000);
  const { length } = rendered;
  expect(length - before).toBeGreaterThan(0);
  // Asking is no change, the answer is one.
  expect(length - before).toBeLessThanOrEqual(10);
  for (const { state } of rendered.slice(before)) expect(state).toBe('alive');
});

test('what the last loss left unconfirmed, from `lost` on, and until the next one', async () => {
  const server = await listen((socket, visit) => speakIdHeartbeat(socket, String(visit)));
  const connection = open(server.url, { backoff: { initial: 10, spread: 0 } });
  await untilState(connection, 'alive');
  expect(connection.snapshot.unconfirmed).toBeUndefined();
  let then: Snapshot | undefined;
  connection.on('lost', () => (then = connection.snapshot));
  connection.send('never answered');
  const lost = until(connection, 'lost');
  const restored = until(connection, 'restored');
  server.socket.terminate();
  const { unconfirmed } = await lost;
  expect(unconfirmed).toEqual({ messages: 1, bytes: 14 });
  expect(then).toMatchObject({ state: 'reconnecting', cause: 'peer-closed', unconfirmed });
  await restored;
  expect(connection.snapshot).toMatchObject({ state: 'alive', unconfirmed });
  expectTypeOf<Snapshot['unconfirmed']>().toEqualTypeOf<Readonly<Amount> | undefined>();
});

test('what a goodbye leaves that is not answered; of one that is, the last loss stays', async () => {
  const server = await listen((socket, visit) => speakIdHeartbeat(socket, String(visit)));
  const connection = open(server.url, { backoff: { initial: 10, spread: 0 }, heartbeat: { interval: 60_000 } });
  await untilState(connection, 'alive');
  connection.send('lost');
  const restored = until(connection, 'restored');
  server.socket.terminate();
  await restored;
  const { unconfirmed } = connection.snapshot;
  expect(unconfirmed).toEqual({ messages: 1, bytes: 4 });
  const closed = until(connection, 'closed');
  connection.send('answered');
  connection.close();
  await closed;
  expect(connection.snapshot.unconfirmed).toBe(unconfirmed);

  const other = open(server.url, { closeTimeout: 1 });
  await untilState(other, 'alive');
  server.socket.pause();
  other.send('what became of it?');
  const over = until(other, 'closed');
  other.close();
  expect((await over).unconfirmed).toEqual({ messages: 1, bytes: 18 });
  expect(other.snapshot).toMatchObject({ state: 'closed', unconfirmed: { messages: 1, bytes: 18 } });
});

test('closed while a dial was waited for: none is due', async () => {
  const { world, connection } = begin({ backoff: { initial: 8_000 } });
  world.refuse();
  await world.until(() => connection.state === 'reconnecting');
  expect(connection.snapshot.nextDialAt).toBeGreaterThan(0);
  connection.close();
  expect(connection.snapshot).toMatchObject({ state: 'closed', nextDialAt: undefined });
});

test("the server's clock is reckoned when the server states a time, and not anew with every look", async () => {
  const { world, connection } = begin();
  await world.until(() => connection.state === 'alive');
  await world.run(61_000);
  const { clockOffset = Number.NaN } = connection.snapshot;
  world.setClock(5_000);
  expect(connection.clockOffset).toBeCloseTo(clockOffset - 5_000, 0);
  world.silence('to-client');
  await world.until(() => connection.state === 'stale');
  expect(connection.snapshot).toMatchObject({ state: 'stale', clockOffset });
  world.heal();
  await world.until(() => connection.state === 'alive');
  await world.run(61_000);
  expect(connection.snapshot.clockOffset).toBeCloseTo(clockOffset - 5_000, 0);
});

test('it is an observable by the name that is there', () => {
  const connection = open(nowhere, { retries: 0 });
  const name = (Symbol as { observable?: symbol }).observable ?? '@@observable';
  expect((connection as never as Record<PropertyKey, () => unknown>)[name]?.()).toBe(connection);
});

test('an observer hears the end, also one that comes after it; what is undone hears nothing', async () => {
  const { world, connection, undo, rendered } = begin();
  const heard: string[] = [];
  const observer = { next: ({ state }: Snapshot) => void heard.push(state), complete: () => void heard.push('over') };
  connection.subscribe(observer);
  await world.until(() => connection.state === 'alive');
  undo();
  undo();
  const { length } = rendered;
  connection.close();
  await world.run(3_000);
  expect(heard).toEqual(['connecting', 'awaiting-id', 'alive', 'closing', 'closed', 'over']);
  expect(rendered).toHaveLength(length);
  connection.subscribe(observer);
  expect(heard.slice(-2)).toEqual(['closed', 'over']);
  connection.subscribe({});
});

test('one that throws keeps nothing from the others, and its error surfaces', async () => {
  const errors = await uncaughtDuring(async () => {
    const server = await listen((socket) => speakIdHeartbeat(socket, 'a'));
    const connection = open(server.url);
    const seen: string[] = [];
    const undo = connection.subscribe(() => {
      throw new Error('of a view');
    });
    connection.subscribe(({ state }) => void seen.push(state));
    await untilState(connection, 'alive');
    expect(seen).toEqual(['connecting', 'awaiting-id', 'alive']);
    undo();
  });
  expect(errors).toEqual([0, 1, 2].map(() => new Error('of a view')));
});

test('one that closes the connection is told so, in order', async () => {
  const { world, connection } = begin();
  const seen: string[] = [];
  connection.subscribe(({ state }) => {
    seen.push(`a ${state}`);
    if (state === 'alive') connection.close();
  });
  connection.subscribe(({ state }) => void seen.push(`b ${state}`));
  await world.until(() => connection.state === 'closed');
  expect(seen.filter((each) => each.startsWith('b'))).toEqual(
    ['connecting', 'awaiting-id', 'alive', 'closing', 'closed'].map((state) => `b ${state}`),
  );
});

test('its methods may be taken off it', async () => {
  const server = await listen((socket) => {
    speakIdHeartbeat(socket, 'a');
    socket.on('message', (data) => socket.send(data, { binary: false }));
  });
  const connection = open(server.url);
  const { send, on, once, off, subscribe, drain, reconnect, close } = connection;
  const heard: unknown[] = [];
  const listener = (data: unknown) => void heard.push(data);
  on('message', listener);
  once('message', listener);
  const states: State[] = [];
  subscribe(({ state }) => void states.push(state));
  expect(send('held')).toBe(true);
  expect(drain()).toEqual(['held']);
  await untilState(connection, 'alive');
  send('one');
  await until(connection, 'message');
  expect(heard).toEqual(['one', 'one']);
  off('message', listener);
  send('two');
  await until(connection, 'message');
  expect(heard).toEqual(['one', 'one']);
  const restored = until(connection, 'restored');
  reconnect();
  await restored;
  const closed = until(connection, 'closed');
  close(3_001, 'enough');
  expect(await closed).toMatchObject({ code: 3_001 });
  expect(states.at(-1)).toBe('closed');
});

test('`once` hears one, is undone, and taken off by `off`; before it is called it is gone', () => {
  const connection = open(nowhere, { retries: 0 });
  const heard: string[] = [];
  connection.once('state', () => {
    heard.push('once');
    connection.close();
  });
  const never = () => void heard.push('never');
  connection.once('state', never)();
  connection.once('state', never);
  connection.off('state', never);
  connection.off('state', never);
  connection.close();
  expect(heard).toEqual(['once']);
});

test('proxies of views leave it alone, and push as well', () => {
  const push = connectPush(nowhere);
  const topic = push.topic('news');
  expect([push.connection, push, topic].map(String)).toEqual([
    '[object Connection]',
    '[object Push]',
    '[object Topic]',
  ]);
  push.close();
});
