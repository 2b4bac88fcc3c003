/**
 * `systole/server`: the server's half of `id-heartbeat`, for a server of npm `ws`.
 *
 * ```ts
 * const server = new WebSocketServer({ port: 8080 });
 * serveHeartbeats(server);
 * ```
 *
 * Each client is told its `id` and the server's clock as soon as it connects, each `heartbeat` is answered with the clock. Clients from whom
 * nothing came for too long are cut off, and those that ask without reading the answers. Everything else of the server stays as it is; its own
 * `message` listeners hear the heartbeats too, and can tell them with {@link isHeartbeat}.
 */
import { randomUUID } from 'node:crypto';

import { Backlog } from './backlog.ts';
import { age, callable, check, isNumber, plainObject, rule, type Rule, type Rules, size } from './check.ts';

export interface HeartbeatServerOptions {
  /**
   * Ms after which a client from whom nothing came is cut off: at least the clients' `heartbeat.interval + heartbeat.timeout`, or healthy ones
   * are lost. Infinity: never. Default 150,000, twice the 70 s of the clients' defaults and a little more.
   */
  silence?: number | undefined;
  /**
   * Bytes of answers, to heartbeats and pings, that may wait for a client that does not read them, though what it sends shows life: with more it is
   * cut off. What the app sends does not count, and is not limited. Infinity: never. Default 16,384, some 500 answers.
   */
  maxBuffered?: number | undefined;
  /**
   * Names a new client: up to 1,024 characters, and none that a client has who is there. Default `crypto.randomUUID`. Where it throws, or gives
   * something else, that client is closed with 1011 and `console.warn` says why; nobody else notices.
   */
  nextId?: (() => string) | undefined;
  /** The server's clock, epoch ms. Default `Date.now`. Where it throws, or gives something else, the same happens. */
  now?: (() => number) | undefined;
  /** Further fields of each first message, which clients pass over that do not know them. Default none. */
  fields?: Readonly<Record<string, unknown>> | undefined;
}

/** What is used of a socket of npm `ws`. By shape, so that nobody needs its types. */
export interface ServerSocket extends Emits {
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(data: string | Uint8Array, written?: () => void): void;
  close(code: number): void;
  terminate(): void;
}

/** What is used of a `WebSocketServer` of npm `ws`. */
export interface SocketServer<S extends ServerSocket> extends Emits {
  readonly clients: Set<S>;
}

interface Emits {
  on(event: string, listener: (...args: never[]) => void): unknown;
  off(event: string, listener: (...args: never[]) => void): unknown;
}

/** What `serveHeartbeats()` answers with. */
export interface HeartbeatServer<S extends ServerSocket = ServerSocket> {
  /** The clients by their ids. */
  readonly clients: ReadonlyMap<string, S>;
  /** Stops naming, answering and cutting off. The connections stay open. */
  stop(): void;
}

interface ServedClient {
  /** When anything came from it at last, monotonic ms. Whether it reads is another matter: its backlog. */
  heardAt: number;
  stop(): void;
}

/**
 * Speaks `id-heartbeat` to every client that connects from now on.
 * @throws {TypeError | RangeError} naming the option at fault
 */
export function serveHeartbeats<S extends ServerSocket>(
  server: SocketServer<S>,
  options: HeartbeatServerOptions = {},
): HeartbeatServer<S> {
  check(options, heartbeatRules);
  const { silence = 150_000, maxBuffered = 16_384, nextId = randomUUID, now = Date.now, fields } = options;
  const clients = new Map<S, ServedClient>();
  const ids = new Map<string, S>();

  const welcome = (socket: S): void => {
    // `connection` was emitted late, as after an authorization that took its time: no `close` will follow.
    if (socket.readyState === CLOSED) return;
    const name = unlessFailed(socket, () => ({ ...fields, id: nameFrom(nextId, ids), now_time: timeFrom(now) }));
    if (name === undefined) return;
    const backlog = new Backlog(socket, maxBuffered);
    const stop = listen(socket, {
      message: (data, isBinary) => {
        client.heardAt = performance.now();
        if (isBinary || !isHeartbeat(data) || socket.readyState !== OPEN) return;
        const answer = unlessFailed(socket, () => ({ heartbeat: timeFrom(now) }));
        if (answer !== undefined) backlog.answer(JSON.stringify(answer));
      },
      ping: (payload: Uint8Array) => {
        client.heardAt = performance.now();
        backlog.ponged(payload);
      },
      pong: () => (client.heardAt = performance.now()),
      close: () => {
        clients.delete(socket);
        ids.delete(name.id);
      },
      error: ignore,
    });
    const client: ServedClient = { heardAt: performance.now(), stop };
    clients.set(socket, client);
    ids.set(name.id, socket);
    if (socket.readyState === OPEN) socket.send(JSON.stringify(name));
  };

  const sweep = (): void => {
    for (const [socket, { heardAt }] of clients) {
      if (performance.now() - heardAt > silence) socket.terminate();
    }
  };
  // A late timer is not believed: what lies readable is read before anyone is judged.
  const timer = Number.isFinite(silence)
    ? setInterval(() => setImmediate(sweep), Math.min(Math.max(silence / 4, 10), 60_000)).unref()
    : undefined;

  const stopListening = listen(server, { connection: welcome, close: () => clearInterval(timer) });
  return {
    clients: ids,
    stop() {
      clearInterval(timer);
      stopListening();
      for (const client of clients.values()) client.stop();
      clients.clear();
      ids.clear();
    },
  };
}

/** True for the message that asks for a sign of life, as a `message` listener of npm `ws` hears it. */
export function isHeartbeat(data: unknown): boolean {
  // Also a Buffer of another realm, as in Jest.
  const length = ArrayBuffer.isView(data) ? data.byteLength : typeof data === 'string' ? data.length : 0;
  return length === heartbeat.length && String(data) === heartbeat;
}

const heartbeat = 'heartbeat';

const OPEN = 1;
const CLOSED = 3;

/** A client that breaks the protocol or its connection: `close` follows, and nobody else's server stops. */
const ignore = (): void => {};

/** Undefined: a function of the app's has failed. Its developers are told, the client is sent away, and nobody else notices. */
function unlessFailed<V>(socket: ServerSocket, work: () => V): V | undefined {
  try {
    return work();
  } catch (error) {
    console.warn('systole/server: a client is closed with 1011:', error);
    socket.on('error', ignore);
    socket.close(1011);
    return undefined;
  }
}

function nameFrom(nextId: () => string, taken: ReadonlyMap<string, unknown>): string {
  const id = sound('nextId', nextId(), soundName);
  if (taken.has(id)) throw new Error('nextId() has given a name that a client has who is there: each needs its own');
  return id;
}

function timeFrom(now: () => number): number {
  return sound('now', now(), soundTime);
}

function sound<V>(option: string, value: V, takes: Rule): V {
  const wanted = takes(value);
  if (wanted === undefined) return value;
  // A promise, which nobody is going to wait for.
  Promise.resolve(value).catch(ignore);
  throw new TypeError(`${option}() must give ${wanted}`);
}

function listen(emitter: Emits, listeners: Record<string, (...args: never[]) => unknown>): () => void {
  const entries = Object.entries(listeners) as [string, (...args: never[]) => void][];
  for (const [event, listener] of entries) emitter.on(event, listener);
  return () => {
    for (const [event, listener] of entries) emitter.off(event, listener);
  };
}

/** As the clients of `id-heartbeat` take it. */
const longestId = 1_024;
/** Farthest from 1970, ms (ECMA-262 §21.4.1.1). */
const lastDate = 8.64e15;

const soundName = rule(
  (value) => typeof value === 'string' && value !== '' && value.length <= longestId,
  `a text of 1 to ${longestId} characters`,
);
const soundTime = rule(
  (value) => isNumber(value) && Math.abs(value) <= lastDate,
  'a number of milliseconds since 1970',
);

/** @internal */
export const heartbeatRules: Rules = {
  silence: age,
  maxBuffered: size,
  nextId: callable,
  now: callable,
  fields: plainObject,
};
