/**
 * What comes in on one visit: it waits until the peer has a name, then the app hears it, and at the end nobody does.
 */
import { type Amount, defaultBounds } from './buffer.ts';
import type { Listeners } from './listeners.ts';
import { type Frame, frameSize } from './protocols/protocol.ts';
import { surface } from './surface.ts';

export class Inbox {
  readonly #listeners: Listeners<Frame>;
  readonly #bounds: Amount;
  #state: 'early' | 'delivered' | 'off' = 'early';
  #early: Frame[] | undefined;
  #bytes = 0;

  /** @param bounds how much may wait; what is unbounded here is bounded by default, for a server that never names the session must not fill the memory */
  constructor(listeners: Listeners<Frame>, bounds: Amount) {
    this.#listeners = listeners;
    this.#bounds = bounds;
  }

  get isOff(): boolean {
    return this.#state === 'off';
  }

  /** The hot path. False: more came early than may wait, and nothing is taken any more. */
  take(frame: Frame): boolean {
    if (this.#state !== 'delivered') return this.#state === 'off' || this.#keep(frame);
    // A loop of its own: one that is shared with listeners of other kinds is slower.
    const listeners = this.#listeners.all;
    for (let i = 0; i < listeners.length; i += 1) {
      try {
        listeners[i]!(frame);
      } catch (error) {
        surface(error);
      }
    }
    return true;
  }

  /** The app hears what came early, and from now on everything. */
  deliver(): void {
    if (this.#state !== 'early') return;
    this.#state = 'delivered';
    const early = this.#early ?? [];
    this.#early = undefined;
    // A listener may turn it off meanwhile.
    for (const frame of early) this.take(frame);
  }

  turnOff(): void {
    this.#state = 'off';
    this.#early = undefined;
  }

  #keep(frame: Frame): boolean {
    const early = (this.#early ??= []);
    early.push(frame);
    this.#bytes += frameSize(frame);
    const { messages, bytes } = this.#bounds;
    const fits =
      early.length <= finite(messages, defaultBounds.messages) && this.#bytes <= finite(bytes, defaultBounds.bytes);
    if (!fits) this.turnOff();
    return fits;
  }
}

function finite(bound: number, otherwise: number): number {
  return Number.isFinite(bound) ? bound : otherwise;
}
