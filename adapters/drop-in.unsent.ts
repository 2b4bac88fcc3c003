/**
 * What `HeartbeatWebSocket` was given to send while it had no connection to take it: it waits for one, or it is told of. None of it vanishes.
 */
import { completed } from '../machines/settings.ts';
import { type BufferBounds, byteLength, defaultBounds, type Dropped, Outbox, type Sendable } from './buffer.ts';
import type { Clock } from './clock.ts';
import { Listeners } from './listeners.ts';

export interface UnsentOptions {
  buffer?: Partial<BufferBounds> | undefined;
  clock: Clock;
}

export class Unsent {
  readonly #options: UnsentOptions;
  readonly #tell: (dropped: Dropped) => void;
  #waiting: Outbox | undefined;
  #discarded = 0;

  constructor(options: UnsentOptions, tell: (dropped: Dropped) => void) {
    this.#options = options;
    this.#tell = tell;
  }

  /** Like the platform's, it also counts what was sent when it was too late. */
  get bytes(): number {
    return this.#discarded + (this.#waiting?.bytes ?? 0);
  }

  /** Until there is a connection. False: there is no room. */
  keep(data: Sendable): boolean {
    this.#waiting ??= this.#outbox();
    if (this.#waiting.offer(data, byteLength(data), 0)) return true;
    this.#tell({ data, reason: 'overflow' });
    return false;
  }

  take(): readonly Sendable[] {
    return this.#waiting?.take() ?? [];
  }

  /** It was sent when it was too late. */
  discard(data: Sendable): false {
    this.discarded(byteLength(data));
    this.#tell({ data, reason: 'closed' });
    return false;
  }

  /** Somebody else has told of them. */
  discarded(bytes: number): void {
    this.#discarded += bytes;
  }

  #outbox(): Outbox {
    const { buffer, clock } = this.#options;
    const dropped = new Listeners<Dropped>();
    dropped.add(this.#tell);
    return new Outbox(completed(defaultBounds, buffer), clock, dropped);
  }
}
