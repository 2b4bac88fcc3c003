/**
 * A server process's half of trusted push. It hands a log's topics to its listeners, and knows neither sockets nor clocks but by parameter: a line comes as an
 * `Outlet`, and says what its client says. It keeps nothing of a client who has left: any hub can serve any client at any time.
 *
 * The rules that hold it together:
 * 1. Follow first, then ask for the head; what comes in between is held. (feed.ts)
 * 2. What does not join what is known is not delivered: the log is read. So it is at every reset, and whenever heads that are compared differ. (feed.ts)
 * 3. A read that does not join the position is a gap, never "what is left". (the logs)
 * 4. A client ahead of the hub makes the hub ask; until it has come as far, the client is not live. (feed.ts, subscription.ts)
 * 5. "Has all there is" and "is live" happen in one turn of the loop. (subscription.ts)
 * 6. Before a gap is told, the log is asked: it may be the hub that lags. (subscription.ts)
 * 7. A number that falls has the log asked anew, epoch and all. (feed.ts)
 * 8. An epoch is one life of one log on one master. (the logs)
 * 9. A message has an id, so that publishing can be tried again. (publisher.ts, the logs)
 * 10. Who does not read is no longer live, and catches up from the log when there is room. (peer.ts)
 */
import { type Clock, systemClock } from '../adapters/clock.ts';
import { Feed } from './feed.ts';
import { Guest, type House, type Permission } from './guest.ts';
import type { Log } from './log.ts';
import { type Outlet, Peer } from './peer.ts';

export interface HubOptions<S> {
  log: Log;
  /** Asked at every subscription of every line. Default: everything is for everybody. */
  authorize?: ((session: S, topic: string) => Permission | Promise<Permission>) | undefined;
  /** How many topics a line may hear. Default 100. */
  topics?: number | undefined;
  /** Bytes that may wait for a client that does not read. Default 262,144. */
  unsent?: number | undefined;
  /** How much of a heard topic is held, so that many who come back at once read the log once. Default 256 messages, 1 MiB. */
  recent?: { messages: number; bytes: number } | undefined;
  /** How often heads are compared, ms. Default 15,000. */
  checkEvery?: number | undefined;
  /** How long a topic that nobody hears any more is still held, ms. Default 30,000. */
  linger?: number | undefined;
  /** Default: the system's. */
  clock?: Clock | undefined;
}

/** Topics that nobody hears and that are still held. */
const mostLingering = 1_000;
/** Heads asked for at a time. */
const atATime = 16;
/** A topic, and how many hear it. */
interface Heard {
  readonly feed: Feed;
  listeners: number;
  /** Until it is closed. */
  lingering: unknown;
}

export class Hub<S = unknown> implements House<S> {
  readonly #options: { [K in keyof HubOptions<S>]-?: Exclude<HubOptions<S>[K], undefined> };
  readonly #topics = new Map<string, Heard>();
  readonly #lingering = new Set<Heard>();
  readonly #guests = new Set<Guest<S>>();
  readonly #unwatch: () => void;
  #aliases = 0;
  #checking: unknown;
  #isClosed = false;

  constructor({ authorize, topics, unsent, recent, checkEvery, linger, clock, log }: HubOptions<S>) {
    this.#options = {
      log,
      authorize: authorize ?? (() => true),
      topics: topics ?? 100,
      unsent: unsent ?? 262_144,
      recent: recent ?? { messages: 256, bytes: 1_048_576 },
      checkEvery: checkEvery ?? 15_000,
      linger: linger ?? 30_000,
      clock: clock ?? systemClock,
    };
    this.#unwatch = log.onReset(() => {
      for (const { feed } of this.#topics.values()) feed.sync();
    });
    this.#checkLater();
  }

  /** A client has come. What it says is for the answer, which is also told when it has left. */
  join(outlet: Outlet, session: S): Guest<S> {
    const { unsent, clock } = this.#options;
    const guest: Guest<S> = new Guest({ hub: this, peer: new Peer(outlet, unsent), session, clock });
    this.#guests.add(guest);
    return guest;
  }

  /** Who hears the topic and is one of those hears it no more. Answers how many there were. */
  revoke(topic: string, which: (session: S) => boolean): number {
    let revoked = 0;
    for (const guest of this.#guests) {
      if (which(guest.session) && guest.revoke(topic)) revoked += 1;
    }
    return revoked;
  }

  /** Nobody is told anything any more. The log stays open. */
  close(): void {
    this.#isClosed = true;
    this.#unwatch();
    this.#options.clock.clearTimeout(this.#checking);
    for (const guest of this.#guests) guest.left();
    for (const [topic, heard] of this.#topics) this.#drop(topic, heard);
  }

  /** Topics that are held. */
  get size(): number {
    return this.#topics.size;
  }

  // For guests.

  get most(): number {
    return this.#options.topics;
  }

  async permit(session: S, topic: string): Promise<Permission> {
    return this.#options.authorize(session, topic);
  }

  /** The topic, for one listener; `leave` it. */
  hear(topic: string): Feed {
    const heard = this.#topics.get(topic) ?? this.#open(topic);
    heard.listeners += 1;
    this.#options.clock.clearTimeout(heard.lingering);
    this.#lingering.delete(heard);
    return heard.feed;
  }

  leave(topic: string): void {
    const heard = this.#topics.get(topic);
    if (heard === undefined) return;
    heard.listeners -= 1;
    if (heard.listeners > 0) return;
    // Who was cut off comes back within seconds.
    const { clock, linger } = this.#options;
    heard.lingering = clock.setTimeout(() => this.#drop(topic, heard), linger);
    this.#lingering.add(heard);
    const [oldest] = this.#lingering;
    if (this.#lingering.size > mostLingering) this.#drop(oldest!.feed.name, oldest!);
  }

  gone(guest: Guest<S>): void {
    this.#guests.delete(guest);
  }

  #open(topic: string): Heard {
    const { log, clock, recent } = this.#options;
    this.#aliases += 1;
    const feed = new Feed({ log, clock, name: topic, alias: this.#aliases, recent });
    const heard: Heard = { feed, listeners: 0, lingering: undefined };
    this.#topics.set(topic, heard);
    return heard;
  }

  #drop(topic: string, heard: Heard): void {
    this.#options.clock.clearTimeout(heard.lingering);
    this.#lingering.delete(heard);
    this.#topics.delete(topic);
    heard.feed.close();
  }

  #checkLater(): void {
    const { clock, checkEvery } = this.#options;
    this.#checking = clock.setTimeout(() => {
      void this.#check().finally(() => {
        if (!this.#isClosed) this.#checkLater();
      });
    }, checkEvery);
  }

  async #check(): Promise<void> {
    const feeds = [...this.#topics.values()].map(({ feed }) => feed).values();
    const some = async () => {
      // One iterator for all: each takes the next.
      for (const feed of feeds) await feed.check();
    };
    await Promise.all(Array.from({ length: atATime }, some));
  }
}
