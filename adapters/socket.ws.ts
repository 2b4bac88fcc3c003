/**
 * What npm `ws` has beyond the standard; what is alike has some of it too:
 *
 * - It is an emitter. Of every message it makes an event for `onmessage`, which costs more than reading it: its own class is listened to without.
 * - It shows pings and pongs, and can send pings.
 * - It shows the answer to a refused upgrade.
 * - `terminate()` ends a dead line at once, where `close()` waits 30 s for an answer and holds the process up so long.
 * - It sends HTTP headers with the upgrade.
 */
import { WebSocket } from 'ws';

import { isObject, rule } from './check.ts';
import type { Beyond, Headers, Listener, WebSocketClass, WebSocketLike } from './web-socket.ts';

interface NodeWebSocket extends WebSocketLike {
  on<T extends keyof NodeListeners>(event: T, listener: NodeListeners[T]): void;
  off?<T extends keyof NodeListeners>(event: T, listener: NodeListeners[T]): void;
  ping(): void;
  terminate(): void;
}

interface NodeListeners {
  message?(data: ArrayBuffer | Buffer, isBinary: boolean): void;
  ping(): void;
  pong(): void;
  'unexpected-response'(request: unknown, response: UpgradeResponse): void;
}

interface UpgradeResponse {
  statusCode?: number;
  headers: Record<string, string | string[] | undefined>;
}

/** Undefined: nothing. */
export function beyond(socket: WebSocketLike, by: Listener): Beyond | undefined {
  return isNodeWebSocket(socket) ? new NodeBeyond(socket, by) : undefined;
}

class NodeBeyond implements Beyond {
  readonly tellsMessages: boolean;
  readonly #socket: NodeWebSocket;
  readonly #listeners: NodeListeners;

  constructor(socket: NodeWebSocket, by: Listener) {
    this.tellsMessages = socket instanceof WebSocket;
    this.#socket = socket;
    this.#listeners = {
      ...(this.tellsMessages && {
        message: (data: ArrayBuffer | Buffer, isBinary: boolean) =>
          by.ears?.heard(isBinary ? (data as ArrayBuffer) : (data as Buffer).toString()),
      }),
      ping: () => by.ears?.signed('ping'),
      pong: () => by.ears?.signed('pong'),
      'unexpected-response': (_, { statusCode: status, headers }) =>
        by.lose({ reason: `HTTP ${status}`, status, retryAfter: retryAfterOf(headers) }),
    };
    for (const name of namesOf(this.#listeners)) socket.on(name, this.#listeners[name]);
  }

  ping(): void {
    this.#socket.ping();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  detach(): void {
    for (const name of namesOf(this.#listeners)) this.#socket.off?.(name, this.#listeners[name]);
  }
}

function namesOf(listeners: NodeListeners): (keyof NodeListeners)[] {
  return Object.keys(listeners) as never;
}

export function canPing(WebSocketClass: WebSocketClass): boolean {
  return typeof WebSocketClass.prototype?.ping === 'function';
}

/** RFC 9110 §5.1 and §5.5. One that HTTP cannot carry would fail every dial. */
export const headersRule = rule(
  (value) => isObject(value) && Object.entries(value).every(isHeader),
  'an object of strings, with names and values that HTTP can carry',
);

function isHeader([name, value]: [string, unknown]): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name) && typeof value === 'string' && /^[\t -~\x80-\xff]*$/.test(value);
}

/** What the class is given beyond the standard. @throws {TypeError} where it would take no notice of it */
export function upgradeOptions(WebSocketClass: WebSocketClass, headers: Headers): readonly unknown[] {
  if (canPing(WebSocketClass)) return [{ headers }];
  throw new TypeError('headers: only npm ws can send any; elsewhere put a token into the URL, or into protocols');
}

function isNodeWebSocket(socket: WebSocketLike): socket is NodeWebSocket {
  return 'terminate' in socket && 'ping' in socket;
}

/** Ms from now: seconds, or a date (RFC 9110 §10.2.3), which is compared with the server's own clock and never with ours. */
function retryAfterOf({ 'retry-after': stated, date }: UpgradeResponse['headers']): number | undefined {
  const after = String(stated);
  const ms = /^\d+$/.test(after) ? Number(after) * 1_000 : Date.parse(after) - Date.parse(String(date));
  return ms > 0 ? ms : undefined;
}
