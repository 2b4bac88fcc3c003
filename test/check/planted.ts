/**
 * Servers with one fault each, in all else right; what they break, by the names of docs/PROTOCOL.md; and servers that are right, each in a way that might
 * be taken for a fault. What is asked of `systole check`: that it finds the one, and nothing else.
 */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';

import { WebSocketServer } from 'ws';

import { faultProxy } from '../kit/index.ts';
import {
  type Conduct,
  type Guest,
  House,
  type HouseOptions,
  isHeartbeat,
  right,
  type Running,
} from './right-server.ts';

export interface Planted {
  /** Rules of the protocol. None: it is right. */
  readonly breaks: readonly string[];
  start(options?: Pick<HouseOptions, 'silence'>): Promise<Running>;
}

/** What a fault replaces; made anew for each server, so that it may remember things. */
type Fault = Partial<Conduct> | (() => Partial<Conduct>);

function breaking(rules: string, fault: Fault, more: Pick<HouseOptions, 'silence'> = {}): Planted {
  return {
    breaks: rules.split(' ').filter(Boolean),
    start: (options) =>
      new House({ ...options, ...more, conduct: typeof fault === 'function' ? fault() : fault }).open(),
  };
}

const fine = (fault: Fault): Planted => breaking('', fault);

/** Ms in which an idle line is closed by those that must not: less than the check is idle. */
const tooSoon = 3_000;
const day = 86_400_000;

/** Whose message is not whole yet. */
const inPieces = new WeakSet<Guest>();

const json = JSON.stringify;
const nameOf = (guest: Guest) => ({ id: guest.id, now_time: guest.now() });

/** The faults that anybody would think of. */
export const faults: Readonly<Record<string, Planted>> = {
  'no name': breaking('W1', { arrived() {} }),
  'named twice': breaking('W3', {
    arrived(guest) {
      guest.welcome();
      guest.welcome();
    },
  }),
  'no answer': breaking('H1', { heard() {} }),
  'late answer': breaking('H2', { heard: answering((guest) => guest.after(2_500, () => guest.answer())) }),
  'answers only when nothing else is sent': breaking('H5', {
    heard: answering((guest) => {
      if (performance.now() - guest.messageAt > 1_000) guest.answer();
    }),
  }),
  'answers one of two': breaking('H4', {
    heard: answering((guest) => {
      // The one that is on its way does for all that come meanwhile.
      if (guest.isAnswering) return;
      guest.isAnswering = true;
      guest.after(100, () => {
        guest.isAnswering = false;
        guest.answer();
      });
    }),
  }),
  'closes when idle': breaking('L3', { arrived: idleFor(tooSoon, (guest) => guest.leave(1000)) }),
  'keeps half-open clients for ever': breaking('L4', {}, { silence: Infinity }),
  'accepts and closes': breaking('L1', { arrived: (guest) => guest.leave(1000) }),
  'wrong close code': breaking('G2', {
    silent(guest) {
      guest.leave(1008);
      guest.after(500, () => guest.socket.terminate());
    },
  }),
  'a clock a day behind that then jumps': breaking('T1', {
    now: ({ since, answers }) => Date.now() - (performance.now() - since > 700 || answers > 1 ? 0 : day),
  }),
  'messages before the name': breaking('W4', {
    arrived(guest) {
      guest.say('hello');
      guest.welcome();
    },
  }),
};

/** Their relatives. */
export const relatives: Readonly<Record<string, Planted>> = {
  'L1: cuts off at once': breaking('L1', { arrived: (guest) => guest.socket.terminate() }),
  'L1: welcomes, and closes': breaking('L1', {
    arrived(guest) {
      guest.welcome();
      guest.leave(1000);
    },
  }),
  'L1: lines last two seconds': breaking('L1', {
    arrived(guest) {
      guest.welcome();
      guest.after(2_000, () => guest.leave(1000));
    },
  }),

  'L2: no pong': breaking('L2', { pinged() {} }),
  'L2: a pong without the payload': breaking('L2', { pinged: (guest) => guest.socket.pong() }),
  'L2: a late pong': breaking('L2', {
    pinged: (guest, payload) => guest.after(2_500, () => guest.socket.pong(payload)),
  }),
  'L2: one pong for many pings': breaking('L2', {
    pinged(guest, payload) {
      if (guest.pongedAt !== undefined && performance.now() - guest.pongedAt < 1_000) return;
      guest.pongedAt = performance.now();
      guest.socket.pong(payload);
    },
  }),

  'L3: cuts off when idle': breaking('L3', { arrived: idleFor(tooSoon, (guest) => guest.socket.terminate()) }),
  'L3, G2: closes with 1008 when idle': breaking('L3 G2', { arrived: idleFor(tooSoon, (guest) => guest.leave(1008)) }),
  'L1: takes no heartbeat for life': breaking('L1', {
    arrived(guest) {
      guest.welcome();
      guest.every(100, () => {
        if (performance.now() - Math.max(guest.messageAt, guest.pingAt, guest.since) > tooSoon) guest.leave(1000);
      });
    },
  }),

  'L5: one queue for all that is written': breaking('L5', () => {
    let last = Promise.resolve();
    const write = (guest: Guest, data: string | Buffer) =>
      new Promise<void>((resolve) => {
        guest.socket.send(data, () => resolve());
      });
    return {
      write(guest, data) {
        last = last.then(() => write(guest, data));
      },
    };
  }),
  'L5: ends all when one floods': breaking('L5', {
    heard(guest, data, isBinary) {
      right.heard(guest, data, isBinary);
      if (guest.heartbeats < 500) return;
      for (const each of guest.house.guests) each.socket.terminate();
    },
  }),
  'L5: ends all when one is crammed': breaking('L5', {
    crammed({ house }) {
      for (const guest of house.guests) guest.socket.terminate();
    },
  }),
  'L5: serves nobody while one is silent': breaking('L5', {
    arrived(guest) {
      guest.welcome();
      guest.every(200, () => guest.socket.ping());
    },
    heard: answering((guest) => {
      const now = performance.now();
      if ([...guest.house.guests].every(({ heardAt }) => now - heardAt < 1_000)) guest.answer();
    }),
  }),

  'W1: a name after six seconds': breaking('W1', { arrived: (guest) => guest.after(6_500, () => guest.welcome()) }),
  'W1: a name once it was asked': breaking('W1', {
    arrived() {},
    heard(guest, data, isBinary) {
      if (guest.number > 0 && guest.answers === 0) guest.welcome();
      right.heard(guest, data, isBinary);
    },
  }),
  'W2: a binary name': breaking('W2', { welcome: (guest) => Buffer.from(json(nameOf(guest))) }),
  'W2: no id': breaking('W2', { welcome: (guest) => json({ now_time: guest.now() }) }),
  'W2: an empty id': breaking('W2', { welcome: (guest) => json({ ...nameOf(guest), id: '' }) }),
  'W2: an id of 1,025 characters': breaking('W2', {
    welcome: (guest) => json({ ...nameOf(guest), id: guest.id.padEnd(1_025, 'x') }),
  }),
  'W2: an object for an id': breaking('W2', { welcome: (guest) => json({ ...nameOf(guest), id: { is: guest.id } }) }),
  'W2: no time': breaking('W2', { welcome: ({ id }) => json({ id }) }),
  'W2: nonsense for a time': breaking('W2', { welcome: ({ id }) => json({ id, now_time: 'soon' }) }),
  'W2: null for a time': breaking('W2', { welcome: ({ id }) => json({ id, now_time: null }) }),
  'W2: a welcome of 70,000 characters': breaking('W2', {
    welcome: (guest) => json({ ...nameOf(guest), more: 'x'.repeat(70_000) }),
  }),
  'W1: no JSON': breaking('W1', { welcome: (guest) => `welcome ${guest.id}` }),
  'W3: named again with the first answer': breaking('W3', {
    heard: answering((guest) => {
      guest.answer();
      if (guest.answers === 1) guest.welcome();
    }),
  }),
  'W3: named again after a message': breaking('W3', { heard: onMessage((guest) => guest.welcome()) }),
  'W3: named again, with another name': breaking('W3', {
    arrived(guest) {
      guest.welcome();
      guest.after(500, () => guest.say(json({ id: `${guest.id}-again`, now_time: guest.now() })));
    },
  }),
  'W4: a binary frame before the name': breaking('W4', {
    arrived(guest) {
      guest.say(Buffer.of(1, 2, 3));
      guest.after(100, () => guest.welcome());
    },
  }),
  'W5: the same id for everybody': breaking('W5', { welcome: (guest) => json({ ...nameOf(guest), id: 'guest' }) }),

  'H1: the first heartbeat is lost': breaking('H1', {
    heard: answering((guest) => {
      if (guest.heartbeats > 1) guest.answer();
    }),
  }),
  'H1: only the first is answered': breaking('H1', {
    heard: answering((guest) => {
      if (guest.answers < 1) guest.answer();
    }),
  }),
  'H1: a heartbeat is answered when the next one comes': breaking('H1', {
    heard: answering((guest) => {
      for (let i = guest.answers; i < guest.heartbeats - 1; i += 1) guest.answer();
    }),
  }),
  'H2, H4: debounced': breaking('H2 H4', {
    heard: answering((guest) => {
      const { heartbeats } = guest;
      guest.after(1_500, () => {
        if (guest.heartbeats === heartbeats) guest.answer();
      });
    }),
  }),
  'H2: answers wait for a tick of three seconds': breaking('H2', {
    arrived(guest) {
      guest.welcome();
      guest.every(3_000, () => {
        for (; guest.answers < guest.heartbeats;) guest.answer();
      });
    },
    heard() {},
  }),
  'H3: a binary answer': breaking('H3', { answer: (guest) => Buffer.from(json({ heartbeat: guest.now() })) }),
  'H3: no number': breaking('H3', { answer: () => json({ heartbeat: 'soon' }) }),
  'H5: a length of 16 bits is an error': breaking('H5', {
    heard(guest, data, isBinary) {
      if (data.length > 125) guest.leave(1002);
      else right.heard(guest, data, isBinary);
    },
  }),
  'H5: fragments are passed over': breaking('H5', {
    arrived(guest) {
      // Before it is read.
      guest.stream.prependListener('data', (bytes: Buffer) => {
        // A text, masked, of five bytes, and more to come.
        if (bytes.includes(Buffer.of(0x01, 0x85))) inPieces.add(guest);
      });
      right.arrived(guest);
    },
    heard(guest, data, isBinary) {
      const isWhole = !isHeartbeat(data, isBinary) || !inPieces.delete(guest);
      if (isWhole) right.heard(guest, data, isBinary);
    },
  }),
  'H3: more fields': breaking('H3', { answer: (guest) => json({ heartbeat: guest.now(), load: 0.5 }) }),
  'H3: more fields, and others first': breaking('H3', {
    answer: (guest) => json({ type: 'pong', heartbeat: guest.now() }),
  }),
  'H3: null': breaking('H3', { answer: () => json({ heartbeat: null }) }),
  'H1: another field': breaking('H1', { answer: (guest) => json({ pong: guest.now() }) }),
  'H3: an array': breaking('H3', { answer: (guest) => json([{ heartbeat: guest.now() }]) }),
  'H1: an echo': breaking('H1', { answer: () => 'heartbeat' }),
  'H4: at most one a second': breaking('H4', {
    heard: answering((guest) => {
      if (guest.answeredAt !== undefined && performance.now() - guest.answeredAt < 1_000) return;
      guest.answeredAt = performance.now();
      guest.answer();
    }),
  }),
  'H4: two for one': breaking('H4', {
    heard: answering((guest) => {
      guest.answer();
      guest.answer();
    }),
  }),
  'H5: no answer after a ping': breaking('H5', {
    heard: answering((guest) => {
      if (performance.now() - guest.pingAt > 1_000) guest.answer();
    }),
  }),
  'H5: no answer once a message came': breaking('H5', {
    heard: answering((guest) => {
      if (guest.messageAt === -Infinity) guest.answer();
    }),
  }),
  'H5: answers wait behind messages': breaking('H5', {
    heard: answering((guest) => {
      const isBusy = performance.now() - guest.messageAt < 1_000;
      if (isBusy) guest.after(2_500, () => guest.answer());
      else guest.answer();
    }),
  }),
  'H6: of any case': breaking('H6', {
    heard(guest, data, isBinary) {
      if (!isBinary && data.toString().toLowerCase() === 'heartbeat') guest.answer();
    },
  }),
  'H6: with a line break': breaking('H6', {
    heard(guest, data, isBinary) {
      if (!isBinary && data.toString().trim() === 'heartbeat') guest.answer();
    },
  }),
  'H6: what begins so': breaking('H6', {
    heard(guest, data, isBinary) {
      if (!isBinary && data.toString().startsWith('heartbeat')) guest.answer();
    },
  }),
  'H6: as JSON': breaking('H6', {
    heard(guest, data, isBinary) {
      if (!isBinary && (data.toString() === 'heartbeat' || data.toString() === '"heartbeat"')) guest.answer();
    },
  }),
  'H6: binary': breaking('H6', {
    heard(guest, data) {
      if (data.toString() === 'heartbeat') guest.answer();
    },
  }),
  'H6: all that comes': breaking('H6', { heard: (guest) => guest.answer() }),

  'T1: the clock stands still': breaking('T1', () => {
    const began = Date.now();
    return { now: () => began };
  }),
  'T1: each line has a clock that stands still': breaking('T1', {
    now: ({ since }) => Math.round(performance.timeOrigin + since),
  }),
  'T1: it runs twice as fast': breaking('T1', () => {
    const began = Date.now();
    return { now: () => began + (Date.now() - began) * 2 };
  }),
  'T1: seconds': breaking('T1', { now: () => Math.floor(Date.now() / 1_000) }),
  'T1: back with each answer': breaking('T1', { now: ({ answers }) => Date.now() - answers * 5_000 }),
  'T1: the welcome is of another clock': breaking('T1', {
    answer: (guest) => json({ heartbeat: guest.now() - 3_600_000 }),
  }),

  'G1: no answer': breaking('G1', { left() {} }),
  'G1: another code': breaking('G1', { left: (guest) => guest.leave(4_000) }),
  'G1: no code': breaking('G1', { left: (guest) => guest.leave() }),
  'G1: cuts off': breaking('G1', { left: (guest) => guest.socket.terminate() }),
  'G1: the connection is left open': breaking('G1', {
    arrived(guest) {
      guest.welcome();
      guest.stream.end = () => guest.stream;
    },
  }),
  'G2: silent clients are closed with 3000': breaking('G2', {
    silent(guest) {
      guest.leave(3000);
      guest.after(500, () => guest.socket.terminate());
    },
  }),
};

/** Nothing is wrong with these. */
export const sound: Readonly<Record<string, Planted>> = {
  'as the protocol has it': fine({}),
  'dates of whole seconds': fine({
    welcome: (guest) => json({ id: guest.id, now_time: wholeSeconds(guest.now()) }),
    answer: (guest) => json({ heartbeat: wholeSeconds(guest.now()) }),
  }),
  'a date in the welcome alone': fine({
    welcome: (guest) => json({ id: guest.id, now_time: new Date(guest.now()).toISOString() }),
  }),
  'a number for an id, and its fields in another order': fine({
    welcome: (guest) => json({ now_time: guest.now(), more: [guest.id], id: guest.number }),
  }),
  'an id of 1,024 characters': fine({
    welcome: (guest) => json({ ...nameOf(guest), id: guest.id.padEnd(1_024, '\u{e9}') }),
  }),
  'a name after a second': fine({ arrived: (guest) => guest.after(1_000, () => guest.welcome()) }),
  'answers with spaces': fine({ answer: (guest) => `{ "heartbeat" : ${guest.now()} }` }),
  'a clock that is years off': fine({ now: () => Date.now() - 20 * 365 * day }),
  'answers after half a second': fine({ heard: answering((guest) => guest.after(400, () => guest.answer())) }),
  'pings of its own': fine({
    arrived(guest) {
      guest.welcome();
      guest.every(200, () => guest.socket.ping());
    },
  }),
  'silent clients are told 1013': fine({
    silent(guest) {
      guest.leave(1013);
      guest.after(500, () => guest.socket.terminate());
    },
  }),
  'a message with the welcome': fine({
    arrived(guest) {
      guest.welcome();
      guest.say('hello');
      guest.say(Buffer.of(1, 2, 3));
    },
  }),
  'a message every 20 ms': fine({
    arrived(guest) {
      guest.welcome();
      guest.every(20, () => guest.say(`{"price":${guest.now()}}`));
    },
  }),
  'messages that look like a heartbeat': fine({
    arrived(guest) {
      guest.welcome();
      guest.every(100, () => guest.say('{"heartbeats":[1,2,3],"id":7}'));
    },
  }),
  'messages are not taken: 1000': fine({ heard: onMessage((guest) => guest.leave(1000)) }),
  'messages are not taken: 1008': fine({ heard: onMessage((guest) => guest.leave(1008)) }),
  'an echo of messages': fine({
    heard(guest, data, isBinary) {
      if (isHeartbeat(data, isBinary)) guest.answer();
      else guest.say(isBinary ? data : data.toString());
    },
  }),
  'three clients at most, by HTTP': fine({ admits: ({ guests }) => (guests.size >= 3 ? 503 : 101) }),
  'three clients at most, by a close code': fine({
    arrived(guest) {
      if (guest.house.guests.size > 3) guest.leave(1013);
      else guest.welcome();
    },
  }),
  'a slow line': {
    breaks: [],
    async start(options) {
      const server = await new House({ ...options }).open();
      const proxy = await faultProxy(server.port);
      proxy.delay(150);
      return {
        url: `ws://127.0.0.1:${proxy.port}/`,
        port: proxy.port,
        get size() {
          return server.size;
        },
        async close() {
          await proxy.close();
          await server.close();
        },
      };
    },
  },
};

/** They take no WebSocket, or not this one. */
export const refusals: Readonly<Record<string, Planted>> = {
  ...Object.fromEntries(
    [200, 302, 401, 404, 503].map((status) => [`HTTP ${status}`, breaking('', { admits: () => status })]),
  ),
  'never answers the upgrade': breaking('', { admits: () => 'hang' }),
  '3000 for everybody': breaking('L1', { arrived: (guest) => guest.leave(3000) }),
  'nothing but TCP': { breaks: [], start: () => over(createServer((socket) => socket.on('error', () => {}))) },
  'rubbish for an answer': {
    breaks: [],
    start: () => over(createServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.2\r\n'))),
  },
  'a plain HTTP server': { breaks: [], start: () => over(createHttpServer((_, response) => response.end('hello'))) },
};

/** They speak something else. */
export const strangers: Readonly<Record<string, Planted>> = {
  'only pings are answered': { breaks: ['W1', 'L4'], start: () => plainly(() => {}) },
  'an echo': { breaks: ['W1', 'L4'], start: () => plainly((data) => data) },
  'ping is answered with pong': {
    breaks: ['W1', 'L4'],
    start: () => plainly((data) => (data.toString() === 'ping' ? 'pong' : undefined)),
  },
  'Action Cable': {
    breaks: ['W1', 'L4'],
    start: () => plainly(() => {}, '{"type":"welcome"}'),
  },
};

/** What is done about each heartbeat, and nothing about anything else. */
function answering(act: (guest: Guest) => void): Conduct['heard'] {
  return (guest, data, isBinary) => {
    if (isHeartbeat(data, isBinary)) act(guest);
  };
}

/** What is done about messages; heartbeats are answered. */
function onMessage(act: (guest: Guest) => void): Conduct['heard'] {
  return (guest, data, isBinary) => {
    if (isHeartbeat(data, isBinary)) guest.answer();
    else act(guest);
  };
}

function idleFor(ms: number, act: (guest: Guest) => void): Conduct['arrived'] {
  return (guest) => {
    guest.welcome();
    guest.every(100, () => {
      if (performance.now() - guest.heardAt > ms) act(guest);
    });
  };
}

function wholeSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

async function plainly(reply: (data: Buffer) => string | Buffer | void, first?: string): Promise<Running> {
  const server = createHttpServer();
  new WebSocketServer({ server }).on('connection', (socket) => {
    socket.on('error', () => {});
    if (first !== undefined) socket.send(first);
    socket.on('message', (data: Buffer, isBinary) => {
      const answer = reply(data);
      if (answer !== undefined) socket.send(answer, { binary: isBinary });
    });
  });
  return over(server);
}

async function over(server: Server): Promise<Running> {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}/`,
    port,
    get size() {
      return sockets.size;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
