/**
 * What a peer makes a server write and does not read: bounded, or a stranger fills the server's memory by asking on and on.
 */

/** What is used of a socket of npm `ws`. */
export interface Outlet {
  /** Bytes that wait for the peer, whoever had them written. */
  readonly bufferedAmount: number;
  /** @param left called when the system has it, or never will */
  send(data: string | Uint8Array, left: () => void): void;
  terminate(): void;
}

/** Of a short frame that is not masked (RFC 6455 §5.2), bytes. */
const header = 2;

export class Backlog {
  readonly #socket: Outlet;
  readonly #most: number;
  /** Bytes that the peer has asked for, and those of them that have left: in order, so all that were written before the last that is known to have. */
  #written = 0;
  #left = 0;

  /** @param most bytes that may wait; with more, the peer is cut off */
  constructor(socket: Outlet, most: number) {
    this.#socket = socket;
    this.#most = most;
  }

  /** Bytes that the peer has asked for, and that are still here. */
  get waiting(): number {
    // No more of it can wait than waits at all. Within one turn, callbacks come late.
    this.#left = Math.max(this.#left, this.#written - this.#socket.bufferedAmount);
    return this.#written - this.#left;
  }

  /** Sends what the peer has asked for. */
  answer(data: string | Uint8Array): void {
    const upTo = this.#written + header + data.length;
    this.#socket.send(data, () => (this.#left = Math.max(this.#left, upTo)));
    this.#count(upTo);
  }

  /** A ping was answered by the socket itself, which does not tell when the answer has left. */
  ponged(payload: Uint8Array): void {
    this.#count(this.#written + header + payload.length);
  }

  #count(written: number): void {
    this.#written = written;
    if (this.waiting > this.#most) this.#socket.terminate();
  }
}
