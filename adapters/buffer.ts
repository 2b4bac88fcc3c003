/**
 * What waits to be sent: bounded, in order.
 */
import { utf8Length } from '#platform';

import { clamp, longestTimer } from '../machines/backoff.ts';
import type { Clock } from './clock.ts';
import type * as Dom from './dom.ts';
import type { Listeners } from './listeners.ts';

export type Sendable = string | ArrayBuffer | ArrayBufferView | Dom.Blob;

export interface BufferBounds {
  /** How many messages may wait. Default 1,000. */
  messages: number;
  /** How many bytes may wait, the socket's own `bufferedAmount` included. Default 1,048,576. */
  bytes: number;
  /**
   * What happens beyond. `reject`, the default: the new message is refused. `drop-oldest`: those that have waited longest make room for it; what the
   * socket already has cannot be taken back, so it is given no more than half of `bytes` at a time.
   */
  overflow: 'reject' | 'drop-oldest';
  /**
   * Ms that a message may wait here; then it is dropped. What the socket has does not expire. Sleep is not counted where the monotonic clock stands still
   * meanwhile. Default Infinity.
   */
  maxAge: number;
}

export const defaultBounds: BufferBounds = {
  messages: 1_000,
  bytes: 1_048_576,
  overflow: 'reject',
  maxAge: Infinity,
};

export interface Amount {
  messages: number;
  bytes: number;
}

/** A message that was accepted and will not be sent. */
export interface Dropped {
  data: Sendable;
  /** `unsendable`: the WebSocket class would not take it, and threw `error`. */
  reason: 'overflow' | 'expired' | 'closed' | 'unsendable';
  error?: unknown;
}

interface Held {
  readonly data: Sendable;
  readonly bytes: number;
  /** Monotonic ms: no setting of a clock makes it old. */
  readonly since: number;
  /** The one behind it. */
  next: Held | undefined;
}

export class Outbox {
  readonly #bounds: BufferBounds;
  readonly #clock: Clock;
  readonly #dropped: Listeners<Dropped>;
  #first: Held | undefined;
  #last: Held | undefined;
  #messages = 0;
  #bytes = 0;
  #timer: unknown;
  /** Gone from here, and still to be told: whoever is told of one may close the connection, send, or take the rest. */
  #untold: Dropped[] = [];

  constructor(bounds: BufferBounds, clock: Clock, dropped: Listeners<Dropped>) {
    this.#bounds = bounds;
    this.#clock = clock;
    this.#dropped = dropped;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get messages(): number {
    return this.#messages;
  }

  /** False: there is no room, and nothing else happened. @param elsewhere bytes that wait in the socket */
  offer(data: Sendable, bytes: number, elsewhere: number): boolean {
    this.#age();
    try {
      return this.#accept(data, bytes, elsewhere);
    } finally {
      this.#tell();
    }
  }

  #accept(data: Sendable, bytes: number, elsewhere: number): boolean {
    const { messages, bytes: most, overflow } = this.#bounds;
    const fits = () => this.messages < messages && this.#bytes + elsewhere + bytes <= most;
    const mayFit = overflow === 'drop-oldest' && messages >= 1 && elsewhere + bytes <= most;
    if (!mayFit && !fits()) return false;
    // Of a buffer that was given away there is no copy: then nothing has made room for it.
    const copy = copyOf(data);
    while (!fits()) this.#untold.push({ data: this.#shift(), reason: 'overflow' });
    const held: Held = { data: copy, bytes, since: this.#clock.now(), next: undefined };
    if (this.#last) this.#last.next = held;
    else this.#first = held;
    this.#last = held;
    this.#messages += 1;
    this.#bytes += bytes;
    this.#arm();
    return true;
  }

  /** Hands over message by message, in order, until `accept` says false; what it did not accept stays. One for which it throws is dropped. */
  flush(accept: (data: Sendable, bytes: number) => boolean): void {
    this.#expire();
    while (this.#first && this.#goes(this.#first, accept)) this.#tell();
    if (!this.#first) this.rest();
  }

  /** Empties the box. */
  take(): Sendable[] {
    this.#tell();
    const taken: Sendable[] = [];
    while (this.#first) taken.push(this.#shift());
    this.rest();
    return taken;
  }

  /** What waits no longer grows old. */
  rest(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #goes({ data, bytes }: Held, accept: (data: Sendable, bytes: number) => boolean): boolean {
    try {
      if (!accept(data, bytes)) return false;
      this.#shift();
    } catch (error) {
      this.#untold.push({ data: this.#shift(), reason: 'unsendable', error });
    }
    return true;
  }

  #shift(): Sendable {
    const { data, bytes, next } = this.#first!;
    this.#first = next;
    if (!next) this.#last = undefined;
    this.#messages -= 1;
    this.#bytes -= bytes;
    return data;
  }

  #expire(): void {
    this.#age();
    this.#tell();
  }

  #age(): void {
    if (this.#bounds.maxAge === Infinity) return;
    const born = this.#clock.now() - this.#bounds.maxAge;
    while (this.#first && this.#first.since <= born) this.#untold.push({ data: this.#shift(), reason: 'expired' });
    if (!this.#first) this.rest();
  }

  #tell(): void {
    for (let next = this.#untold.shift(); next !== undefined; next = this.#untold.shift()) this.#dropped.call(next);
  }

  /** One timer, for the oldest. */
  #arm(): void {
    const { maxAge } = this.#bounds;
    if (maxAge === Infinity || this.#timer !== undefined || !this.#first) return;
    const left = clamp(this.#first.since + maxAge - this.#clock.now(), 0, Math.min(maxAge, longestTimer));
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#expire();
      this.#arm();
    }, left);
  }
}

/** Bytes on the wire, without framing. @throws {TypeError} for what no WebSocket can send. */
export function byteLength(data: unknown): number {
  if (typeof data === 'string') return utf8Length(data);
  // The hot path: what a view is, is known without its brand, whose look-up costs a twentieth of sending it.
  if (ArrayBuffer.isView(data) || isArrayBuffer(data)) return data.byteLength;
  if (isBlob(data)) return data.size;
  throw new TypeError(
    `send: data must be a string, an ArrayBuffer, a view of one or a Blob, not ${data === null ? 'null' : typeof data}; JSON.stringify() what is an object`,
  );
}

/** A socket reads the bytes when it is given them; what waits must not change under the app's hands. */
function copyOf(data: Sendable): Sendable {
  if (isArrayBuffer(data)) return data.slice(0);
  if (!ArrayBuffer.isView(data)) return data;
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
}

/** What a WebSocket sends as it is; of this realm or another (an iframe, a vm context, a polyfill), which `instanceof` would not know. */
export function isBinary(data: unknown): data is Exclude<Sendable, string> {
  return ArrayBuffer.isView(data) || isArrayBuffer(data) || isBlob(data);
}

function isArrayBuffer(data: unknown): data is ArrayBuffer {
  return brandOf(data) === '[object ArrayBuffer]';
}

/** A File is one, too. */
export function isBlob(data: unknown): data is Dom.Blob {
  const brand = brandOf(data);
  return (brand === '[object Blob]' || brand === '[object File]') && typeof (data as Dom.Blob).size === 'number';
}

function brandOf(data: unknown): string {
  return Object.prototype.toString.call(data);
}
