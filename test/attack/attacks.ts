/**
 * What a stranger can do to a server without being let in, or being let in as anybody is: ask without reading, begin without ending, come in crowds.
 */
import type { Socket } from 'node:net';

import { dialled, flood, foreign, frame, gush, opcodes, upgraded, upgradeRequest } from '../helpers/raw-client.ts';

export interface Target {
  readonly port: number;
  /** Of its WebSocket. */
  readonly path: string;
  /** How many may come there at once, so that others still may. */
  readonly room: number;
}

/**
 * Goes on until the signal, which ends its connections.
 * @param said called when each of them has had its say for once, or was cut off
 */
export type Attack = (target: Target, signal: AbortSignal, said: () => void) => Promise<void>;

const { text, continuation, ping } = opcodes;
const pong = 0xa;
const endless = Number.MAX_SAFE_INTEGER;
const crowd = 100;

const requests = Buffer.from('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(1_000));
const heartbeats = frame(text, 'heartbeat');

/** As much, by those who read the answers: what a server takes at work, and its garbage, is no growth. */
export const busyness: Readonly<Record<'http' | 'webSocket', Attack>> = {
  http: byMany(8, async (socket) => void (await flood(socket.resume(), requests, endless))),
  webSocket: byMany(8, async (socket) => void (await flood(socket.resume(), gush(heartbeats), endless)), true),
};

export const onHttp: Readonly<Record<string, Attack>> = {
  'requests, unread': byMany(4, async (socket) => {
    await flood(socket, requests, 4_000_000);
  }),
  'requests, never finished': byMany(crowd, async (socket, signal, said) => {
    socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'x'.repeat(12_000)}`);
    said();
    await ended(signal);
  }),
  'a body without end': byMany(4, async (socket) => {
    socket.write('POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n');
    await flood(socket, Buffer.alloc(65_536), 2 ** 25);
  }),
  // A server that looks at no Host does not refuse them: that of an app.
  'refused upgrades, one after the other': byMany(8, async (socket, _, said) => {
    socket.write(upgradeRequest(foreign));
    said();
    await new Promise((resolve) => socket.on('close', resolve).resume());
  }),
  'refused upgrades, that go on': byMany(8, async (socket) => {
    socket.write(upgradeRequest(foreign));
    await flood(socket, Buffer.alloc(65_536), 2 ** 22);
  }),
  'refused upgrades, that stay': byMany(crowd, async (socket, signal, said) => {
    socket.write(upgradeRequest(foreign));
    said();
    await ended(signal);
  }),
  'connections that say nothing': byMany(crowd, async (_, signal, said) => {
    said();
    await ended(signal);
  }),
};

// What the system takes of answers that nobody reads, 4 MB and more of each connection, comes before what the server keeps.
export const ofHeartbeats: Readonly<Record<string, Attack>> = {
  'heartbeats, unread': flooding(1, heartbeats, 20_000_000),
  'heartbeats in pieces, unread': flooding(
    1,
    Buffer.concat([frame(text, 'heart', false), frame(continuation, 'beat')]),
    16_000_000,
  ),
  'heartbeats, unread, of many': flooding(6, heartbeats, 4_000_000),
};

const asking = (kind: 's' | 'u', names: readonly string[]) => frame(text, `~${kind} ${JSON.stringify(names)}`);
let named = 0;
/** Names that nobody has heard of. */
const newNames = (count: number) => Array.from({ length: count }, () => `t${(named += 1)}`);

export const ofTopics: Readonly<Record<string, Attack>> = {
  'subscriptions, on and on, unread': flooding(4, asking('s', ['news']), 4_000_000),
  'topics that are left again, unread': flooding(
    4,
    Buffer.concat([asking('s', newNames(100)), asking('u', ['a', 'b'])]),
    4_000_000,
  ),
  'thousands of topics in each frame, unread': flooding(4, asking('s', newNames(1_500)), 4_000_000),
  'frames that are too long': flooding(4, asking('s', newNames(5_000)), 4_000_000),
  'topics that nobody has heard of, by ever new clients': byMany(
    8,
    async (socket) => {
      socket.write(Buffer.concat(Array.from({ length: 20 }, () => asking('s', newNames(100)))));
      socket.write(frame(text, 'heartbeat'));
      await new Promise((resolve) => socket.once('data', resolve).once('close', resolve).resume());
    },
    true,
  ),
  'listeners that do not read': byMany(
    crowd,
    async (socket, signal, said) => {
      socket.write(asking('s', ['news']));
      said();
      await ended(signal);
    },
    true,
  ),
};

export const ofInspections: Readonly<Record<string, Attack>> = {
  'inspections, unread': flooding(2, frame(text, '{"type":"xstate.inspecting"}'), 1_000_000),
};

export const ofOrders: Readonly<Record<string, Attack>> = {
  'orders, unread': flooding(
    2,
    Buffer.concat(['mute', 'unmute'].map((order) => frame(text, `{"do":"${order}"}`))),
    2_000_000,
  ),
};

export const onWebSockets: Readonly<Record<string, Attack>> = {
  'pings, unread': flooding(4, frame(ping, 'x'.repeat(125)), 8_000_000),
  'messages that are too long': flooding(4, frame(text, 'x'.repeat(2 ** 22)), 2 ** 22),
  'messages, never finished': byMany(
    crowd,
    async (socket, signal, said) => {
      socket.write(frame(text, 'x'.repeat(60_000)).subarray(0, 59_000));
      said();
      await ended(signal);
    },
    true,
  ),
  // What a piece was read with is kept as long as the piece.
  'messages in pieces, with much between them': byMany(
    20,
    async (socket, signal, said) => {
      const piece = (opcode: number) => Buffer.concat([frame(opcode, 'x', false), gush(frame(pong, 'x'.repeat(125)))]);
      socket.write(piece(text));
      await flood(socket, piece(continuation), 2 ** 25);
      said();
      await ended(signal);
    },
    true,
  ),
  'connections, one after the other': byMany(8, async (socket) => void socket.destroy(), true),
};

/** @param bytes that each of them says, unless it is cut off */
function flooding(count: number, message: Buffer, bytes: number): Attack {
  return byMany(count, async (socket) => void (await flood(socket, gush(message), bytes)), true);
}

/** So many at once; each begins anew when it is cut off, or done. Those that stay have their say as they begin. */
function byMany(
  count: number,
  act: (socket: Socket, signal: AbortSignal, said: () => void) => Promise<void>,
  isUpgraded = false,
): Attack {
  return async ({ port, path, room }, signal, said) => {
    const crew = isUpgraded ? Math.min(count, room) : count;
    const silent = new Set(Array.from({ length: crew }, (_, i) => i));
    const one = async (i: number) => {
      const hasSaid = () => {
        silent.delete(i);
        if (silent.size === 0) said();
      };
      while (!signal.aborted) {
        try {
          const socket = isUpgraded ? await upgraded(port, { path, signal }) : await dialled(port, { signal });
          await act(socket, signal, hasSaid);
          socket.destroy();
        } catch {
          // Refused, cut off, or over.
        }
        hasSaid();
      }
    };
    await Promise.all(Array.from({ length: crew }, (_, i) => one(i)));
  };
}

function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
