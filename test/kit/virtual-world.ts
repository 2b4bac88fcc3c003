/**
 * A clock, a network and a WebSocket class that share one deterministic schedule: hours of life in milliseconds, the same for the same seed. Nothing
 * global is replaced; what lives here is given its clock, its chance, its WebSocket and its platform by option:
 *
 * ```ts
 * const world = virtualWorld({ seed: 7 });
 * const connection = connect('ws://virtual', world.options);
 * await world.run(60_000); // connection.state is 'alive'
 * world.silence();
 * await world.run(70_000); // it is 'connecting', cause 'silent'
 * ```
 */
import { setImmediate as turn } from 'node:timers/promises';

import { check, isFunction, isObject, milliseconds, oneOf, type Rule, type Rules } from '../../adapters/check.ts';
import type { Clock } from '../../adapters/clock.ts';
import type { Platform } from '../../adapters/lifecycle.ts';
import type { WebSocketClass } from '../../adapters/web-socket.ts';
import { FaultyLine, healthy, type FaultSettings } from './faults.ts';
import { type Data, Host, type Manners } from './manners.ts';
import { RestlessPage } from './page.ts';
import { chance, checkTime, Schedule, type Task } from './schedule.ts';
import {
  type Habits,
  type VirtualLink,
  VirtualNodeWebSocket,
  type VirtualPeer,
  type VirtualServer,
  VirtualWebSocket,
} from './virtual-web-socket.ts';

export interface VirtualWorldOptions {
  /** The same seed, the same world. Default 1. */
  seed?: number;
  /** The WebSocket class it has the habits of. Default `browser`. */
  like?: Habits;
  /** Ms from one end to the other. Default 20. */
  delay?: number;
  /** Up to so many ms more, each time. Default 5. */
  jitter?: number;
  /** Epoch ms at which it begins. Default 2026-01-01. */
  begins?: number;
}

/** Hears what its WebSockets do. */
export interface Watcher {
  dialled?(socket: VirtualWebSocket): void;
  /** The app has sent it. */
  wrote?(socket: VirtualWebSocket, data: Data): void;
  /** Before and after the handlers of an event are called. `data`: of a message. */
  firing?(socket: VirtualWebSocket, type: string, data: unknown): void;
  fired?(socket: VirtualWebSocket, type: string, data: unknown): void;
}

/** For `connect()`, to be spread among other options. */
export interface WorldlyOptions {
  clock: Required<Clock>;
  random: () => number;
  WebSocket: WebSocketClass;
  lifecycle: { platform: Platform };
}

/** @throws {TypeError | RangeError} naming the option at fault */
export function virtualWorld(options: VirtualWorldOptions = {}): VirtualWorld {
  check(options, worldRules);
  return new VirtualWorld(options);
}

/** What is done to its network holds for all links, and for those to come. */
export class VirtualWorld extends FaultyLine {
  readonly options: WorldlyOptions;
  /** 0 ≤ x < 1, for you. */
  readonly random: () => number;
  /** WebSockets that have not closed. */
  readonly sockets = new Set<VirtualWebSocket>();
  /** Connections, also those that are being made. */
  readonly links = new Set<VirtualLink>();
  /** How many WebSockets there were. */
  dials = 0;
  /** What the server of `id-heartbeat` says that answers every dial, until you `serve()` another one. */
  readonly host: Host<VirtualPeer>;
  server: VirtualServer;
  isRefusing = false;

  /** All that is not the client's: the network and the servers, in true time. */
  readonly nature = new Schedule();
  readonly #begins: number;
  readonly #watchers = new Set<Watcher>();
  readonly #page: RestlessPage;

  // The client's device. Its clocks may stand still or be wrong.
  readonly #timers = new Schedule();
  #asleep = 0;
  #clockError = 0;
  /** The event loop stands still: what arrives waits, what is due is late. */
  #isStalled = false;
  #inbox: (() => void)[] = [];

  constructor({
    seed = 1,
    like = 'browser',
    delay = 20,
    jitter = 5,
    begins = Date.UTC(2026, 0, 1),
  }: VirtualWorldOptions) {
    super({ ...healthy, delayed: delay, jitter, random: chance(seed) });
    this.random = chance(seed ^ 0x5bd1e995);
    this.#begins = begins;
    const clock: Required<Clock> = {
      now: () => this.#begins + this.#awake,
      wallTime: () => this.#begins + this.time + this.#clockError,
      setTimeout: (callback, ms) => this.#timers.at(this.#awake + Math.max(0, ms), callback),
      clearTimeout: (id) => this.#timers.callOff(id as Task | undefined),
    };
    this.#page = new RestlessPage({ ...clock, setInterval: (callback, ms) => repeat(clock, callback, ms) });
    this.host = new Host(this.serverClock);
    this.server = welcoming(this.host);
    this.options = {
      clock,
      random: chance(seed ^ 0x2545f491),
      WebSocket: this.#webSocketClass(like),
      lifecycle: { platform: this.#page },
    };
  }

  /** Ms since the beginning. */
  get time(): number {
    return this.nature.now;
  }

  /** Timers of the client that are still to fire, and listeners to its platform. */
  get leftovers(): { timers: number; listeners: number } {
    return { timers: this.#timers.size, listeners: this.#page.listeners };
  }

  /** The time where the servers are: for one of your own, in place of `Date.now` and `setTimeout`. */
  get serverClock(): Required<Clock> {
    return {
      now: () => this.#begins + this.time,
      wallTime: () => this.#begins + this.time,
      setTimeout: (callback, ms) => this.nature.at(this.time + ms, callback),
      clearTimeout: (task) => this.nature.callOff(task as Task | undefined),
    };
  }

  // Time.

  /**
   * Lets time pass, in order of what is due; between any two things that happen, promises are kept. Nothing moves without it: who awaits an event of the
   * world has to let it run. Promises that wait for something real, such as a file, are not waited for.
   * What a handler throws, it throws; what was to happen after that happens in the next run.
   * @throws {TypeError | RangeError}
   */
  async run(ms: number): Promise<void> {
    checkTime('run', 'ms', ms);
    await turn();
    const until = this.time + ms;
    for (;;) {
      const timer = this.#timerDue;
      const next = this.#nextDue;
      if (next > until) break;
      this.#pass(next);
      if (timer <= next) this.#timers.runNext();
      else this.nature.runNext();
      await turn();
    }
    this.#pass(until);
  }

  /** Lets time pass until it is true. @throws {Error} if it is not within `limit` ms, default an hour @throws {TypeError | RangeError} for another limit */
  async until(isTrue: () => boolean, limit = 3_600_000): Promise<void> {
    checkTime('until', 'limit', limit);
    const end = this.time + limit;
    await turn();
    while (!isTrue()) {
      const next = this.#nextDue;
      if (next > end) {
        const { sockets, leftovers } = this;
        throw new Error(
          `until: not within ${limit} ms; there are ${sockets.size} WebSockets and ${leftovers.timers} timers`,
        );
      }
      await this.run(next - this.time);
    }
  }

  // The network; what else can be done to it, `FaultyLine` says.

  /** The server of `id-heartbeat` behaves so from now on, in all else well. @throws {TypeError | RangeError} naming the manner at fault */
  behave(manners: Partial<Manners> = {}): void {
    this.host.behave(manners);
  }

  /** Another server answers every dial from now on. @throws {TypeError} for what is none */
  serve(server: VirtualServer): void {
    check({ server: server ?? null }, { server: serverRule }, 'serve: ');
    this.server = server;
  }

  /** The servers say it to every client. */
  push(data: Data): void {
    for (const { peer } of this.links) peer?.send(data);
  }

  override adjust(change: Partial<FaultSettings>): void {
    super.adjust(change);
    for (const link of this.links) link.adjust(change);
  }

  /** The network is as it was in the beginning. */
  override heal(): void {
    this.isRefusing = false;
    super.heal();
  }

  reset(): void {
    for (const link of Array.from(this.links)) link.reset();
  }

  /** A router forgets every connection: whatever the client says next is answered with a reset, and nothing else passes. */
  forget(): void {
    for (const link of this.links) link.forget();
  }

  /** Dials are refused from now on, until `heal()`. */
  refuse(): void {
    this.isRefusing = true;
  }

  // The client's device.

  /** It sleeps: its monotonic clock stands still, its wall clock and the world go on. */
  async sleep(ms: number): Promise<void> {
    checkTime('sleep', 'ms', ms);
    await this.#stand(ms, true);
  }

  /** Its event loop is blocked: all its clocks run on, and what is due is late. Then timers come before what has arrived, as in every event loop. */
  async stall(ms: number): Promise<void> {
    checkTime('stall', 'ms', ms);
    await this.#stand(ms);
  }

  /** As `stall`, and the page is told when it resumes. */
  async freeze(ms: number): Promise<void> {
    checkTime('freeze', 'ms', ms);
    this.#page.freeze();
    try {
      await this.#stand(ms);
    } finally {
      this.#page.resume();
    }
    await turn();
  }

  /** Its wall clock is set: `ms` ahead of where it is; negative: back. */
  setClock(ms: number): void {
    check({ ms: ms ?? null }, { ms: finite }, 'setClock: ');
    this.#clockError += ms;
  }

  /** What the device believes of its network: a hint. It cuts nothing; `silence()` does. */
  offline(): void {
    this.#page.setOnline(false);
  }

  online(): void {
    this.#page.setOnline(true);
  }

  hide(): void {
    this.#page.setVisible(false);
  }

  show(): void {
    this.#page.setVisible(true);
  }

  /** The page enters the back/forward cache, and comes back after `ms`. */
  async suspend(ms: number): Promise<void> {
    checkTime('suspend', 'ms', ms);
    this.#page.suspend();
    await turn();
    try {
      await this.#stand(ms);
    } finally {
      this.#page.restore();
    }
    await turn();
  }

  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  // For its WebSockets.

  began(socket: VirtualWebSocket): void {
    this.dials += 1;
    this.sockets.add(socket);
    this.links.add(socket.link);
    for (const watcher of this.#watchers) watcher.dialled?.(socket);
  }

  ended(socket: VirtualWebSocket): void {
    this.sockets.delete(socket);
  }

  unlinked(link: VirtualLink): void {
    this.links.delete(link);
  }

  wrote(socket: VirtualWebSocket, data: Data): void {
    for (const watcher of this.#watchers) watcher.wrote?.(socket, data);
  }

  firing(socket: VirtualWebSocket, type: string, data: unknown): void {
    for (const watcher of this.#watchers) watcher.firing?.(socket, type, data);
  }

  fired(socket: VirtualWebSocket, type: string, data: unknown): void {
    for (const watcher of this.#watchers) watcher.fired?.(socket, type, data);
  }

  /** To the client, when it can take it. */
  deliver(what: () => void): void {
    if (this.#isStalled) this.#inbox.push(what);
    else what();
  }

  async #stand(ms: number, isAsleep = false): Promise<void> {
    const since = this.time;
    this.#isStalled = true;
    try {
      await this.run(ms);
    } finally {
      this.#isStalled = false;
      if (isAsleep) this.#asleep += this.time - since;
      this.#pass(this.time);
      for (const deliver of this.#inbox) this.nature.at(this.time, deliver);
      this.#inbox = [];
    }
    await this.run(0);
  }

  /** Ms that the device has been awake. */
  get #awake(): number {
    return this.time - this.#asleep;
  }

  /** When a timer of the client fires next, in true time. */
  get #timerDue(): number {
    return this.#isStalled ? Infinity : this.#timers.due + this.#asleep;
  }

  /** When the next thing happens; at once, where a timer is late. */
  get #nextDue(): number {
    return Math.max(this.time, Math.min(this.#timerDue, this.nature.due));
  }

  #pass(time: number): void {
    this.nature.now = time;
    this.#timers.now = this.#awake;
  }

  #webSocketClass(like: Habits): WebSocketClass {
    // oxlint-disable-next-line no-this-alias, unicorn/no-this-assignment -- the class below has a `this` of its own
    const world = this;
    const Base = like === 'ws' ? VirtualNodeWebSocket : VirtualWebSocket;
    return class WebSocket extends Base {
      constructor(url: string, protocols?: string | readonly string[]) {
        super(world, like, url, protocols);
      }
    };
  }
}

const finite: Rule = (value) => (Number.isFinite(value) ? undefined : 'a number');
const worldRules: Rules = {
  seed: finite,
  like: oneOf('browser', 'ws', 'undici'),
  delay: milliseconds,
  jitter: milliseconds,
  begins: finite,
};

const serverRule: Rule = (value) =>
  isObject(value) && ['upgrade', 'opened', 'received', 'gone'].some((name) => isFunction(value[name]))
    ? undefined
    : 'an object with upgrade(), opened(), received() or gone()';

function welcoming(host: Host<VirtualPeer>): VirtualServer {
  return {
    upgrade() {
      const { upgrade, retryAfter } = host.manners;
      if (upgrade === 'accept') return undefined;
      if (upgrade === 'hang') return 'hang';
      return { status: upgrade, ...(retryAfter !== undefined && { headers: { 'retry-after': String(retryAfter) } }) };
    },
    opened: (peer) => host.opened(peer),
    received: (peer, data) => typeof data === 'string' && void host.received(peer, data),
    gone: (peer) => host.gone(peer),
  };
}

/** @returns what stops it */
function repeat(clock: Required<Clock>, callback: () => void, ms: number): () => void {
  const again = () => {
    timer = clock.setTimeout(again, ms);
    callback();
  };
  let timer = clock.setTimeout(again, ms);
  return () => clock.clearTimeout(timer);
}
