/**
 * `systole/server`: the server's half of `id-heartbeat`, for a server of npm `ws`.
 *
 * ```ts
 * const server = new WebSocketServer({ port: 8080 });
 * serveHeartbeats(server);
 * ```
 *
 * Each client is told its `id` and the server's clock as soon as it connects, each `heartbeat` is answered with the clock, and clients from
 * whom nothing came for too long are cut off. Everything else of the server stays as it is; its own `message` listeners hear the heartbeats
 * too, and can tell them with {@link isHeartbeat}.
 */
import { randomUUID } from 'node:crypto';

import { age, callable, check, type Rules } from './check.ts';

export interface HeartbeatServerOptions {
  /**
   * Ms after which a client from whom nothing came is cut off: at least the clients' `heartbeat.interval + heartbeat.timeout`, or healthy ones
   * are lost. Infinity: never. Default 150,000, twice the 70 s of the clients' defaults and a little more.
   */
  silence?: number | undefined;
  /** Names a new client; different for each. Default `crypto.randomUUID`. */
  nextId?: (() => string) | undefined;
  /** The server's clock, epoch ms. Default `Date.now`. */
  now?: (() => number) | undefined;
}

/** What is used of a socket of npm `ws`. By shape, so that nobody needs its types. */
export interface ServerSocket extends Emits {
  readonly readyState: number;
  send(data: string): void;
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
  id: string;
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
  check(options, rules);
  const { silence = 150_000, nextId = randomUUID, now = Date.now } = options;
  const clients = new Map<S, ServedClient>();
  const ids = new Map<string, S>();

  const welcome = (socket: S): void => {
    const id = nextId();
    const stop = listen(socket, {
      message: (data, isBinary) => {
        client.heardAt = performance.now();
        if (!isBinary && isHeartbeat(data)) tell(socket, { heartbeat: now() });
      },
      ping: () => (client.heardAt = performance.now()),
      pong: () => (client.heardAt = performance.now()),
      close: () => {
        clients.delete(socket);
        ids.delete(id);
      },
      // A client that breaks the protocol or its connection: `close` follows, and nobody else's server stops.
      error: () => {},
    });
    const client: ServedClient = { id, heardAt: performance.now(), stop };
    clients.set(socket, client);
    ids.set(id, socket);
    tell(socket, { id, now_time: now() });
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
  const length = data instanceof Uint8Array || typeof data === 'string' ? data.length : 0;
  return length === heartbeat.length && String(data) === heartbeat;
}

const heartbeat = 'heartbeat';

const OPEN = 1;

function tell(socket: ServerSocket, message: object): void {
  if (socket.readyState === OPEN) socket.send(JSON.stringify(message));
}

function listen(emitter: Emits, listeners: Record<string, (...args: never[]) => unknown>): () => void {
  const entries = Object.entries(listeners) as [string, (...args: never[]) => void][];
  for (const [event, listener] of entries) emitter.on(event, listener);
  return () => {
    for (const [event, listener] of entries) emitter.off(event, listener);
  };
}

const rules: Rules = {
  silence: age,
  nextId: callable,
  now: callable,
};
