/**
 * What npm `ws` has beyond the standard; what is alike has some of it too, so that each is looked for by itself:
 *
 * - It is an emitter. Of every message it makes an event for `onmessage`, which costs more than reading it: its own class is listened to without.
 * - It shows pings and pongs, and can send pings. Bun's own class as well, and there they are events like others.
 * - It shows the answer to a refused upgrade.
 * - `terminate()` ends a dead line at once, where `close()` waits 30 s for an answer and holds the process up so long.
 * - What waits to be sent is compressed meanwhile, where the server agrees to it.
 * - Node hands the kernel all that waits as one request, and `bufferedAmount` counts it until its last byte has left.
 * - It takes HTTP headers and options of its own as a third argument; no other class does.
 */
import { WebSocket } from 'ws';

import { type AddressSource, source } from './asked.ts';
import { isFunction, isObject, plainObject, rule, type Rules } from './check.ts';
import type { Beyond, HeadersOption, Listener, WebSocketClass, WebSocketLike } from './web-socket.ts';

interface NodeWebSocket extends WebSocketLike {
  on?: Listens;
  off?: Listens;
  addEventListener?: Listens;
  removeEventListener?: Listens;
  ping?(): void;
  terminate?(): void;
  /** Of Node. `writelen`: the request that is under way; `writeQueueSize`: what of it has not left. */
  readonly _socket?: {
    readonly _writableState?: { readonly writelen?: number };
    readonly _handle?: { readonly writeQueueSize?: number } | null;
  } | null;
}

type Listens = <T extends keyof NodeListeners>(event: T, listener: NonNullable<NodeListeners[T]>) => void;

interface NodeListeners {
  'unexpected-response'?(request: unknown, response: UpgradeResponse): void;
  message?: ((data: ArrayBuffer | Buffer, isBinary: boolean) => void) | undefined;
  ping?(): void;
  pong?(): void;
}

interface UpgradeResponse {
  statusCode?: number;
  headers: Record<string, string | string[] | undefined>;
}

/** Undefined: nothing. */
export function nodeBeyond(socket: WebSocketLike, by: Listener): Beyond | undefined {
  const hasMore = 'ping' in socket || 'terminate' in socket || 'on' in socket;
  return hasMore ? new NodeBeyond(socket as NodeWebSocket, by) : undefined;
}

class NodeBeyond implements Beyond {
  readonly tellsMessages: boolean;
  readonly #socket: NodeWebSocket;
  readonly #by: Listener;
  readonly #message: NodeListeners['message'] = undefined;
  #listeners: NodeListeners = {};

  /** Of what comes only before it opens nothing is kept afterwards, and the other way round: an emitter's table of up to five events is half as large. */
  constructor(socket: NodeWebSocket, by: Listener) {
    this.tellsMessages = socket instanceof WebSocket;
    this.#socket = socket;
    this.#by = by;
    if (this.tellsMessages)
      this.#message = (data, isBinary) =>
        by.ears?.heard(isBinary ? (data as ArrayBuffer) : (data as Buffer).toString());
    this.#listenBy({
      message: this.#message,
      'unexpected-response': (_, { statusCode: status, headers }) =>
        by.lose({ reason: `HTTP ${status}`, status, retryAfter: retryAfterOf(headers) }),
    });
  }

  opened(): void {
    const by = this.#by;
    this.#listenBy({
      message: this.#message,
      ping: () => by.ears?.signed('ping'),
      pong: () => by.ears?.signed('pong'),
    });
  }

  get compresses(): boolean {
    return Boolean(this.#socket.extensions);
  }

  get underWay(): number {
    const { _writableState: state, _handle: handle } = this.#socket._socket ?? {};
    const { writelen = 0 } = state ?? {};
    const { writeQueueSize = writelen } = handle ?? {};
    return Math.max(0, writelen - writeQueueSize);
  }

  ping(): void {
    this.#socket.ping?.();
  }

  terminate(): boolean {
    if (!('terminate' in this.#socket)) return false;
    this.#socket.terminate?.();
    return true;
  }

  detach(): void {
    this.#listenBy({});
  }

  /** And by no others. */
  #listenBy(listeners: NodeListeners): void {
    const socket = this.#socket;
    this.#each(socket.off ?? socket.removeEventListener);
    this.#listeners = listeners;
    this.#each(socket.on ?? socket.addEventListener);
  }

  #each(listens: Listens | undefined): void {
    for (const name of Object.keys(this.#listeners) as (keyof NodeListeners)[]) {
      const listener = this.#listeners[name];
      if (listener) listens?.call(this.#socket, name, listener);
    }
  }
}

/** It sends pings, and pongs are heard. */
export function canPing({ prototype }: WebSocketClass): boolean {
  const { ping, on, addEventListener } = (prototype ?? {}) as Partial<NodeWebSocket>;
  return isFunction(ping) && (isFunction(on) || isFunction(addEventListener));
}

/** npm `ws`, or a class in its likeness. */
function isNodeClass({ prototype }: WebSocketClass): boolean {
  const { ping, on } = (prototype ?? {}) as Partial<NodeWebSocket>;
  return isFunction(ping) && isFunction(on);
}

/** Options that are for the class. */
export const upgradeRules: Rules = {
  headers: rule(
    (value) => isFunction(value) || isHeaders(value),
    'an object of strings, Headers, a Map, or pairs, with names and values that HTTP can carry; or a function that answers with them',
  ),
  wsOptions: plainObject,
};

/** RFC 9110 §5.1 and §5.5. Others would fail every dial. */
function isHeaders(given: unknown): boolean {
  return isObject(given) && !isOneShot(given) && pairsOf(given).every(isHeader);
}

/** A generator, which would be empty when it is read again. */
function isOneShot(given: object): boolean {
  const iterator: unknown = (given as Partial<Iterable<unknown>>)[Symbol.iterator]?.();
  return iterator === given;
}

function isHeader(pair: unknown): boolean {
  if (!Array.isArray(pair)) return false;
  const [name, value] = pair as unknown[];
  return (
    typeof name === 'string' &&
    /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name) &&
    typeof value === 'string' &&
    /^[\t -~\x80-\xff]*$/.test(value)
  );
}

/** By name; what is there twice is listed (RFC 9110 §5.3). */
function readHeaders(given: unknown): Given {
  const headers: Record<string, string> = Object.create(null) as never;
  for (const [name, value] of pairsOf(given as object) as [string, string][]) {
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  return headers;
}

function pairsOf(given: object): unknown[] {
  return Symbol.iterator in given ? Array.from(given as Iterable<unknown>) : Object.entries(given);
}

/** The most that one message may have, bytes. Compressed, 96 KB may unfold to a hundred million, and `ws` takes as much. */
const maxPayload = 16_777_216;

type Given = Readonly<Record<string, string>>;

/** Of all who want nothing else. */
const asUsual: AddressSource<readonly unknown[]> = { fixed: [Object.freeze({ maxPayload })] };

/**
 * What the class is given beyond the standard.
 * @throws {TypeError} where it would take no notice of it
 */
export function furtherOf(
  WebSocketClass: WebSocketClass,
  { headers, wsOptions }: { headers?: HeadersOption | undefined; wsOptions?: object | undefined },
): AddressSource<readonly unknown[]> | undefined {
  if (isNodeClass(WebSocketClass)) {
    if (headers === undefined && wsOptions === undefined) return asUsual;
    const options: { headers?: object; maxPayload: number } = { maxPayload, ...wsOptions };
    if (headers === undefined) return { fixed: [options] };
    const read = (given: unknown) => [{ ...options, headers: { ...options.headers, ...readHeaders(given) } }];
    return source('headers', headers, read, isHeaders, 'names and values that HTTP can carry');
  }
  if (headers !== undefined)
    throw new TypeError('headers: only npm ws can send any; elsewhere put a token into the URL, or into protocols');
  if (wsOptions !== undefined) throw new TypeError('wsOptions: only npm ws takes any; leave them out');
  return undefined;
}

/** Ms from now: seconds, or a date (RFC 9110 §10.2.3), which is compared with the server's own clock and never with ours. */
function retryAfterOf({ 'retry-after': stated, date }: UpgradeResponse['headers']): number | undefined {
  const after = String(stated);
  const ms = /^\d+$/.test(after) ? Number(after) * 1_000 : Date.parse(after) - Date.parse(String(date));
  return ms > 0 ? ms : undefined;
}
