/**
 * What one line hears of one topic: first what it has missed, from the newest messages that the hub holds or from the log, and then what comes, as it comes.
 */
import type { Feed, Kept, Listening } from './feed.ts';
import type { GapReason, Read } from './log.ts';
import type { Peer } from './peer.ts';
import { isSame, type Position } from './position.ts';

/** What a client has asked for. */
export interface Wish {
  /** How far it has heard. Undefined: from now on. `none`: from somewhere that no log knows. */
  readonly from: Position | 'none' | undefined;
  /** Ms since it was known to have all there was. */
  readonly away: number | undefined;
  /** False: what was before is not for it. */
  readonly history: boolean;
}

export class Subscription implements Listening {
  readonly #feed: Feed;
  readonly #peer: Peer;
  /** How far the client has been told. */
  #at!: Position;
  #isEnded = false;
  #stopWaiting = () => {};

  constructor(feed: Feed, peer: Peer, wish: Wish) {
    this.#feed = feed;
    this.#peer = peer;
    void this.#begin(wish);
  }

  get topic(): string {
    return this.#feed.name;
  }

  end(): void {
    this.#isEnded = true;
    this.#stopWaiting();
    this.#feed.listening.delete(this);
  }

  // What the feed tells who is live.

  /** The hot path. */
  heard(message: Kept): void {
    // Who is live is where the feed is.
    if (this.#peer.give(message.framed)) this.#at = message.entry;
    else this.#fallBehind();
  }

  missed(read: Extract<Read, { gap: string }>, from: Position): void {
    if (isSame(read.head, this.#at)) return;
    this.#tellGap(read.gap, read.head, isSame(from, this.#at) ? read.missed : undefined);
  }

  // How it comes so far.

  async #begin({ from, away, history }: Wish): Promise<void> {
    // What was published before it came is none of its business, also where the hub has not heard of it yet.
    if (!history) this.#feed.sync();
    const head = await this.#settledHead();
    if (head === undefined) return;
    this.#at = from === undefined || from === 'none' ? head : from;
    this.#tell('o', `${this.#at.epoch} ${this.#at.at} ${this.topic}`);
    if (from === 'none') this.#tellGap('epoch', head);
    else if (!history && !isSame(this.#at, head)) this.#tellGap('denied', head);
    await this.#catchUp(away);
  }

  /** Until there is nothing that the client has not been told of; in the same turn it becomes live. */
  async #catchUp(away?: number): Promise<void> {
    for (;;) {
      await this.#peer.full;
      const head = await this.#settledHead();
      if (head === undefined) return;
      // Others may have written meanwhile.
      if (this.#peer.full !== undefined) continue;
      const recent = this.#feed.after(this.#at);
      if (recent === undefined) await this.#read(away);
      else if (recent.every((message) => this.#give(message))) return this.#goLive(head);
    }
  }

  #goLive(head: Position): void {
    if (head.at > this.#at.at) this.#at = head;
    this.#tell('=', String(this.#at.at));
    this.#feed.listening.add(this);
  }

  /** One step through the log. */
  async #read(away: number | undefined): Promise<void> {
    const feed = this.#feed;
    const before = this.#at;
    let read: Read;
    try {
      read = await feed.read(before, away);
    } catch {
      return feed.pause();
    }
    if (this.#isEnded) return undefined;
    // The hub has not come so far, or not to this life of the log yet: it asks before anybody is told of a gap, or becomes live.
    const { head } = feed;
    const lags = head === undefined || head.epoch !== read.head.epoch || before.at > head.at;
    if (lags) await this.#resync();
    if (this.#isEnded) return undefined;
    if ('gap' in read) return this.#tellGap(read.gap, read.head, read.missed);
    if (!read.entries.every((entry) => this.#give(feed.kept(entry)))) return undefined;
    const last = read.entries.at(-1);
    // There is no more, though the numbers go on.
    if (last === undefined && read.head.at > this.#at.at) this.#at = read.head;
    // Whoever answered is behind those who had told us.
    return isSame(this.#at, before) && !lags ? feed.pause() : undefined;
  }

  async #resync(): Promise<void> {
    this.#feed.sync();
    await this.#settled();
  }

  /** False: there is no room. */
  #give(message: Kept): boolean {
    if (!this.#peer.give(message.framed)) return false;
    this.#at = message.entry;
    return true;
  }

  /** It does not read, and goes on from the log when it does. */
  #fallBehind(): void {
    this.#feed.listening.delete(this);
    void this.#catchUp();
  }

  /** Undefined: this is over. */
  async #settledHead(): Promise<Position | undefined> {
    const feed = this.#feed;
    while (!this.#isEnded && !feed.isClosed) {
      const { head } = feed;
      if (head !== undefined) return head;
      await this.#settled();
    }
    return undefined;
  }

  #settled(): Promise<void> {
    return new Promise((resolve) => {
      const callOff = this.#feed.whenSettled(resolve);
      this.#stopWaiting = () => {
        callOff();
        resolve();
      };
    });
  }

  #tellGap(reason: GapReason, to: Position, missed?: number): void {
    this.#at = to;
    this.#tell('g', `${to.epoch} ${to.at} ${reason}${missed === undefined ? '' : ` ${missed}`}`);
  }

  #tell(kind: 'o' | '=' | 'g', what: string): void {
    this.#peer.say(`~${kind} ${this.#feed.alias} ${what}`);
  }
}
