/**
 * One WebSocket, whoever made its class. Nothing else touches one; what implementations do differently stands here, and what npm `ws` has beyond the
 * standard in socket.ws.ts, and how Node's own class is cut off in socket.undici.ts, which no page carries:
 *
 * - A dial that fails fires only `error` in Node 20 and 22 (nodejs/undici#3546), `error` and `close` elsewhere: the first is the end, once.
 * - A failure after `open` (a broken frame, bad UTF-8) is `error`, then `close` with 1006: in `ws` up to 30 s later, when the peer has answered. The first is
 *   the end. A reset or a plain end is `close` alone.
 * - `close()` on a dead line fires `close` after 60 s in Chromium, 30 s in `ws`, never in Node 20: nobody waits for it, the handlers are detached.
 * - `bufferedAmount` counts framing in `ws`, and not in pages: what a message adds to it is measured rather than computed.
 * - `ws` throws an uncaught error when closed while connecting, unless an `error` listener stays attached: one that does nothing stays.
 * - A line that breaks is `close` with 0 in Deno, where the standard says 1006.
 * - A socket whose peer has begun to close is no longer OPEN and discards what it is given: nothing is given to it.
 */
import { beyond } from '#platform';

import type { CloseInfo } from '../machines/events.ts';
import type { Sendable } from './buffer.ts';
import type { Address } from './dial.ts';
import type { Frame } from './protocols/protocol.ts';
import type { Beyond, Ears, SocketLoss, WebSocketClass, WebSocketLike } from './web-socket.ts';

/** "No status": says that a close frame carried no code (RFC 6455 §7.4.1). */
export const noStatus = 1005;
/** No close frame came (RFC 6455 §7.1.5). */
export const noHandshake = 1006;

const OPEN = 1;

/** The classes that are being constructed for a dial. */
const constructing: WebSocketClass[] = [];

/** True: who dials with this class now does it for somebody who is dialling with it, and would go round in a circle. */
export function isConstructing(WebSocketClass: WebSocketClass): boolean {
  return constructing.includes(WebSocketClass);
}

export class Socket {
  readonly #socket: WebSocketLike;
  #beyond: Beyond | undefined;
  /** Undefined once it was left: whatever it does then changes nothing. */
  ears: Ears | undefined;
  /** Bytes that ever waited in the socket. */
  #queued = 0;

  /** Dials. @throws {Error} what the class throws */
  constructor(WebSocketClass: WebSocketClass, { url, protocols, further }: Address, ears: Ears) {
    constructing.push(WebSocketClass);
    try {
      this.#socket = new WebSocketClass(url, [...protocols], ...(further as never[]));
    } finally {
      constructing.pop();
    }
    this.ears = ears;
    try {
      this.#beyond = this.#attach(this.#socket);
    } catch (error) {
      this.drop();
      throw error;
    }
  }

  /** True: what is sent now goes onto the wire. */
  get isOpen(): boolean {
    return this.#socket.readyState === OPEN;
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  get url(): string | undefined {
    return this.#socket.url;
  }

  get protocol(): string | undefined {
    return this.#socket.protocol;
  }

  get extensions(): string | undefined {
    return this.#socket.extensions;
  }

  /** Bytes that ever waited in the socket and have left it; or have become less by being compressed. */
  get left(): number {
    return this.#queued - this.waiting;
  }

  /** Bytes that wait in it, to the byte. */
  get waiting(): number {
    return this.bufferedAmount - (this.#beyond?.underWay ?? 0);
  }

  get compresses(): boolean {
    return this.#beyond?.compresses ?? false;
  }

  /** @param waiting its `bufferedAmount`, where that was just read. @throws what the class throws */
  send(data: Sendable, waiting = this.bufferedAmount): void {
    this.#socket.send(data as never);
    this.#queued += this.bufferedAmount - waiting;
  }

  /** Where the class can. */
  ping(): void {
    const waiting = this.bufferedAmount;
    this.#beyond?.ping();
    this.#queued += this.bufferedAmount - waiting;
  }

  /** Begins the close handshake. */
  close(code: number, reason: string): void {
    if (code === noStatus) this.#socket.close();
    else this.#socket.close(code, reason);
  }

  /** Leaves it for good: whatever it does later changes nothing. */
  drop(): void {
    this.#detach();
    try {
      // `close()` would wait half a minute for an answer, and hold the process up so long.
      if (!this.#beyond?.terminate()) this.#socket.close();
    } catch {
      // A class of its own kind that cannot be closed now: it is detached all the same.
    }
  }

  // What the class tells.

  #attach(socket: WebSocketLike): Beyond | undefined {
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#opened();
    socket.onclose = ({ code, reason, wasClean }: CloseInfo) =>
      this.lose({ code: code || noHandshake, reason, wasClean });
    socket.onerror = (event: unknown) => this.lose({ reason: reasonOf(event) });
    const more = beyond(socket, this);
    if (!more?.tellsMessages) socket.onmessage = ({ data }: { data: Frame }) => this.ears?.heard(data);
    return more;
  }

  #opened(): void {
    this.#socket.onopen = null;
    this.#beyond?.opened?.();
    this.#socket.onerror = (event: unknown) =>
      this.lose({ code: noHandshake, reason: reasonOf(event), wasClean: false, failed: true });
    this.ears?.opened();
  }

  /** The end, once. */
  lose(loss: SocketLoss): void {
    const { ears } = this;
    this.#detach();
    ears?.lost(loss);
  }

  #detach(): void {
    const socket = this.#socket;
    this.ears = undefined;
    this.#beyond?.detach();
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.onerror = () => {};
  }
}

/** Such as ECONNREFUSED; browsers say nothing. */
function reasonOf(event: unknown): string {
  const { error, message } = event as { error?: { code?: unknown }; message?: unknown };
  if (typeof error?.code === 'string') return error.code;
  // Some repeat the URL, which may hold a token.
  return typeof message === 'string' ? message.replaceAll(/[a-z]+:\/\/\S*/gi, '…') : '';
}
