/**
 * One WebSocket, whoever made its class. Nothing else touches one; what implementations do differently stands here, and what npm `ws` has beyond the
 * standard in socket.ws.ts, which no page carries:
 *
 * - A dial that fails fires only `error` in Node 20 and 22 (nodejs/undici#3546), `error` and `close` elsewhere: the first is the end, once.
 * - A failure after `open` (a broken frame, bad UTF-8) is `error`, then `close` with 1006: the first says why, the second that it is over.
 * - `close()` on a dead line fires `close` after 60 s in Chromium, 30 s in `ws`, never in Node 20: nobody waits for it, the handlers are detached.
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

export class Socket {
  readonly #socket: WebSocketLike;
  #beyond: Beyond | undefined;
  /** Undefined once it was left: whatever it does then changes nothing. */
  ears: Ears | undefined;
  /** What the class said after `open`, and before `close`. */
  #trouble = '';

  /** Dials. @param more what the class is given beyond the standard. @throws {Error} what the class throws */
  constructor(WebSocketClass: WebSocketClass, { url, protocols }: Address, more: readonly unknown[], ears: Ears) {
    this.#socket = new WebSocketClass(url, [...protocols], ...(more as never[]));
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

  send(data: Sendable): void {
    this.#socket.send(data as never);
  }

  /** Where the class can. */
  ping(): void {
    this.#beyond?.ping();
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
      if (this.#beyond) this.#beyond.terminate();
      else this.#socket.close();
    } catch {
      // A class of its own kind that cannot be closed now: it is detached all the same.
    }
  }

  // What the class tells.

  #attach(socket: WebSocketLike): Beyond | undefined {
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#opened();
    socket.onclose = ({ code, reason, wasClean }: CloseInfo) =>
      this.lose({ code: code || noHandshake, reason: reason || this.#trouble, wasClean });
    socket.onerror = (event: unknown) => this.lose({ reason: reasonOf(event) });
    const more = beyond(socket, this);
    if (!more?.tellsMessages) socket.onmessage = ({ data }: { data: Frame }) => this.ears?.heard(data);
    return more;
  }

  #opened(): void {
    this.#socket.onerror = (event: unknown) => {
      this.#trouble ||= reasonOf(event);
    };
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
  return typeof message === 'string' ? message : '';
}
