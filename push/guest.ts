/** One client's line, at a hub: what it asks for, within bounds. */
import { isObject } from '../adapters/check.ts';
import type { Clock } from '../adapters/clock.ts';
import type { Feed } from './feed.ts';
import { longestRequest, marker, type Refusal } from './frames.ts';
import type { Peer } from './peer.ts';
import { positionIn } from './position.ts';
import { Subscription, type Wish } from './subscription.ts';
import { isTopicName } from './topic-name.ts';

/** What a listener may hear of a topic: all, nothing, or only what comes from now on. */
export type Permission = boolean | { history: boolean };

/** The hub, as its guests see it. */
export interface House<S> {
  /** How many topics a line may hear. */
  readonly most: number;
  permit(session: S, topic: string): Promise<Permission>;
  /** The topic, for one listener, who leaves it. */
  hear(topic: string): Feed;
  leave(topic: string): void;
  gone(guest: Guest<S>): void;
}

/** Frames that subscribe: so many at once, and a second. */
const burst = 100;
const perSecond = 20;
/** Longest `away`, ms. */
const longestAway = 2 ** 40;

interface GuestInput<S> {
  readonly hub: House<S>;
  readonly peer: Peer;
  readonly session: S;
  readonly clock: Clock;
}

/** One client's line. */
export class Guest<S> {
  readonly #input: GuestInput<S>;
  /** By topic. A symbol: whether it may hear it is being found out. */
  readonly #subscriptions = new Map<string, Subscription | symbol>();
  /** Frames that it may still send now. */
  #allowance = burst;
  #allowedAt: number;
  #isGone = false;

  constructor(input: GuestInput<S>) {
    this.#input = input;
    this.#allowedAt = input.clock.now();
  }

  get session(): S {
    return this.#input.session;
  }

  /** A text that begins with the marker, and not with two. What is not understood is passed over: it may be of a later version. */
  received(text: string): void {
    if (this.#isGone) return undefined;
    const kind = text.slice(0, 3);
    if (kind !== `${marker}s ` && kind !== `${marker}u `) return undefined;
    if (text.length > longestRequest)
      return this.#close(1009, `a frame that subscribes has at most ${longestRequest} characters`);
    if (!this.#isAllowed()) return this.#close(1013, `more than ${perSecond} frames a second that subscribe`);
    const wishes = wishesIn(text.slice(3));
    if (wishes === undefined) return this.#close(1008, 'a frame that subscribes is not as it has to be');
    for (const [topic, wish] of wishes) {
      this.#end(topic);
      if (kind === `${marker}s `) this.#subscribe(topic, wish);
    }
    return undefined;
  }

  left(): void {
    this.#isGone = true;
    for (const topic of this.#subscriptions.keys()) this.#end(topic);
    this.#input.hub.gone(this);
  }

  /** False: it did not hear it. */
  revoke(topic: string): boolean {
    if (!this.#end(topic)) return false;
    this.#refuse(topic, 'revoked');
    return true;
  }

  #subscribe(topic: string, [cursor, away]: readonly unknown[]): void {
    const { hub } = this.#input;
    if (this.#subscriptions.size >= hub.most) return this.#refuse(topic, 'too-many');
    const asked = Symbol(topic);
    this.#subscriptions.set(topic, asked);
    void this.#ask(topic, asked, {
      from: cursor === null || cursor === undefined ? undefined : (positionIn(cursor) ?? 'none'),
      away: typeof away === 'number' && away >= 0 && away <= longestAway ? away : undefined,
      history: true,
    });
    return undefined;
  }

  async #ask(topic: string, asked: symbol, wish: Wish): Promise<void> {
    const { hub, peer, session } = this.#input;
    let permission: Permission;
    try {
      permission = await hub.permit(session, topic);
    } catch (error) {
      // Of all that was asked at once, the first one sends it away.
      if (this.#subscriptions.get(topic) !== asked) return;
      console.warn('systole/push/server: a client is closed with 1011:', error);
      this.#close(1011, 'authorize() has failed');
      return;
    }
    if (this.#subscriptions.get(topic) !== asked) return;
    const history = historyIn(permission);
    if (history === undefined) {
      this.#subscriptions.delete(topic);
      this.#refuse(topic, 'denied');
      return;
    }
    this.#subscriptions.set(topic, new Subscription(hub.hear(topic), peer, { ...wish, history }));
  }

  /** False: it was not heard. */
  #end(topic: string): boolean {
    const its = this.#subscriptions.get(topic);
    if (its === undefined) return false;
    this.#subscriptions.delete(topic);
    if (typeof its === 'symbol') return true;
    its.end();
    this.#input.hub.leave(topic);
    return true;
  }

  #refuse(topic: string, code: Refusal): void {
    this.#input.peer.say(`${marker}x ${topic} ${code}`);
  }

  #close(code: number, reason: string): void {
    this.left();
    this.#input.peer.close(code, reason);
  }

  #isAllowed(): boolean {
    const now = this.#input.clock.now();
    this.#allowance = Math.min(burst, this.#allowance + ((now - this.#allowedAt) / 1_000) * perSecond) - 1;
    this.#allowedAt = now;
    return this.#allowance >= 0;
  }
}

/** Whether what was before is for it as well. Undefined: nothing is, for only a clear yes is one. */
function historyIn(permission: unknown): boolean | undefined {
  if (permission === true) return true;
  const history = isObject(permission) ? permission['history'] : undefined;
  return typeof history === 'boolean' ? history : undefined;
}

/** By topic, of which the last one counts, what is said of it. Undefined: it is not `["topic", …]` or `[["topic", cursor, away], …]`. */
function wishesIn(text: string): ReadonlyMap<string, readonly unknown[]> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const wishes = new Map<string, readonly unknown[]>();
  for (const each of value as unknown[]) {
    const [topic, ...wish] = Array.isArray(each) ? (each as unknown[]) : [each];
    if (!isTopicName(topic)) return undefined;
    wishes.set(topic, wish);
  }
  return wishes;
}
