/**
 * One client's line, as a hub writes to it: bounded. Who does not read is sent no more than may wait; what follows stays in the log until there is room.
 */

/** A line, whatever it is made of. */
export interface Outlet {
  /** Bytes that wait for the client. */
  readonly bufferedAmount: number;
  /** @param left called when the frame has left, or never will: then `Hub` is told that the client is gone */
  send(frame: Uint8Array, isBinary: boolean, left?: () => void): void;
  close(code: number, reason: string): void;
  /** Ends the line without a word. */
  terminate(): void;
}

/** What belongs together on the wire: a text, or a text and the binary frame that it announces. */
export interface Framed {
  readonly text: Uint8Array;
  readonly binary?: Uint8Array | undefined;
}

/** Each frame that waits costs some hundred bytes besides its own, so that no more than so many may wait. */
const mostFrames = 512;
/** Words are few and short. Who lets more of them wait, by their number or their bytes, asks on and on without reading. */
const mostWords = 4_096;
const mostWordBytes = 262_144;

const encoder = new TextEncoder();

export function encoded(text: string): Uint8Array {
  return encoder.encode(text);
}

export class Peer {
  readonly #outlet: Outlet;
  readonly #most: number;
  /** Sent since nothing is known to have waited. */
  #frames = 0;
  /** Undefined: there is room. */
  #full: Promise<void> | undefined;

  /** @param most bytes that may wait for it */
  constructor(outlet: Outlet, most: number) {
    this.#outlet = outlet;
    this.#most = most;
  }

  /** Fulfilled when there is room again; undefined: there is. */
  get full(): Promise<void> | undefined {
    return this.#full;
  }

  /** The hot path. False: there is no room, and nothing was sent. */
  give({ text, binary }: Framed): boolean {
    if (this.#full !== undefined) return false;
    const outlet = this.#outlet;
    const waiting = outlet.bufferedAmount;
    this.#frames = waiting === 0 ? 1 : this.#frames + 1;
    const last = binary ?? text;
    // Only the frame with which too much waits is asked when it has left: all the others have, then.
    const left = waiting + last.length > this.#most || this.#frames > mostFrames ? this.#fill() : undefined;
    if (binary !== undefined) outlet.send(text, false);
    outlet.send(last, binary !== undefined, left);
    return true;
  }

  /** A word of the hub's, which does not wait for room: there are a few for each topic. */
  say(text: string): void {
    const outlet = this.#outlet;
    const waiting = outlet.bufferedAmount;
    this.#frames = waiting === 0 ? 1 : this.#frames + 1;
    if (waiting > this.#most + mostWordBytes || this.#frames > mostWords) return outlet.terminate();
    return outlet.send(encoded(text), false);
  }

  close(code: number, reason: string): void {
    this.#outlet.close(code, reason);
  }

  #fill(): () => void {
    let left!: () => void;
    this.#full = new Promise<void>((resolve) => {
      left = () => {
        this.#full = undefined;
        this.#frames = 0;
        resolve();
      };
    });
    return left;
  }
}
