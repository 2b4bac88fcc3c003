/**
 * What waits to be sent: bounded, in order.
 */
export type Sendable = string | ArrayBuffer | ArrayBufferView | Blob;

export interface BufferBounds {
  /** How many messages may wait. Default 1,000. */
  messages: number;
  /** How many bytes may wait, the socket's own `bufferedAmount` included. Default 1,048,576. */
  bytes: number;
  /** What happens beyond: the new message is refused. */
  overflow: 'reject';
}

export interface Amount {
  messages: number;
  bytes: number;
}

export class Outbox {
  readonly #bounds: BufferBounds;
  #held: { data: Sendable; bytes: number }[] = [];
  #bytes = 0;

  constructor(bounds: BufferBounds) {
    this.#bounds = bounds;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get messages(): number {
    return this.#held.length;
  }

  /** False: there is no room, and nothing else happened. */
  offer(data: Sendable, bytes: number): boolean {
    if (this.#held.length >= this.#bounds.messages || this.#bytes + bytes > this.#bounds.bytes) return false;
    this.#held.push({ data: copyOf(data), bytes });
    this.#bytes += bytes;
    return true;
  }

  /** Hands over message by message, in order, until `accept` says false or throws; what it did not accept stays. */
  flush(accept: (data: Sendable, bytes: number) => boolean): void {
    let sent = 0;
    try {
      for (const { data, bytes } of this.#held) {
        if (!accept(data, bytes)) break;
        sent += 1;
        this.#bytes -= bytes;
      }
    } finally {
      this.#held = this.#held.slice(sent);
    }
  }

  /** Empties the box. */
  take(): Sendable[] {
    const taken = this.#held.map(({ data }) => data);
    this.#held = [];
    this.#bytes = 0;
    return taken;
  }
}

/** Bytes on the wire, without framing. @throws {TypeError} for what no WebSocket can send. */
export function byteLength(data: unknown): number {
  if (typeof data === 'string') return utf8Length(data);
  if (isArrayBuffer(data) || ArrayBuffer.isView(data)) return data.byteLength;
  if (typeof Blob === 'function' && data instanceof Blob) return data.size;
  throw new TypeError(
    `send: data must be a string, an ArrayBuffer, a view of one or a Blob, not ${data === null ? 'null' : typeof data}; JSON.stringify() what is an object`,
  );
}

function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    // Two bytes from 0x80, three from 0x800; of a surrogate pair each half counts two, of a lone one (sent as U+FFFD) three.
    if (unit >= 0x80) bytes += unit < 0x800 || isPaired(text, i, unit) ? 1 : 2;
  }
  return bytes;
}

function isPaired(text: string, i: number, unit: number): boolean {
  if ((unit & 0xfc00) === 0xd800) return (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;
  return (unit & 0xfc00) === 0xdc00 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800;
}

/** A socket reads the bytes when it is given them; what waits must not change under the app's hands. */
function copyOf(data: Sendable): Sendable {
  if (isArrayBuffer(data)) return data.slice(0);
  if (!ArrayBuffer.isView(data)) return data;
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
}

/** Also one of another realm (an iframe, a vm context), which `instanceof` would not know. */
function isArrayBuffer(data: unknown): data is ArrayBuffer {
  return Object.prototype.toString.call(data) === '[object ArrayBuffer]';
}
