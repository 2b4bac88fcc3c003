/**
 * Node's own class cannot be cut off: after `close()` on a dead line it keeps its TCP socket, and the process, for minutes. That socket is found by what
 * undici tells (https://github.com/nodejs/undici/blob/main/docs/docs/api/DiagnosticsChannel.md): every one that was connected, and of a WebSocket that has
 * opened, the port it came from: Node 24 just after it dispatches `open`, Node 20 and 22 just before, and without saying which one it is.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import type { Beyond, WebSocketLike } from './web-socket.ts';

interface TcpSocket {
  readonly localPort?: number;
  destroy(): void;
}

const isConnected = 'undici:client:connected';
const isOpen = 'undici:websocket:open';

/** As it was before an app put another in its place. */
const Own = globalThis.WebSocket as (new (...args: never[]) => EventTarget) | undefined;

/** Undefined: it is another class. */
export function undiciBeyond(socket: WebSocketLike): Beyond | undefined {
  return Own !== undefined && socket instanceof Own ? new UndiciBeyond(socket) : undefined;
}

class UndiciBeyond implements Beyond {
  readonly tellsMessages = false;
  readonly compresses = false;
  readonly underWay = 0;
  readonly #socket: WebSocketLike & EventTarget;
  #candidates: TcpSocket[] = [];
  /** Of the last one that has opened. */
  #port: number | undefined;
  #tcp: TcpSocket | undefined;

  constructor(socket: WebSocketLike & EventTarget) {
    this.#socket = socket;
    subscribe(isConnected, this.#connected);
    subscribe(isOpen, this.#opening);
    socket.addEventListener('open', this.#opened);
  }

  readonly #connected = (message: unknown): void => {
    this.#candidates.push((message as { socket: TcpSocket }).socket);
  };

  readonly #opening = (message: unknown): void => {
    const { address, websocket } = message as { address?: { port?: number }; websocket?: unknown };
    if (websocket !== undefined && websocket !== this.#socket) return;
    this.#port = address?.port;
    if (websocket !== undefined) this.#opened();
  };

  readonly #opened = (): void => {
    if (this.#port === undefined) return;
    this.#tcp = this.#candidates.find(({ localPort }) => localPort === this.#port);
    this.detach();
  };

  ping(): void {}

  terminate(): boolean {
    this.#tcp?.destroy();
    return this.#tcp !== undefined;
  }

  /** From `open` on there is nothing to be heard. */
  detach(): void {
    unsubscribe(isConnected, this.#connected);
    unsubscribe(isOpen, this.#opening);
    this.#socket.removeEventListener('open', this.#opened);
    this.#candidates = [];
  }
}
