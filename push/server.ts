/**
 * `systole/push/server`: the server's half of trusted push, for a server of npm `ws`.
 *
 * ```ts
 * const push = servePush(new WebSocketServer({ port: 8080 }));
 * await push.publish('news', 'hello');
 * ```
 *
 * It speaks `id-heartbeat`, as `serveHeartbeats` does, with one more field in the welcome; every other message is the app's, as before.
 */
import { callable, check, having, isObject, rule, type Rules, size } from '../adapters/check.ts';
import { type Clock, systemClock } from '../adapters/clock.ts';
import {
  type HeartbeatServer,
  type HeartbeatServerOptions,
  heartbeatRules,
  isHeartbeat,
  serveHeartbeats,
  type ServerSocket,
  type SocketServer,
} from '../adapters/server.ts';
import { longestTimer } from '../machines/backoff.ts';
import { marked, markerCode, unmarked } from './frames.ts';
import type { Guest } from './guest.ts';
import { Hub, type HubOptions } from './hub.ts';
import type { Log } from './log.ts';
import { memoryLog } from './memory.ts';
import type { Outlet } from './peer.ts';
import { longestMessage, type Publisher, publisher } from './publisher.ts';
import { checkTopic } from './topic-name.ts';

/** With what a client came: Node's `IncomingMessage`, as far as it is of use. By shape, so that nobody needs its types. */
export interface UpgradeRequest {
  readonly url?: string | undefined;
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined };
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/** What an app knows of a client. */
export interface Session {
  /** Epoch ms from which on it is not believed any more: the client is closed with 4001, and dials again, with a fresh token. Default: never. */
  readonly expires?: number | undefined;
}

export interface PushServerOptions<S> extends Omit<HeartbeatServerOptions, 'fields'> {
  /** Where topics are kept. Default: `memoryLog()`, in this process alone. */
  log?: Log | undefined;
  /**
   * Who a client is, from the request with which it came; it is asked before the client is welcomed. Undefined, null or false: the client is closed with 3000,
   * and does not dial again. Where it throws, gives what is no object, or takes longer than 5 s, with 1011, `console.warn` says why, and the client dials again. Default: everybody is `{}`.
   */
  // As a method: a function that takes an `IncomingMessage` is one, too.
  authenticate?(request: UpgradeRequest): S | undefined | Promise<S | undefined>;
  /**
   * Asked at every subscription of every line: true, false, or `{ history: false }`, for what comes from now on. Where it throws, the client is closed with
   * 1011, `console.warn` says why, and the client dials again. Default: everybody may hear everything.
   */
  authorize?: HubOptions<S>['authorize'];
  /** Hears what a client sends that is neither a heartbeat nor of ours: a text, or a Buffer. */
  message?: ((data: string | Uint8Array, client: PushClient<S>) => void) | undefined;
  /** How many topics one client may hear. Default 100. */
  maxTopics?: number | undefined;
  /** The longest message that can be published, in bytes. Default 65,536. */
  maxMessage?: number | undefined;
  /** Bytes that may wait for a client that does not read; what follows is read from the log when it does. Default 262,144. */
  maxUnsent?: number | undefined;
}

/** A client that is there. */
export interface PushClient<S> {
  readonly session: S;
  /** To this client alone, and only on this line: what has to arrive is published. False: it is not there any more. */
  send(data: string | Uint8Array): boolean;
  /** @param code 1000 or 3000–4999, and others that a server may send */
  close(code: number, reason?: string): void;
}

export interface PushServer<S> extends Publisher {
  /** Clients that are there. */
  readonly clients: ReadonlySet<PushClient<S>>;
  /** Clients that hear the topic and are meant hear it no more, and are told so. Answers how many there were. */
  revoke(topic: string, which?: (session: S) => boolean): number;
  /**
   * Tells every client to go elsewhere (1001), and serves nobody any more. Clients dial again, here or where they are sent, and go on where they were. The
   * server itself stays, and so does a log that was given.
   */
  close(): Promise<void>;
}

/** A socket of npm `ws`, as far as it is used. */
export interface PushSocket extends ServerSocket {
  send(data: string | Uint8Array, written?: () => void): void;
  send(data: Uint8Array, options: { binary: boolean }, written?: () => void): void;
  close(code: number, reason?: string): void;
  pause(): void;
  resume(): void;
}

/** How long `authenticate` may take, ms: as long as clients wait for their name. */
const mostAsking = 5_000;
/** RFC 6455 §7.4.1: clients dial again. */
const goingAway = 1001;
/** Unauthorized (IANA, WebSocket Close Code Number Registry): clients do not dial again. */
const unauthorized = 3000;
/** Of ours: the session is over, and a new dial begins another one. */
const expired = 4001;

/**
 * Serves every client that connects from now on.
 * @throws {TypeError | RangeError} naming the option at fault
 */
export function servePush<S extends object = Session>(
  server: SocketServer<PushSocket>,
  options: PushServerOptions<S> = {},
): PushServer<S> {
  check(options, rules);
  return new Pusher(server, options);
}

class Pusher<S extends object> implements PushServer<S> {
  readonly #options: PushServerOptions<S>;
  readonly #log: Log;
  readonly #hub: Hub<S>;
  readonly #publisher: Publisher;
  readonly #heartbeats: HeartbeatServer<PushSocket>;
  readonly #door: Door;
  readonly #clients = new Set<Client<S>>();
  readonly #leave: () => void;
  #isClosed = false;

  constructor(server: SocketServer<PushSocket>, options: PushServerOptions<S>) {
    const {
      log,
      authorize,
      maxTopics,
      maxMessage = longestMessage,
      maxUnsent,
      silence,
      maxBuffered,
      nextId,
      now,
    } = options;
    this.#options = options;
    this.#log = log ?? memoryLog();
    this.#hub = new Hub<S>({ log: this.#log, authorize, topics: maxTopics, unsent: maxUnsent, clock: idleClock });
    this.#publisher = publisher(this.#log, maxMessage);
    this.#door = new Door(server);
    this.#heartbeats = serveHeartbeats(this.#door, { silence, maxBuffered, nextId, now, fields: { push: 1 } });
    const come = (socket: PushSocket, request: UpgradeRequest) => void this.#come(socket, request);
    server.on('connection', come);
    this.#leave = () => server.off('connection', come);
  }

  get clients(): ReadonlySet<PushClient<S>> {
    return this.#clients;
  }

  publish: Publisher['publish'] = (...given) => this.#publisher.publish(...given);
  position: Publisher['position'] = (topic) => this.#publisher.position(topic);

  revoke(topic: string, which: (session: S) => boolean = () => true): number {
    checkTopic(topic);
    return this.#hub.revoke(topic, which);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#leave();
    for (const client of this.#clients) client.close(goingAway, 'going away');
    this.#hub.close();
    this.#heartbeats.stop();
    if (this.#options.log === undefined) await this.#log.close();
  }

  async #come(socket: PushSocket, request: UpgradeRequest): Promise<void> {
    // Also once nobody else listens: who breaks the protocol stops no server.
    socket.on('error', ignore);
    let session: S | undefined;
    if (this.#options.authenticate === undefined) {
      session = {} as S;
    } else {
      // What it says meanwhile waits in its socket.
      socket.pause();
      try {
        session = sessionIn(await within(mostAsking, this.#options.authenticate(request)));
      } catch (error) {
        console.warn('systole/push/server: a client is closed with 1011:', error);
        return this.#turnAway(socket, 1011, '');
      }
      socket.resume();
      if (session === undefined) return this.#turnAway(socket, unauthorized, 'unauthorized');
    }
    // Meanwhile.
    if (this.#isClosed) return this.#turnAway(socket, goingAway, 'going away');
    return this.#welcome(socket, session);
  }

  #turnAway(socket: PushSocket, code: number, reason: string): void {
    socket.resume();
    socket.close(code, reason);
  }

  #welcome(socket: PushSocket, session: S): void {
    // It has left while it was found out who it is.
    if (socket.readyState !== OPEN) return;
    this.#door.open(socket);
    // It could not be named, and was sent away.
    if (socket.readyState !== OPEN) return;
    const client: Client<S> = new Client(socket, session, this.#hub, this.#options.message);
    this.#clients.add(client);
    socket.on('close', () => {
      client.left();
      this.#clients.delete(client);
    });
  }
}

const OPEN = 1;
const ignore = () => {};

class Client<S extends object> implements PushClient<S> {
  readonly session: S;
  readonly #socket: PushSocket;
  readonly #guest: Guest<S>;
  #expiry: unknown;

  constructor(socket: PushSocket, session: S, hub: Hub<S>, message: PushServerOptions<S>['message']) {
    this.session = session;
    this.#socket = socket;
    this.#guest = hub.join(new SocketOutlet(socket), session);
    socket.on('message', (data: Uint8Array, isBinary: boolean) => {
      const isOurs = !isBinary && data[0] === markerCode;
      if (isOurs && data[1] !== markerCode) return this.#guest.received(String(data));
      if (message === undefined || (!isBinary && isHeartbeat(data))) return undefined;
      return message(isBinary ? data : textOf(data, isOurs), this);
    });
    this.#awaitExpiry();
  }

  send(data: string | Uint8Array): boolean {
    if (this.#socket.readyState !== OPEN) return false;
    this.#socket.send(typeof data === 'string' ? marked(data) : data);
    return true;
  }

  close(code: number, reason = ''): void {
    this.#socket.close(code, reason);
  }

  left(): void {
    idleClock.clearTimeout(this.#expiry);
    this.#guest.left();
  }

  #awaitExpiry(): void {
    const { expires } = this.session as Session;
    if (expires === undefined || expires === Infinity) return;
    const left = expires - Date.now();
    // What is no number is over.
    if (!(left > 0)) return this.close(expired, 'expired');
    this.#expiry = idleClock.setTimeout(() => this.#awaitExpiry(), Math.min(left, longestTimer));
  }
}

function textOf(data: Uint8Array, isMarked: boolean): string {
  const text = String(data);
  return isMarked ? (unmarked(text) ?? text) : text;
}

/** No object with closures of its own for each client: a message to a thousand listeners walks over them all, which cost it 8 % more. */
class SocketOutlet implements Outlet {
  readonly #socket: PushSocket;

  constructor(socket: PushSocket) {
    this.#socket = socket;
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  /** The hot path. */
  send(frame: Uint8Array, isBinary: boolean, left?: () => void): void {
    if (this.#socket.readyState === OPEN) this.#socket.send(frame, isBinary ? asBinary : asText, left);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }
}

const asText = { binary: false };
const asBinary = { binary: true };

/** None of its timers holds the process. */
const idleClock: Clock = {
  ...systemClock,
  setTimeout: (callback, ms) => setTimeout(callback, ms).unref(),
};

/** The clients of a server as those see it who come after who they are is known. */
class Door implements SocketServer<PushSocket> {
  readonly #server: SocketServer<PushSocket>;
  readonly #waiting = new Set<(socket: PushSocket) => void>();

  constructor(server: SocketServer<PushSocket>) {
    this.#server = server;
  }

  get clients(): Set<PushSocket> {
    return this.#server.clients;
  }

  on(event: string, listener: (...args: never[]) => void): void {
    if (event === 'connection') this.#waiting.add(listener as never);
    else this.#server.on(event, listener);
  }

  off(event: string, listener: (...args: never[]) => void): void {
    if (event === 'connection') this.#waiting.delete(listener as never);
    else this.#server.off(event, listener);
  }

  open(socket: PushSocket): void {
    for (const listener of this.#waiting) listener(socket);
  }
}

/** Undefined for nobody, however that is said. @throws {TypeError} for what may be meant as a yes, and says not who it is */
function sessionIn<S>(answer: S | undefined): S | undefined {
  if (isObject(answer)) return answer;
  if (answer === undefined || answer === null || (answer as unknown) === false) return undefined;
  throw new TypeError('authenticate() must give an object, or undefined');
}

async function within<V>(ms: number, work: V | Promise<V>): Promise<V> {
  let timer: unknown;
  const late = new Promise<never>((_, reject) => {
    timer = idleClock.setTimeout(() => reject(new Error(`authenticate() has taken longer than ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    idleClock.clearTimeout(timer);
  }
}

const positive = rule((value) => Number.isInteger(value) && (value as number) > 0, 'a whole number from 1');

const { fields: _, ...itsHeart } = heartbeatRules;
const rules: Rules = {
  ...itsHeart,
  log: having(['append', 'head', 'read', 'follow', 'onReset', 'close'], 'a log, such as memoryLog()'),
  authenticate: callable,
  authorize: callable,
  message: callable,
  maxTopics: positive,
  maxMessage: size,
  maxUnsent: size,
};
