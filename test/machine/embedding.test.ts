/** The machine inside an app's own machine. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { type ActorRefFrom, createActor, type SnapshotFrom, setup, waitFor } from 'xstate';

import { connectionInput, lineOf, webSocketActor } from '../../adapters/index.websocket.ts';
import { isHeartbeat, serveHeartbeats } from '../../adapters/server.ts';
import { connectionMachine, stateOf } from '../../machines/connection.ts';
import { simulatedLine } from './simulation.ts';

const connection = connectionMachine.provide({ actors: { socket: webSocketActor } });
type ConnectionRef = ActorRefFrom<typeof connection>;
const is = (state: string) => (snapshot: SnapshotFrom<typeof connection>) => stateOf(snapshot) === state;

let server: WebSocketServer;
let url: string;
const sockets: WebSocket[] = [];

beforeAll(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket, request) => {
    sockets.push(socket);
    socket.on('message', (data) => {
      if (!isHeartbeat(data)) socket.send(`${request.url}: ${(data as Buffer).toString()}`);
    });
  });
  serveHeartbeats(server);
  await once(server, 'listening');
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  for (const socket of sockets) socket.terminate();
  server.close();
});

test('an app invokes it, sees its tags, hears its reports, uses its line, and gets its output', async () => {
  const app = setup({ actors: { connection } }).createMachine({
    initial: 'online',
    states: {
      online: {
        invoke: {
          id: 'push',
          src: 'connection',
          input: () => connectionInput(`${url}/app`, { heartbeat: { interval: 200, timeout: 200 } }),
          onDone: {
            target: 'offline',
            actions: ({ event }) => outputs.push(event.output),
          },
        },
      },
      offline: { type: 'final' },
    },
  });
  const outputs: unknown[] = [];
  const reports: string[] = [];
  const heard: unknown[] = [];

  const actor = createActor(app).start();
  const push = actor.getSnapshot().children['push'] as ConnectionRef;
  push.on('*', ({ type }) => reports.push(type));
  const line = lineOf(push);
  line.onMessage((data) => heard.push(data));
  expect(push.getSnapshot().hasTag('connecting')).toBe(true);
  expect(push.getSnapshot().hasTag('open')).toBe(false);
  expect(line.send('early')).toBe(true);
  expect(line.bufferedAmount).toBe(5);

  await waitFor(push, (snapshot) => snapshot.hasTag('alive') && snapshot.hasTag('open'));
  await waitFor(push, ({ context }) => context.roundTripTime !== undefined);
  sockets.at(-1)?.terminate();
  await waitFor(push, is('reconnecting'));
  expect(line.send('meanwhile')).toBe(true);
  await waitFor(push, is('alive'));
  await expect.poll(() => heard).toEqual(['/app: early', '/app: meanwhile']);

  push.send({ type: 'user.closed', code: 4000, reason: 'over' });
  await waitFor(actor, ({ status }) => status === 'done');
  expect(outputs).toEqual([{ code: 4000, reason: 'over', wasClean: true, cause: 'user-closed' }]);
  expect(reports).toEqual(['open', 'lost', 'restored']);
  expect(line.send('late')).toBe(false);
});

test('two actors of one provided machine: nothing crosses', async () => {
  const pair = ['/left', '/right'].map((path) => createActor(connection, { input: connectionInput(url + path) }));
  const heard: unknown[][] = [[], []];
  for (const [i, actor] of pair.entries()) {
    lineOf(actor).onMessage((data) => heard[i]?.push(data));
    actor.start();
    lineOf(actor).send(`from ${i}`);
  }
  await Promise.all(pair.map((actor) => waitFor(actor, is('alive'))));
  await expect.poll(() => heard).toEqual([['/left: from 0'], ['/right: from 1']]);
  const [left, right] = pair as [(typeof pair)[0], (typeof pair)[0]];
  expect(left.getSnapshot().context.id).not.toBe(right.getSnapshot().context.id);

  left.send({ type: 'user.closed' });
  await waitFor(left, is('closed'));
  expect(stateOf(right.getSnapshot())).toBe('alive');
  expect(lineOf(left).send('x')).toBe(false);
  expect(lineOf(right).send('still here')).toBe(true);
  await expect.poll(() => heard[1]).toEqual(['/right: from 1', '/right: still here']);
  right.stop();
});

test('any named delay, guard or action can be replaced', async () => {
  const losses: string[] = [];
  const mine = connection.provide({
    delays: { heartbeatInterval: 50, probeTimeout: 50, staleTimeout: 50, backoff: 5 },
    guards: { isFatal: () => true },
    actions: { reportLoss: ({ context }) => losses.push(context.cause ?? '') },
  });
  const deaf = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  deaf.on('connection', (socket) => socket.send('{"id":1,"now_time":0}'));
  await once(deaf, 'listening');
  const actor = createActor(mine, {
    input: connectionInput(`ws://127.0.0.1:${(deaf.address() as AddressInfo).port}`),
  }).start();
  // 70 s by the settings; the guard that was provided makes the first loss the last.
  await waitFor(actor, is('closed'), { timeout: 30_000 });
  expect(losses).toEqual(['silent']);
  expect(actor.getSnapshot().output).toMatchObject({ cause: 'fatal' });
  for (const socket of deaf.clients) socket.terminate();
  deaf.close();
});

test('told to close by its own event, it accepts nothing more', async () => {
  const actor = createActor(connection, { input: connectionInput(url) }).start();
  await waitFor(actor, is('alive'));
  actor.send({ type: 'user.closed' });
  expect(stateOf(actor.getSnapshot())).toBe('closing');
  expect(lineOf(actor).send('too late')).toBe(false);
  await waitFor(actor, is('closed'));
});

test('stopping the actor hangs up', async () => {
  const actor = createActor(connection, { input: connectionInput(url) }).start();
  await waitFor(actor, is('alive'));
  const closed = once(sockets.at(-1) as WebSocket, 'close');
  actor.stop();
  const [code] = await closed;
  expect(code).toBe(1006);
});

test('a line serves one connection', async () => {
  const input = connectionInput(url);
  const first = createActor(connection, { input }).start();
  const second = createActor(connection, { input }).start();
  await waitFor(second, is('closed'));
  expect(second.getSnapshot().output).toMatchObject({ cause: 'fatal' });
  expect(second.getSnapshot().output?.reason).toContain('make one for each');
  await waitFor(first, is('alive'));
  expect(lineOf(first).send('still heard')).toBe(true);
  first.stop();
});

describe('an actor that is over leaves nothing behind', () => {
  /** A page without a page: who listens to it, and how many timers it has. */
  function quietPlatform() {
    const timers = new Set<number>();
    const listeners: string[] = [];
    return {
      timers,
      listeners,
      addEventListener: (type: string) => void listeners.push(type),
      removeEventListener: (type: string) => void listeners.splice(listeners.indexOf(type), 1),
      now: () => performance.now(),
      wallTime: () => Date.now(),
      setInterval: () => (timers.add(timers.size), timers.size - 1),
      clearInterval: (id: number) => void timers.delete(id),
    };
  }

  const ways: [string, (actor: ConnectionRef & { stop(): void }) => unknown][] = [
    ['stopped by its host', (actor) => actor.stop()],
    ['closed', (actor) => actor.send({ type: 'user.closed' })],
    // XState leaves the children of an actor that is broken to themselves.
    ['broken by a guard of the app', (actor) => actor.send({ type: 'world.woke', reason: 'network' })],
  ];
  test.each(ways)('%s', async (_, end) => {
    const platform = quietPlatform();
    const input = connectionInput(url, { lifecycle: { platform } });
    const broken = connection.provide({
      guards: {
        isSuspect: () => {
          throw new Error('thrown by a guard');
        },
      },
    });
    const actor = createActor(broken, { input });
    actor.subscribe({ error: () => {} });
    actor.start();
    await waitFor(actor, is('alive'));
    const closed = once(sockets.at(-1) as WebSocket, 'close');
    const line = lineOf(actor);
    expect(platform.timers.size).toBe(1);
    expect(platform.listeners).toContain('online');
    end(actor);
    await closed;
    await expect.poll(() => [platform.timers.size, platform.listeners]).toEqual([0, []]);
    expect(line.send('too late')).toBe(false);
  });
});

test('what is missing is named', () => {
  const line = simulatedLine({ now: () => 0 });
  const bare = createActor(connectionMachine, { input: { line } }).start();
  expect(() => lineOf(bare)).toThrow('connectionInput(url, options)');
  expect(() => lineOf({ getSnapshot: () => ({}) })).toThrow('connectionInput(url, options)');
  const lineless = createActor(connection, { input: { line } }).start();
  expect(lineless.getSnapshot().output?.reason).toContain('connectionInput(url, options)');
});

test('neither URL nor headers nor messages are in what inspectors and snapshots see', async () => {
  const seen: string[] = [];
  const input = connectionInput(`${url}/?token=s3cret`, { headers: { authorization: 's3cret' } });
  const actor = createActor(connection, {
    input,
    inspect: (event) =>
      seen.push(JSON.stringify({ ...event, actorRef: undefined, rootId: undefined, sourceRef: undefined })),
  }).start();
  lineOf(actor).send('s3cret');
  await waitFor(actor, is('alive'));
  seen.push(JSON.stringify(actor.getPersistedSnapshot()), JSON.stringify(input));
  expect(seen.length).toBeGreaterThan(3);
  expect(seen.join('')).not.toContain('s3cret');
  actor.stop();
});
