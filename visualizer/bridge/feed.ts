/**
 * What one page is told, as fast as it reads and no faster: it is given little at a time, the rest waits here, where it costs next to nothing, since the
 * frames are those of the history. A page that does not read, or not enough, is cut off. It comes back and is told all of it anew.
 */
import type { WebSocket } from 'ws';

/** Bytes in the socket's own buffer beyond which the page is given no more. */
const handful = 2 ** 20;
/** Characters of what has happened since the page began to lag, beyond which it is cut off. */
const farBehind = 8 * 2 ** 20;
/** How long a page that has something to read may read nothing, ms. */
const patience = 30_000;

export class Feed {
  readonly #page: WebSocket;
  #waiting: string[] = [];
  /** Of these, the first that was not given. */
  #next = 0;
  /** Frames that were given and are not on their way yet. */
  #unread = 0;
  #behind = 0;
  #end: NodeJS.Timeout | undefined;

  constructor(page: WebSocket) {
    this.#page = page;
  }

  /** All that there was. While a page is being told something already, asking for it changes nothing: there is one replay at a time. */
  replay(all: () => string[]): void {
    if (this.#waiting.length > 0 || this.#unread > 0) return;
    this.#waiting = all();
    this.#give();
  }

  tell(frames: readonly string[]): void {
    const lags = this.#waiting.length > 0;
    for (const frame of frames) {
      this.#waiting.push(frame);
      if (lags) this.#behind += frame.length;
    }
    if (this.#behind > farBehind) this.#page.terminate();
    else if (!lags) this.#give();
  }

  stop(): void {
    clearTimeout(this.#end);
    this.#waiting = [];
  }

  #give(): void {
    const page = this.#page;
    while (this.#next < this.#waiting.length) {
      if (page.readyState !== page.OPEN) return;
      if (page.bufferedAmount > handful) {
        this.#end ??= setTimeout(() => page.terminate(), patience).unref();
        return;
      }
      page.send(this.#waiting[this.#next]!, this.#taken);
      this.#next += 1;
      this.#unread += 1;
    }
    this.#waiting = [];
    this.#next = 0;
    this.#behind = 0;
  }

  readonly #taken = (): void => {
    this.#unread -= 1;
    clearTimeout(this.#end);
    this.#end = undefined;
    if (this.#waiting.length > 0) this.#give();
  };
}
