/**
 * Numbers, published to a topic one after the other without a hole: one that the log did not take is tried again, and is there once.
 */
import type { Log } from '../../push/log.ts';
import { type Publisher, publisher } from '../../push/publisher.ts';

export class Ticker {
  readonly topic = 'ticks';
  readonly #publisher: Publisher;
  readonly #published: () => void;
  #last = 0;
  #publishing: Promise<unknown> | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param published called for each number that the log has taken */
  constructor(log: Log, published: () => void = () => {}) {
    this.#publisher = publisher(log);
    this.#published = published;
  }

  /** The last number that was published. */
  get last(): number {
    return this.#last;
  }

  /** @param every ms; again: from now on that often */
  start(every: number): void {
    this.pause();
    this.#timer = setInterval(() => void this.tick(), every);
  }

  /** Until it is started again. */
  pause(): void {
    clearInterval(this.#timer);
  }

  /** @returns when nothing is under way any more */
  async stop(): Promise<void> {
    this.pause();
    await this.#publishing;
  }

  /** The next number; or the one that is under way. */
  async tick(): Promise<void> {
    this.#publishing ??= this.#publish(this.#last + 1).finally(() => {
      this.#publishing = undefined;
    });
    await this.#publishing;
  }

  async #publish(number: number): Promise<void> {
    try {
      await this.#publisher.publish(this.topic, String(number), { id: `tick-${number}` });
      this.#last = number;
    } catch {
      // The same one, at the next tick.
      return;
    }
    this.#published();
  }
}
