/**
 * The connection on which Redis publishes. It is ours alone, and each has one life: one that fails, or does not answer, is replaced, and subscribes to the same channels.
 * Whoever hears by it is told then that something may have been missed.
 */
import { patience } from './log.ts';

/** What is asked of a client, of npm `redis` 5 or later. */
export interface RedisClient {
  sendCommand(args: readonly (string | Buffer)[], options?: object): Promise<unknown>;
  duplicate(): RedisClient;
  connect(): Promise<unknown>;
  subscribe(channels: string[], listener: RedisListener, bufferMode: true): Promise<void>;
  unsubscribe(channels: string[], listener: RedisListener, bufferMode: true): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  destroy(): void;
}

type RedisListener = (message: Buffer, channel: Buffer) => void;

export interface EarOptions {
  hear(channel: string, message: Buffer): void;
  /** All channels are heard again. */
  mayHaveMissed(): void;
}

interface Life {
  readonly client: RedisClient;
  readonly connected: Promise<unknown>;
  /** What was asked for, and resolves once it is heard. */
  readonly subscribed: Map<string, Promise<void>>;
}

/** How often a line without messages is asked for a sign, ms. */
const askEvery = 5_000;
/** Before another dial, ms: at first, and at most. */
const soonest = 50;
const latest = 2_000;

export class RedisEar {
  readonly #template: RedisClient;
  readonly #options: EarOptions;
  readonly #channels = new Set<string>();
  readonly #listener: RedisListener = (message, channel) => this.#options.hear(String(channel), message);
  #life: Life | undefined;
  /** Of what comes next: the next question, or the next dial. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #hasHeard = false;

  constructor(template: RedisClient, options: EarOptions) {
    this.#template = template;
    this.#options = options;
  }

  /** Resolves when it is heard. Rejects where it is not, now; as long as nobody says `unlisten`, it will be. */
  async listen(channel: string): Promise<void> {
    this.#channels.add(channel);
    const life = (this.#life ??= this.#begin());
    await life.connected;
    await (life.subscribed.get(channel) ?? this.#subscribe(life, [channel]));
  }

  unlisten(channel: string): void {
    this.#channels.delete(channel);
    if (this.#life?.subscribed.delete(channel)) {
      this.#life.client.unsubscribe([channel], this.#listener, true).catch(() => {});
    }
  }

  close(): void {
    this.#channels.clear();
    const life = this.#life;
    this.#leave();
    // One that is destroyed while it dials may connect all the same.
    life?.connected.then(
      () => destroy(life.client),
      () => {},
    );
  }

  #begin(): Life {
    clearTimeout(this.#timer);
    const client = this.#template.duplicate();
    const life: Life = { client, connected: client.connect(), subscribed: new Map() };
    // It would dial again by itself, and say so by nothing but this.
    client.on('error', () => this.#lose(life));
    this.#live(life).catch(() => this.#lose(life));
    return life;
  }

  async #live(life: Life): Promise<void> {
    await life.connected;
    if (this.#life !== life) return;
    if (this.#channels.size > 0) await this.#subscribe(life, [...this.#channels]);
    this.#failures = 0;
    if (this.#hasHeard) this.#options.mayHaveMissed();
    this.#hasHeard = true;
    this.#askLater(life);
  }

  #subscribe(life: Life, channels: string[]): Promise<void> {
    const subscribed = life.client.subscribe(channels, this.#listener, true);
    for (const channel of channels) life.subscribed.set(channel, subscribed);
    return subscribed;
  }

  /** A line that has gone silent fires no event. */
  #askLater(life: Life): void {
    if (this.#life !== life) return;
    this.#timer = setTimeout(() => {
      const late = setTimeout(() => this.#lose(life), patience);
      life.client
        .sendCommand(['PING'])
        .then(
          () => this.#askLater(life),
          () => this.#lose(life),
        )
        .finally(() => clearTimeout(late));
    }, askEvery);
  }

  #lose(life: Life): void {
    destroy(life.client);
    if (this.#life !== life) return;
    this.#leave();
    if (this.#channels.size === 0) return;
    const wait = Math.min(latest, soonest * 2 ** this.#failures);
    this.#failures += 1;
    this.#timer = setTimeout(
      () => {
        if (this.#channels.size > 0) this.#life ??= this.#begin();
      },
      wait * (0.5 + Math.random() / 2),
    );
  }

  #leave(): void {
    clearTimeout(this.#timer);
    this.#life = undefined;
  }
}

function destroy(client: RedisClient): void {
  try {
    client.destroy();
  } catch {
    // It was closed already.
  }
}
