/**
 * What an inspected machine tells, from XState 5 to a page and back: over real sockets, through the real `@xstate/inspect` on both ends.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { assign, createActor, createMachine, fromCallback, sendTo, SimulatedClock } from 'xstate';

import { connect } from '../../adapters/index.ts';
import { connectionInput, webSocketActor } from '../../adapters/index.websocket.ts';
import { connectionMachine } from '../../machines/connection.ts';
import { framesOf as framesOfNode } from '../../visualizer/bridge/encoder.node.ts';
import { History } from '../../visualizer/bridge/history.ts';
import { inspect, serveInspection } from '../../visualizer/bridge/inspect.node.ts';
import type { InspectionServer, ServerOptions } from '../../visualizer/bridge/inspect.types.ts';
import { observe } from '../../visualizer/bridge/observe.ts';
import { plain, shown } from '../../visualizer/bridge/plain.ts';
import { entriesOf } from '../../visualizer/bridge/receive.ts';
import type { InspectorFrame } from '../../visualizer/bridge/services.ts';
import type { Changed, Entry, Registered } from '../../visualizer/entry.ts';
import * as receivers from '../../visualizer/node_modules/@xstate/inspect/lib/browser.js';
import {
  closedPort,
  listen,
  open,
  speakIdHeartbeat,
  uncaughtDuring,
  until,
  untilSo,
  untilState,
} from '../helpers/support.ts';

interface Served extends InspectionServer {
  port: number;
}

/** An HTTP server on loopback that serves an inspection, gone with the test. */
async function serve(options: ServerOptions = {}): Promise<Served> {
  const inspection = serveInspection(options);
  const http = createServer();
  http.on('upgrade', (request, socket, head) => inspection.upgrade(request, socket, head));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(() => {
    inspection.stop();
    http.close();
  });
  return { ...inspection, port: (http.address() as AddressInfo).port };
}

interface ViewerPage {
  entries: Entry[];
  /** As they came over the wire. */
  frames: string[];
  say(session: string, event: object): void;
  close(): void;
}

/** The real receiver, which wants a WebSocket class in the global scope. */
async function page(port: number): Promise<ViewerPage> {
  const frames: string[] = [];
  const sockets: WebSocket[] = [];
  class Recorded extends WebSocket {
    constructor(url: string) {
      super(url);
      sockets.push(this);
      this.on('message', (data) => frames.push((data as Buffer).toString()));
    }
  }
  vi.stubGlobal('WebSocket', Recorded);
  const receiver = receivers.createWebSocketReceiver({ server: `127.0.0.1:${port}`, serialize: undefined });
  vi.unstubAllGlobals();
  const entries: Entry[] = [];
  const read = entriesOf();
  receiver.subscribe((event) => {
    entries.push(...read(event));
  });
  const [socket] = sockets as [WebSocket];
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  return {
    entries,
    frames,
    say: (service, event) => receiver.send({ type: 'xstate.event', event: JSON.stringify(event), service }),
    close: () => socket.terminate(),
  };
}

function of<T extends Entry['type']>(entries: readonly Entry[], type: T): Extract<Entry, { type: T }>[] {
  return entries.filter((entry): entry is Extract<Entry, { type: T }> => entry.type === type);
}

/** The entries of what is done while they are observed. */
function observed(options: Parameters<typeof observe>[1] = {}) {
  const entries: Entry[] = [];
  const observation = observe((entry) => entries.push(entry), options);
  onTestFinished(() => observation.stop());
  return { entries, observation };
}

async function heart(id = 'session-abcd') {
  return await listen((socket) => speakIdHeartbeat(socket, id));
}

const lamp = createMachine({
  id: 'lamp',
  initial: 'off',
  context: { switched: 0 },
  states: {
    off: { on: { SWITCH: 'on' } },
    on: {
      entry: assign({ switched: ({ context }) => context.switched + 1 }),
      after: { 60_000: 'off' },
      on: { SWITCH: 'off', BREAK: 'broken' },
    },
    broken: { type: 'final' },
  },
  output: ({ context }) => context,
});

test('a connection from its dial to its end, as a page is told it', async () => {
  const server = await heart();
  const inspection = await serve();
  const viewer = await page(inspection.port);
  const connection = open(server.url, { inspect: inspection.inspect });
  await untilState(connection, 'alive');
  connection.send('hello');
  server.socket.send('one');
  server.socket.send('zwölf');
  await untilSo(() => of(viewer.entries, 'counted').some(({ received }) => received.messages === 2));
  connection.close();
  await untilSo(() => of(viewer.entries, 'stopped').length === 1);

  const [first, ...rest] = viewer.entries;
  expect(first).toMatchObject({
    type: 'registered',
    name: 'connection',
    value: { socket: { connecting: 'dialling' } },
  });
  expect(first).not.toHaveProperty('parent');
  const told = rest.filter(({ type }) => type !== 'counted');
  const events = of(told, 'event').map(({ event }) => event.type);
  expect(events).toEqual(['socket.opened', 'peer.named', 'user.closed', 'socket.lost']);
  // Each event right before what it led to.
  expect(told.map(({ type }) => type)).toEqual(['changed', ...events.flatMap(() => ['event', 'changed']), 'stopped']);
  expect(of(told, 'changed').map(({ value }) => JSON.stringify(value))).toEqual([
    '{"socket":{"connecting":"dialling"}}',
    '{"socket":{"awaiting-id":"listening"}}',
    '{"socket":{"alive":"quiet"}}',
    '{"socket":"closing"}',
    '"closed"',
  ]);
  expect(of(told, 'changed').map(({ done }) => done)).toEqual([false, false, false, false, true]);
  expect(told.at(-1)).toMatchObject({ output: { code: 1000, wasClean: true, cause: 'user-closed' } });
  expect(of(viewer.entries, 'counted').at(-1)).toMatchObject({ received: { messages: 2, bytes: 9 } });
  expect(of(told, 'changed')[2]?.context).toMatchObject({ id: '…abcd', attempt: 1 });
  expect(of(told, 'changed')[2]?.context).not.toHaveProperty('line');
  expect(new Set(viewer.entries.map(({ session }) => session)).size).toBe(1);
});

test('a page that comes late is told the same, and several pages are told it at once', async () => {
  const server = await heart();
  const inspection = await serve();
  const early = await page(inspection.port);
  const connections = ['one', 'two'].map(() => open(server.url, { inspect: inspection.inspect }));
  await Promise.all(connections.map((connection) => untilState(connection, 'alive')));
  connections[0]!.close();
  await untilSo(() => of(early.entries, 'stopped').length === 1);
  const late = await page(inspection.port);
  await untilSo(() => late.entries.length >= early.entries.length);
  expect(late.frames).toEqual(early.frames);
  expect(of(early.entries, 'registered').map(({ name }) => name)).toEqual(['connection', 'connection 2']);

  connections[1]!.close();
  await untilSo(() => of(early.entries, 'stopped').length === 2 && of(late.entries, 'stopped').length === 2);
  expect(late.entries).toEqual(early.entries);
});

/** What an entry becomes on its way: the frames of one protocol, and what its receiver makes of them. */
const protocols: [string, () => Promise<(entries: Entry[]) => Entry[]>][] = [
  [
    'WebSocket',
    async () => {
      const sockets: { onmessage(event: { data: string }): void }[] = [];
      vi.stubGlobal(
        'WebSocket',
        class {
          onmessage = () => {};
          constructor() {
            sockets.push(this);
          }
        },
      );
      const receiver = receivers.createWebSocketReceiver({ server: 'nowhere', serialize: undefined });
      vi.unstubAllGlobals();
      const read = entriesOf();
      const out: Entry[] = [];
      receiver.subscribe((event) => {
        out.push(...read(event));
      });
      return (entries) => {
        for (const frame of entries.flatMap(framesOfNode)) sockets[0]!.onmessage({ data: JSON.stringify(frame) });
        return out;
      };
    },
  ],
  [
    'window',
    async () => {
      let hear!: (event: { data: InspectorFrame }) => void;
      vi.stubGlobal('window', { addEventListener: () => expect.unreachable('it listens to everybody') });
      vi.stubGlobal('location', { href: 'http://127.0.0.1/' });
      const { framesOf } = await import('../../visualizer/bridge/encoder.browser.ts');
      framesOf({ type: 'stopped', at: 0, session: 'nobody' });
      vi.unstubAllGlobals();
      const receiver = receivers.createWindowReceiver({
        window: { addEventListener: (_: string, listener: never) => (hear = listener) } as never,
        targetWindow: { postMessage: () => {} } as never,
      });
      const read = entriesOf();
      const out: Entry[] = [];
      receiver.subscribe((event) => {
        out.push(...read(event));
      });
      return (entries) => {
        for (const data of entries.flatMap(framesOf)) hear({ data: structuredClone(data) });
        return out;
      };
    },
  ],
];

test.each(protocols)('what goes in on one end of the %s protocol comes out on the other', async (_, through) => {
  const { entries, observation } = observed();
  const child = createMachine({ id: 'child', initial: 'a', states: { a: { after: { 500: 'b' } }, b: {} } });
  const parent = createMachine({
    id: 'parent',
    type: 'parallel',
    context: { __proto__x: [1, null, { deep: 'ü' }] },
    invoke: { id: 'kid', src: child },
    states: {
      x: { initial: 'h', states: { h: { tags: 'tag', always: { guard: () => false, target: 'i' } }, i: {} } },
      y: { on: { '*': { actions: 'nothing' } } },
    },
  });
  const actor = createActor(parent.provide({ actions: { nothing: () => {} } }), { inspect: observation }).start();
  actor.send({ type: 'GO', value: { type: 'not a type' } });
  actor.stop();
  const { url } = await heart();
  const connection = open(url, { inspect: observation });
  await untilState(connection, 'alive');
  connection.close();
  await until(connection, 'closed');
  await untilSo(() => of(entries, 'stopped').length === 3);
  expect(new Set(entries.map(({ type }) => type))).toEqual(
    new Set(['registered', 'event', 'changed', 'counted', 'stopped']),
  );
  // Numbered on the way, those of each machine by themselves.
  const told = new Map<string, number>();
  const numbered = entries.map((entry) => {
    const seq = told.get(entry.session) ?? 0;
    told.set(entry.session, seq + 1);
    return { ...entry, seq };
  });
  expect((await through())(entries)).toEqual(numbered);
});

test('a machine of XState 4 that a stranger inspects is understood too', () => {
  const read = entriesOf();
  const state = { value: 'a', context: { n: 1 }, _event: { name: 'xstate.init', data: { type: 'xstate.init' } } };
  const config = {
    id: 'm',
    key: 'm',
    type: 'compound',
    initial: 'a',
    states: {
      a: {
        id: 'm.a',
        key: 'a',
        entry: [{ type: 'xstate.send', event: 'xstate.after(5)#m.a' }, { type: 'shout' }],
        transitions: [
          { eventType: 'GO', source: '#m.a', cond: { type: 'xstate.guard', name: 'may' }, internal: false },
        ],
      },
    },
  };
  const before = Date.now();
  const entries = [
    { type: 'service.register', sessionId: 'x:1', id: 'them', machine: { config }, state },
    { type: 'service.event', sessionId: 'x:1', event: state._event },
    { type: 'service.event', sessionId: 'x:1', event: { name: 'GO', data: { type: 'GO', n: 2 } } },
    { type: 'service.state', sessionId: 'x:1', state: { ...state, done: true } },
    { type: 'service.stop', sessionId: 'x:1' },
    { type: 'service.unknown', sessionId: 'x:1' },
    null,
    'junk',
  ].flatMap(read);
  expect(entries).toMatchObject([
    {
      type: 'registered',
      session: 'x:1',
      name: 'them',
      definition: {
        states: {
          a: {
            entry: [{ type: 'shout' }],
            transitions: [{ eventType: 'GO', target: [], cond: { name: 'may' }, actions: [] }],
          },
        },
      },
    },
    { type: 'event', event: { type: 'GO', n: 2 } },
    { type: 'changed', value: 'a', done: true },
    { type: 'stopped' },
  ]);
  expect(entries[0]!.at).toBeGreaterThanOrEqual(before);
});

test('the delays that run, and for how long', () => {
  const { entries, observation } = observed();
  const clock = new SimulatedClock();
  const line = {
    wallTime: () => clock.now(),
    random: () => 0.5,
    silentFor: () => 0,
    obstacle: () => undefined,
    now: () => 0,
    begin: () => {},
  };
  const settings = {
    connectTimeout: 101,
    idTimeout: 102,
    stableAfter: 103,
    closeTimeout: 104,
    heartbeat: { interval: 50, timeout: 40, maxAge: Infinity },
    backoff: { initial: 200, max: 200, factor: 2, spread: 1 },
  };
  const machine = connectionMachine.provide({ actors: { socket: fromCallback(() => {}) as never } });
  const actor = createActor(machine, { input: { line, ...settings }, clock, inspect: observation }).start();
  const named = { type: 'peer.named', receivedAt: 0 } as const;
  const lost = { type: 'socket.lost', code: 1006, reason: '', wasClean: false } as const;
  const steps: [() => void, Record<string, number>][] = [
    [() => {}, { 'connectTimeout)#connection.socket.connecting.dialling': 101 }],
    [() => actor.send({ type: 'socket.opened' }), { 'idTimeout)#connection.socket.awaiting-id.listening': 102 }],
    [
      () => actor.send(named),
      { 'stableAfter)#connection.socket.alive': 103, 'heartbeatInterval)#connection.socket.alive.quiet': 50 },
    ],
    [
      () => clock.increment(50),
      { 'stableAfter)#connection.socket.alive': 103, 'probeTimeout)#connection.socket.alive.probing': 20 },
    ],
    [() => clock.increment(20), { 'staleTimeout)#connection.socket.stale.silent.asking': 16 }],
    [() => clock.increment(16), { 'drain)#connection.socket.stale.silent.draining': 4 }],
    [() => clock.increment(4), { 'backoff)#connection.reconnecting': actor.getSnapshot().context.nextDial.wait }],
    [() => actor.send({ type: 'user.reconnected' }), { 'connectTimeout)#connection.socket.connecting.dialling': 101 }],
    [() => clock.increment(101), { 'drain)#connection.socket.connecting.draining': 4 }],
    [() => actor.send({ type: 'socket.opened' }), { 'idTimeout)#connection.socket.awaiting-id.listening': 102 }],
    [() => clock.increment(102), { 'drain)#connection.socket.awaiting-id.draining': 4 }],
    [
      () => actor.send(named),
      { 'stableAfter)#connection.socket.alive': 103, 'heartbeatInterval)#connection.socket.alive.quiet': 50 },
    ],
    [() => actor.send({ type: 'user.closed' }), { 'closeTimeout)#connection.socket.closing': 104 }],
    [() => actor.send(lost), {}],
  ];
  for (const [step, expected] of steps) {
    const before = Date.now();
    step();
    const { delays = {}, value } = entries.findLast((entry): entry is Changed => entry.type === 'changed')!;
    const ms = Object.entries(delays).map(([name, delay]) => [name.replace('xstate.after(', ''), delay.ms]);
    const { wait } = actor.getSnapshot().context.nextDial;
    const isWaiting = value === 'reconnecting';
    const wanted = isWaiting ? { 'backoff)#connection.reconnecting': wait } : expected;
    expect({ value, delays: Object.fromEntries(ms) }).toEqual({ value, delays: wanted });
    for (const { since } of Object.values(delays)) expect(since).toBeLessThanOrEqual(Date.now());
    if (isWaiting)
      expect(delays['xstate.after(backoff)#connection.reconnecting']?.since).toBeGreaterThanOrEqual(before);
  }
  // Every delay there is was seen.
  const seen = new Set(of(entries, 'changed').flatMap(({ delays = {} }) => Object.keys(delays)));
  const after = Object.keys(
    (connectionMachine as unknown as { implementations: { delays: object } }).implementations.delays,
  );
  expect(after.filter((name) => ![...seen].some((each) => each.startsWith(`xstate.after(${name})#`)))).toEqual([]);
});

test('a delay that is armed anew begins anew', async () => {
  const { entries, observation } = observed();
  const machine = createMachine({
    id: 'm',
    initial: 'a',
    states: { a: { after: { 60_000: 'b' }, on: { AGAIN: { target: 'a', reenter: true }, STAY: {} } }, b: {} },
  });
  const actor = createActor(machine, { inspect: observation }).start();
  await sleep(5);
  actor.send({ type: 'STAY' });
  await sleep(5);
  actor.send({ type: 'AGAIN' });
  actor.stop();
  const [first, stayed, again] = of(entries, 'changed').map(({ delays }) => delays?.['xstate.after(60000)#m.a']?.since);
  expect(stayed).toBe(first);
  expect(again).toBeGreaterThan(first!);
  expect(of(entries, 'changed').at(-1)).not.toHaveProperty('delays');
});

test('parents, children, and what is no machine', () => {
  const { entries, observation } = observed();
  const child = lamp.provide({});
  const parent = createMachine({
    id: 'house',
    initial: 'lit',
    invoke: { id: 'worker', src: fromCallback(() => {}) },
    states: {
      lit: {
        invoke: { id: 'bulb', src: child, onDone: 'dark' },
        on: {
          SWITCH: { actions: sendTo('bulb', { type: 'SWITCH' }) },
          BREAK: { actions: sendTo('bulb', { type: 'BREAK' }) },
        },
      },
      dark: {},
    },
  });
  const actor = createActor(parent, { inspect: observation, id: 'mine' }).start();
  actor.send({ type: 'SWITCH' });
  actor.send({ type: 'BREAK' });
  const [house, bulb] = of(entries, 'registered') as [Registered, Registered];
  expect([house.name, bulb.name]).toEqual(['mine', 'bulb']);
  expect(of(entries, 'registered').length).toBe(2);
  expect(bulb.parent).toBe(house.session);
  expect(of(entries, 'stopped')).toMatchObject([{ session: bulb.session, output: { switched: 1 } }]);
  const heard = of(entries, 'event').filter(({ session }) => session === house.session);
  expect(heard.map(({ event }) => event.type)).toEqual(['SWITCH', 'BREAK', 'done.invoke.bulb']);
  expect(entries.findLast(({ session, type }) => session === house.session && type === 'changed')).toMatchObject({
    value: 'dark',
  });
  actor.stop();
  expect(of(entries, 'stopped').length).toBe(2);
});

test('a machine that begins again is another one', () => {
  const { entries, observation } = observed();
  for (let i = 0; i < 2; i += 1) createActor(lamp, { inspect: observation }).start().stop();
  expect(of(entries, 'registered').map(({ name }) => name)).toEqual(['lamp', 'lamp 2']);
  expect(new Set(entries.map(({ session }) => session)).size).toBe(2);
  expect(of(entries, 'stopped').length).toBe(2);
});

test('a machine that throws is over', async () => {
  const { entries, observation } = observed();
  const machine = createMachine({
    id: 'm',
    on: {
      BREAK: {
        actions: () => {
          throw new Error('at wss://user:SECRET@host/?token=SECRET');
        },
      },
    },
  });
  const actor = createActor(machine, { inspect: observation });
  actor.subscribe({ error: () => {} });
  actor.start();
  actor.send({ type: 'BREAK' });
  await untilSo(() => of(entries, 'stopped').length === 1);
  expect(entries.map(({ type }) => type)).toEqual(['registered', 'changed', 'event', 'changed', 'stopped']);
  expect(JSON.stringify(entries)).not.toContain('SECRET');
});

test('nothing secret is in what is sent', async () => {
  const server = await listen((socket) => {
    speakIdHeartbeat(socket, 'SECRET-of-the-session-1234');
    socket.on('message', (data) => {
      if ((data as Buffer).toString() === 'go') socket.close(4000, 'see wss://u:SECRET@h/p?x=SECRET#SECRET');
    });
  });
  const inspection = await serve();
  const viewer = await page(inspection.port);
  const { port } = new URL(server.url);
  const connection = open(`ws://user:SECRET@127.0.0.1:${port}/path?token=SECRET`, {
    inspect: inspection.inspect,
    headers: { authorization: 'Bearer SECRET-header' },
    shouldReconnect: function SECRET() {
      return undefined;
    },
  });
  await untilState(connection, 'alive');
  connection.send('go');
  await until(connection, 'lost');
  await untilState(connection, 'alive');
  const other = createMachine({
    id: 'other',
    context: {
      url: 'ws://user:SECRET@host/path?token=SECRET',
      'https://SECRET@host/': 1,
      headers: { a: 'SECRET' },
      Authorization: 'SECRET',
      cookie: 'SECRET',
      nested: [{ accessToken: 'SECRET', password: 'SECRET', link: new URL('http://h/?q=SECRET') }],
      error: new Error('failed: GET /path?key=SECRET', { cause: 'wss://h?SECRET' }),
      map: new Map([['ws:u:SECRET@h', 'Bearer SECRET-0']]),
    },
    on: { FAIL: {} },
  });
  const actor = createActor(other, { inspect: inspection.inspect }).start();
  actor.send({ type: 'FAIL', error: new Error('at wss://u:SECRET@h/?SECRET') });
  await untilSo(() => viewer.frames.join().includes('FAIL'));
  const all = viewer.frames.join('\n');
  expect(all).not.toContain('SECRET');
  expect(all).not.toContain('shouldReconnect');
  expect(all).toContain('…1234');
});

/** Where secrets are, and no name says that they are: each passed, as long as it was looked for names. */
const hiding: [string, unknown][] = [
  [
    'a name nobody thought of',
    { jwt: 'SECRET', credentials: 'SECRET', pwd: 'SECRET', bearer: 'SECRET', note: 'SECRET' },
  ],
  [
    'a Map',
    new Map([
      ['authorization', 'SECRET'],
      ['SECRET', 'x'],
    ]),
  ],
  ['a Set', new Set(['SECRET'])],
  ['pairs', [['authorization', 'SECRET']]],
  ['JSON in a text', '{"token":"SECRET"}'],
  ['a relative URL', '/p?SECRET'],
  ['a path', 'wss://host/rooms/SECRET'],
  ['a URL', new URL('wss://u:SECRET@host/SECRET?SECRET#SECRET')],
  ['user information without a scheme', 'u:SECRET@host'],
  ['the name of a field', { 'SECRET-1': 1, SECRET2: 2, 'a b SECRET': 3, [`SECRET${'x'.repeat(40)}`]: 4 }],
  ['an error', new TypeError('SECRET', { cause: new Error('SECRET') })],
  ['the name of an error', Object.assign(new Error('x'), { name: 'SECRET 1' })],
  ['a function', function SECRET() {}],
  ['a symbol', Symbol('SECRET')],
  ['a pattern', /SECRET/],
  ['bytes', new TextEncoder().encode('SECRET')],
  ['what says itself how it is told', { toJSON: () => ({ inner: 'SECRET' }) }],
  ['an array', ['a', ['b', ['SECRET']]]],
  ['an actor', { getSnapshot: () => 'SECRET', send: () => {}, id: 'SECRET' }],
  ['a number without bound', BigInt('0x534543524554534543524554')],
];

test.each(hiding)('what may not be shown is not: %s', (_, value) => {
  const { entries, observation } = observed();
  const machine = createMachine({
    id: 'm',
    initial: 'a',
    context: () => ({ here: value }),
    states: { a: { on: { GO: {}, END: 'over' } }, over: { type: 'final' } },
    output: () => value as object,
  });
  const actor = createActor(machine, { inspect: observation, id: 'SECRET-1' }).start();
  actor.send({ type: 'GO', there: value });
  actor.send({ type: 'SECRET.event' });
  actor.send({ type: 'END' });
  const steps = ['event', 'changed'];
  expect(entries.map(({ type }) => type)).toEqual(['registered', 'changed', ...steps, ...steps, ...steps, 'stopped']);
  const told = JSON.stringify(entries);
  expect(told).not.toMatch(/SECRET|534543|25791/);
  expect(Buffer.from(told).includes('83,69,67')).toBe(false);
});

test('what is shown of a machine: the words of its chart, numbers, truths, and how long all else is', () => {
  const { entries, observation } = observed();
  const machine = createMachine({
    id: 'm',
    initial: 'idle',
    context: {
      mode: 'idle',
      next: 'busy',
      count: 3,
      isReady: true,
      none: null,
      user: 'ann',
      at: new Date(0),
      list: ['idle', 'x'],
    },
    states: { idle: { on: { 'job.*': 'busy' } }, busy: { invoke: { id: 'work-1', src: lamp } } },
  });
  const actor = createActor(machine, { inspect: observation }).start();
  actor.send({ type: 'job.SECRET-1', state: 'busy', by: 'ann' });
  actor.stop();
  expect(of(entries, 'changed')[0]?.context).toEqual({
    mode: 'idle',
    next: 'busy',
    count: 3,
    isReady: true,
    none: null,
    user: '… (3 characters)',
    at: '1970-01-01T00:00:00.000Z',
    list: ['idle', '… (1 character)'],
  });
  expect(of(entries, 'event')[0]?.event).toEqual({ type: 'job.*', state: 'busy', by: '… (3 characters)' });
  expect(of(entries, 'registered').map(({ name }) => name)).toEqual(['m', 'work-1']);
});

test('what is shown of a connection: why, how it ended, and no more of anybody’s own words than how long they are', async () => {
  const reasons = ['ECONNREFUSED', 'SUPER_SECRET', 'HTTP 503', 'going away'];
  const server = await listen((socket, visit) => {
    speakIdHeartbeat(socket, `SECRET-${visit}-abcdefgh`);
    socket.on('message', (data) => {
      if ((data as Buffer).toString() === 'go') socket.close(4000, reasons[visit - 1]);
    });
  });
  const { entries, observation } = observed();
  const connection = open(server.url, { inspect: observation, backoff: { initial: 1, max: 1, spread: 0 } });
  for (const [i] of reasons.entries()) {
    await untilSo(() => connection.state === 'alive' && server.accepted.length === i + 1);
    connection.send('go');
    await until(connection, 'lost');
  }
  const lost = of(entries, 'event').flatMap(({ event }) => (event.type === 'socket.lost' ? [event['reason']] : []));
  expect(lost).toEqual(reasons.map((reason) => `… (${reason.length} characters)`));
  const ends = of(entries, 'changed').flatMap(({ value, context }) => (value === 'reconnecting' ? [context] : []));
  expect(ends[0]).toMatchObject({
    cause: 'peer-closed',
    id: '…efgh',
    end: { code: 4000 },
    settings: { liveness: 'ask' },
  });
  expect(JSON.stringify(entries)).not.toMatch(/SECRET|ECONN|HTTP|going/);
});

test('a dial that fails says why, in the words of the system', async () => {
  const { entries, observation } = observed();
  const connection = open(`ws://127.0.0.1:${await closedPort()}`, { inspect: observation, retries: 0 });
  await until(connection, 'closed');
  await untilSo(() => of(entries, 'stopped').length === 1);
  expect(of(entries, 'stopped')[0]?.output).toMatchObject({ reason: 'ECONNREFUSED', cause: 'refused' });
});

test('a parent that is told the snapshots of its connection shows no more of its name', async () => {
  const { url } = await heart('session-SECRET-abcd');
  const { entries, observation } = observed();
  const parent = createMachine({
    id: 'parent',
    context: { id: '' },
    invoke: {
      id: 'push',
      src: connectionMachine.provide({ actors: { socket: webSocketActor } }),
      input: () => connectionInput(url),
      onSnapshot: { actions: assign({ id: ({ event }) => (event.snapshot.context as { id?: string }).id ?? '' }) },
    },
    on: { END: '.over' },
    initial: 'on',
    states: { on: {}, over: { type: 'final' } },
  } as never);
  const actor = createActor(parent, { inspect: observation }).start();
  await untilSo(() => (actor.getSnapshot().context as { id: string }).id !== '');
  actor.stop();
  expect(JSON.stringify(entries)).toContain('xstate.snapshot.push');
  expect(JSON.stringify(entries)).not.toContain('SECRET');
});

test('a fault of ours is told without the words of others', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  const observation = observe(() => {});
  onTestFinished(() => observation.stop());
  const logic = {
    root: {},
    events: [],
    get id(): string {
      throw new TypeError('SECRET');
    },
  };
  observation({
    type: '@xstate.event',
    event: { type: 'xstate.init' },
    actorRef: {
      id: 'x',
      sessionId: 'x',
      logic,
      getSnapshot: () => {
        throw new TypeError('SECRET\nSECRET');
      },
    },
  } as never);
  expect(warn).toHaveBeenCalledTimes(1);
  expect(String(warn.mock.calls[0])).toMatch(/^systole\/inspect: TypeError\n +at /);
  expect(String(warn.mock.calls[0])).not.toContain('SECRET');
});

test('the app has the last word on what is told', async () => {
  const { entries, observation } = observed({
    redact: (entry) => {
      if (entry.type === 'event' && entry.event.type === 'SWITCH') return undefined;
      if (entry.type === 'changed') return { ...entry, context: { big: 1n as never, note: 'by ann' } };
      return entry;
    },
  });
  const actor = createActor(lamp, { inspect: observation }).start();
  actor.send({ type: 'SWITCH' });
  expect(entries.map(({ type }) => type)).toEqual(['registered', 'changed', 'changed']);
  expect(of(entries, 'changed')[0]?.context).toEqual({ big: '1n', note: 'by ann' });
  actor.stop();

  const errors = await uncaughtDuring(async () => {
    const told = observed({
      redact: () => {
        throw new Error('of the app');
      },
    });
    createActor(lamp, { inspect: told.observation }).start().stop();
    expect(told.entries).toEqual([]);
  });
  expect(errors.map(String)).toContain('Error: of the app');
});

test('whatever is in a context or an event, what is told is JSON', () => {
  const { entries, observation } = observed();
  const circular: Record<string, unknown> = { name: 'ring' };
  circular['self'] = circular;
  const deep: Record<string, unknown> = {};
  let at = deep;
  for (let i = 0; i < 20_000; i += 1) at = at['in'] = {} as Record<string, unknown>;
  const context = {
    circular,
    deep,
    big: 12n,
    call: () => {},
    symbol: Symbol('s'),
    nan: Number.NaN,
    infinite: Infinity,
    date: new Date(0),
    bytes: new ArrayBuffer(7),
    view: new Uint16Array(4),
    huge: 'x'.repeat(5_000_000),
    many: Array.from({ length: 100_000 }, (_, i) => i),
    careless: {
      get thrower() {
        throw new Error('no');
      },
    },
    proxy: new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no');
        },
      },
    ),
    gone: undefined,
    ...JSON.parse('{"__proto__":{"polluted":true}}'),
  };
  const machine = createMachine({ id: 'm', context: () => context as object, on: { GO: {} } });
  const actor = createActor(machine, { inspect: observation }).start();
  actor.send({ type: 'GO', circular, deep });
  actor.stop();
  const told = of(entries, 'changed')[0]!.context as Record<string, unknown>;
  expect(told).toMatchObject({
    circular: { name: '… (4 characters)', self: '(circular)' },
    big: '12n',
    call: 'ƒ',
    symbol: '(symbol)',
    huge: '… (5000000 characters)',
    nan: 'NaN',
    infinite: 'Infinity',
    date: '1970-01-01T00:00:00.000Z',
    bytes: '7 bytes',
    view: '8 bytes',
    careless: { thrower: '(unreadable)' },
    proxy: '(unreadable)',
  });
  expect(told).not.toHaveProperty('gone');
  expect(Object.getPrototypeOf(told)).toBe(Object.prototype);
  expect(told).not.toHaveProperty('polluted');
  expect((told['many'] as unknown[]).length).toBe(1_001);
  const json = JSON.stringify(entries);
  expect(JSON.parse(json)).toEqual(entries);
  expect(json.length).toBeLessThan(500_000);
});

test('what the app says in place of an entry is told as it is, and cut where it is long', () => {
  expect(plain({ note: 'signed in', 'a b': 'x'.repeat(10_000) })).toEqual({
    note: 'signed in',
    'a b': 'x'.repeat(10_000),
  });
  expect(plain('x'.repeat(10_001))).toBe(`${'x'.repeat(10_000)}… (10001 characters)`);
  expect(shown({ note: 'signed in' })).toEqual({ note: '… (9 characters)' });
});

test('a page may send a machine its own events, and no others', async () => {
  const inspection = await serve();
  const viewer = await page(inspection.port);
  const actor = createActor(lamp, { inspect: inspection.inspect }).start();
  onTestFinished(() => void actor.stop());
  await untilSo(() => viewer.entries.length > 0);
  const { session } = viewer.entries[0]!;
  for (const type of [
    'xstate.after.60000.lamp.on',
    'xstate.after(60000)#lamp.on',
    'xstate.init',
    'xstate.stop',
    'init',
    'done.invoke.x',
    'error.platform.x',
    'UNKNOWN',
    '*',
    '',
    '__proto__',
  ])
    viewer.say(session, { type });
  viewer.say('nobody', { type: 'SWITCH' });
  viewer.say(session, { type: 'SWITCH', pad: 'x'.repeat(10_000) });
  await untilSo(() => actor.getSnapshot().value === 'on');
  // As the receiver of XState 4 sends it.
  viewer.say(session, { name: 'SWITCH', data: { type: 'SWITCH' }, $$type: 'scxml', origin: session });
  await untilSo(() => actor.getSnapshot().value === 'off');
  await untilSo(() => of(viewer.entries, 'event').length === 2);
  expect(of(viewer.entries, 'event').map(({ event }) => event.type)).toEqual(['SWITCH', 'SWITCH']);
  expect(actor.getSnapshot().context.switched).toBe(1);
});

test('what a page says becomes nobody’s prototype', () => {
  let heard: Record<string, unknown> = {};
  const { entries, observation } = observed();
  const machine = createMachine({ id: 'm', on: { 'x.*': { actions: ({ event }) => void (heard = { ...event }) } } });
  const actor = createActor(machine, { inspect: observation }).start();
  expect(observation.send(entries[0]!.session, { type: 'x.y' })).toBe(true);
  expect(observation.send(entries[0]!.session, { type: 'xy' })).toBe(false);
  expect(heard['type']).toBe('x.y');
  actor.stop();
  expect(observation.send(entries[0]!.session, { type: 'x.y' })).toBe(false);
});

test('with send: false no event of a page is passed on', async () => {
  const inspection = await serve({ send: false });
  const viewer = await page(inspection.port);
  const actor = createActor(lamp, { inspect: inspection.inspect }).start();
  await untilSo(() => viewer.entries.length > 0);
  viewer.say(viewer.entries[0]!.session, { type: 'SWITCH' });
  const later = await page(inspection.port);
  await untilSo(() => later.entries.length > 0);
  expect(actor.getSnapshot().value).toBe('off');
  actor.stop();
});

test('a page that speaks nonsense disturbs nobody', async () => {
  const inspection = await serve();
  const rude = new WebSocket(`ws://127.0.0.1:${inspection.port}/`);
  await once(rude, 'open');
  for (const message of [
    '',
    'null',
    '{',
    '[]',
    '{"type":"xstate.event"}',
    '{"type":"disconnect"}',
    '{"type":"unload"}',
    '{"type":"service.register"}',
  ])
    rude.send(message);
  rude.send(Buffer.from([1, 2, 3]));
  rude.send(`"${'x'.repeat(100_000)}"`);
  const [code] = (await once(rude, 'close')) as [number];
  expect(code).toBe(1009);
  const viewer = await page(inspection.port);
  createActor(lamp, { inspect: inspection.inspect }).start().stop();
  await untilSo(() => of(viewer.entries, 'stopped').length === 1);
});

const strangers: [string, Record<string, string>, number][] = [
  ['another Host', { host: 'evil.example' }, 403],
  ['another Origin', { origin: 'https://evil.example' }, 403],
  ['an Origin that is let in', { origin: 'https://app.example.com' }, 101],
  ['an Origin of this machine', { origin: 'http://localhost:4400' }, 101],
  ['an opaque Origin', { origin: 'null' }, 403],
];

test.each(strangers)('%s', async (_, headers, status) => {
  const inspection = await serve({ origins: ['https://app.example.com'] });
  const socket = new WebSocket(`ws://127.0.0.1:${inspection.port}/`, { headers });
  const answered = await Promise.race([
    once(socket, 'open').then(() => 101),
    once(socket, 'unexpected-response').then(([, response]) => (response as { statusCode: number }).statusCode),
  ]);
  socket.on('error', () => {});
  socket.terminate();
  expect(answered).toBe(status);
});

test('inspect() listens by itself, is one for all who ask alike, and stops', async () => {
  const port = await closedPort();
  const inspection = inspect({ port });
  expect(inspect({ port, origins: undefined })).toBe(inspection);
  const viewer = await vi.waitFor(() => page(port));
  const actor = createActor(lamp, { inspect: inspection }).start();
  await untilSo(() => of(viewer.entries, 'changed').length === 1);
  inspection.stop();
  actor.send({ type: 'SWITCH' });
  actor.stop();
  const again = inspect({ port });
  expect(again).not.toBe(inspection);
  const later = await vi.waitFor(() => page(port));
  createActor(lamp, { inspect: again }).start().stop();
  await untilSo(() => of(later.entries, 'stopped').length === 1);
  expect(of(later.entries, 'registered').length).toBe(1);
  again.stop();
});

test('a port in use is a warning that names the option', async () => {
  const taken = createTcpServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  onTestFinished(() => {
    warn.mockRestore();
    taken.close();
  });
  const inspection = inspect({ port });
  await untilSo(() => warn.mock.calls.length === 1);
  expect(String(warn.mock.calls[0])).toMatch(/port \d+ of 127\.0\.0\.1 is in use.*inspect\(\{ port: 8888 \}\)/);
  const actor = createActor(lamp, { inspect: inspection }).start();
  actor.send({ type: 'SWITCH' });
  expect(actor.getSnapshot().value).toBe('on');
  actor.stop();
});

const wrong: [object, string][] = [
  [{ port: 70_000 }, 'port must be'],
  [{ origins: ['nowhere'] }, 'origins must be'],
  [{ redact: true }, 'redact must be'],
  [{ send: 1 }, 'send must be'],
  [{ host: '0.0.0.0' }, 'host is not an option'],
];

test.each(wrong)('a wrong option is named: %j', (options, message) => {
  expect(() => inspect(options)).toThrow(message);
});

test('of a long life the newest 2,000 entries are kept, its beginning and where it is', () => {
  const history = new History<Entry>(() => 100);
  const at = (type: Entry['type'], n: number) => ({ type, at: n, session: 's' }) as Entry;
  const keep = (entry: Entry) => history.keep(entry, [entry]);
  keep(at('registered', 0));
  keep(at('changed', 1));
  for (let n = 2; n < 5_000; n += 1) keep(at('counted', n));
  const all = history.all();
  expect(all.length).toBe(2_000);
  expect(all.slice(0, 3).map((entry) => entry.at)).toEqual([0, 1, 3_002]);
  expect(all.at(-1)?.at).toBe(4_999);
  expect(history.size).toBe(200_000);
});

test('of machines that are over the newest 50 are kept', () => {
  const history = new History<string>(() => 1);
  for (let n = 0; n < 80; n += 1) {
    history.keep({ type: 'registered', session: `${n}` } as Entry, ['r']);
    history.keep({ type: 'stopped', session: `${n}` } as Entry, ['s']);
  }
  expect(history.all().length).toBe(100);
  expect(history.size).toBe(100);
});

test('no timer outlives the connections that are counted', async () => {
  const { url } = await heart();
  const { entries, observation } = observed();
  const cleared = vi.spyOn(globalThis, 'clearInterval');
  const started = vi.spyOn(globalThis, 'setInterval');
  const connection = connect(url, { inspect: observation });
  await untilState(connection, 'alive');
  connection.close();
  await until(connection, 'closed');
  await untilSo(() => of(entries, 'stopped').length === 1);
  // Of those that begin with a connection, the one that counts.
  const counting = started.mock.calls.findIndex(([, ms]) => ms === 250);
  const timer = started.mock.results[counting]?.value as NodeJS.Timeout;
  expect(started.mock.calls.filter(([, ms]) => ms === 250).length).toBe(1);
  expect(timer.hasRef()).toBe(false);
  expect(cleared.mock.calls.some(([each]) => each === timer)).toBe(true);
  vi.restoreAllMocks();
});

test('a process that is inspected ends by itself', async () => {
  const port = await closedPort();
  const bridge = fileURLToPath(new URL('../../visualizer/bridge/inspect.node.ts', import.meta.url));
  const script = `
    import { runnerImport } from 'vite';
    import { createActor, createMachine } from 'xstate';
    const { module: { inspect } } = await runnerImport(${JSON.stringify(bridge)}, { configFile: false, logLevel: 'error' });
    const actor = createActor(createMachine({ id: 'm', on: { BYE: { actions: () => {} } } }), { inspect: inspect({ port: ${port} }) }).start();
    actor.subscribe(() => clearTimeout(timer));
    const timer = setTimeout(() => process.exit(7), 20_000);
    console.log('ready');
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const viewer = await vi.waitFor(() => page(port), { timeout: 10_000 });
  await untilSo(() => viewer.entries.length > 0);
  viewer.say(viewer.entries[0]!.session, { type: 'BYE' });
  const [code] = (await once(child, 'exit')) as [number];
  expect(code).toBe(0);
});
