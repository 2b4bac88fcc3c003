/**
 * A question on its way out. In the socket's own buffer it lies behind what the app has sent, and its time has not begun: while what lies before it
 * leaves, the line carries. What was sent after it proves nothing, and what the kernel has taken does not show.
 */
import type { Clock } from './clock.ts';
import type { Socket } from './socket.ts';

/** How often the buffer is looked at, ms. No WebSocket tells by itself. */
const pace = 20;

export class Departure {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #gone: (now: number) => void;
  /** What `left` of the socket is when the question is the next to leave. */
  readonly #to: number;
  #progress: number;
  #timer: unknown;
  /** Monotonic ms at which something was last seen to leave. */
  at = -Infinity;

  /** The question is about to be written. @param gone told when nothing lies before it any more */
  constructor(socket: Socket, clock: Clock, gone: (now: number) => void) {
    this.#socket = socket;
    this.#clock = clock;
    this.#gone = gone;
    this.#to = socket.left + socket.waiting;
    this.#progress = progressOf(socket);
    this.#wait();
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
  }

  #wait(): void {
    this.#timer = this.#clock.setTimeout(() => this.#look(), pace);
  }

  #look(): void {
    const progress = progressOf(this.#socket);
    if (progress > this.#progress) this.at = this.#clock.now();
    this.#progress = progress;
    if (this.#socket.left >= this.#to) this.#gone(this.at);
    else if (this.#socket.isOpen) this.#wait();
  }
}

/** What is compressed while it waits seems to leave: there only a buffer that sinks in spite of what is added to it is one that empties. */
function progressOf(socket: Socket): number {
  return socket.compresses ? -socket.waiting : socket.left;
}
