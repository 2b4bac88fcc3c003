/**
 * What the platform does to a page, and a lid to a laptop, as facts for the machine. One set of listeners and one timer for all connections of a
 * process or page, none of them left after the last.
 *
 * - `online`, `offline`, and another kind of network (`navigator.connection.type`; its other changes are mere measurements).
 * - `visibilitychange`, `resume` after a freeze (https://developer.chrome.com/docs/web-platform/page-lifecycle-api).
 * - `pagehide` with `persisted`: the page enters the back/forward cache, where no socket may be open; `pageshow` brings it back.
 * - Sleep: the wall clock has run on while the monotonic one stood still (nodejs/node#47724), or a timer is minutes late.
 */
import type { Obstacle, WorldFact } from '../machines/events.ts';
import { systemClock } from './clock.ts';
import type * as Dom from './dom.ts';

export interface LifecycleOptions {
  /** What becomes of a dial that is due while nobody sees the page. Default `dial`: what is pushed must arrive. `hold`: it waits to be seen. */
  whileHidden?: 'dial' | 'hold' | undefined;
  /** What to listen to. Default: this page, worker or process. */
  platform?: Platform | undefined;
}

/** What is used of a page, a worker or Node; what it does not have is not listened to. */
export interface Platform {
  addEventListener?: Dom.EventTarget['addEventListener'];
  removeEventListener?: Dom.EventTarget['removeEventListener'];
  document?: (Dom.EventTarget & { visibilityState?: string }) | undefined;
  navigator?: { onLine?: boolean; connection?: Dom.EventTarget & { type?: string } } | undefined;
  /** Monotonic ms. */
  now(): number;
  /** Epoch ms. */
  wallTime(): number;
  setInterval(callback: () => void, ms: number): unknown;
  clearInterval(id: unknown): void;
}

/** Who is told. */
export interface WorldWatcher {
  tell(fact: WorldFact): void;
}

/** How often the clocks are compared, ms. */
const pace = 2_000;
/** The clocks differ by more than what setting one right does in between, ms. */
const leap = 2_000;
/** Where the monotonic clock runs on during sleep, only lateness tells, ms: twice what browsers delay the timers of hidden pages by. */
const lateness = 120_000;

export class Lifecycle {
  readonly #platform: Platform;
  readonly #watchers = new Set<WorldWatcher>();
  #stop: (() => void) | undefined;
  /** The page is in the back/forward cache, or on its way. */
  #isCached = false;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** Tells of what happens from now on. */
  watch(watcher: WorldWatcher): void {
    this.#watchers.add(watcher);
    this.#stop ??= this.#start();
  }

  unwatch(watcher: WorldWatcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }

  obstacle(whileHidden: LifecycleOptions['whileHidden']): Obstacle | undefined {
    const { document, navigator } = this.#platform;
    if (this.#isCached || (whileHidden === 'hold' && document?.visibilityState === 'hidden')) return 'unseen';
    return navigator?.onLine === false ? 'offline' : undefined;
  }

  #start(): () => void {
    const { document, navigator } = this.#platform;
    const network = navigator?.connection;
    let kind = network?.type;
    const undo = [
      hear(this.#platform, 'online', () => this.#tell({ type: 'world.woke', reason: 'network' })),
      hear(this.#platform, 'offline', () => this.#tell({ type: 'world.wentOffline' })),
      hear(network, 'change', () => {
        const before = kind;
        kind = network?.type;
        // `none` is told by `offline`, and the way back from it by `online`.
        const isOther = kind !== before && kind !== 'none' && before !== 'none';
        if (isOther) this.#tell({ type: 'world.woke', reason: 'network' });
      }),
      hear(document, 'visibilitychange', () => {
        if (document?.visibilityState === 'visible') this.#tell({ type: 'world.woke', reason: 'visible' });
      }),
      hear(document, 'resume', () => this.#tell({ type: 'world.woke', reason: 'freeze' })),
      hear(this.#platform, 'pagehide', (event) => {
        if (!(event as PageTransitionEvent).persisted) return;
        this.#isCached = true;
        this.#tell({ type: 'world.suspended' });
      }),
      hear(this.#platform, 'pageshow', (event) => {
        this.#isCached = false;
        if ((event as PageTransitionEvent).persisted) this.#tell({ type: 'world.woke', reason: 'freeze' });
      }),
      this.#watchClocks(),
    ];
    return () => {
      for (const each of undo) each();
      this.#isCached = false;
    };
  }

  #watchClocks(): () => void {
    const platform = this.#platform;
    let then = { now: platform.now(), wallTime: platform.wallTime() };
    const timer = platform.setInterval(() => {
      const now = { now: platform.now(), wallTime: platform.wallTime() };
      const elapsed = now.now - then.now;
      const slept = now.wallTime - then.wallTime - elapsed > leap || elapsed > lateness;
      then = now;
      if (slept) this.#tell({ type: 'world.woke', reason: 'sleep' });
    }, pace);
    return () => platform.clearInterval(timer);
  }

  #tell(fact: WorldFact): void {
    // Who begins to watch because of it is not told of it.
    for (const watcher of Array.from(this.#watchers)) watcher.tell(fact);
  }
}

function hear(
  target: Pick<Platform, 'addEventListener' | 'removeEventListener'> | undefined,
  type: string,
  listener: (event: Event) => void,
): () => void {
  target?.addEventListener?.(type, listener);
  return () => target?.removeEventListener?.(type, listener);
}

/** One for each platform, however many connections it has. */
export function lifecycleOf({ platform }: LifecycleOptions): Lifecycle {
  if (platform === undefined) return own;
  const known = others.get(platform) ?? new Lifecycle(platform);
  others.set(platform, known);
  return known;
}

const others = new WeakMap<Platform, Lifecycle>();

const here = globalThis as Partial<Platform>;

/** The one of this process or page. What it has is looked up when it is needed: a test tool may bring a page later. */
const own = new Lifecycle({
  addEventListener: (...args: Parameters<EventTarget['addEventListener']>) => here.addEventListener?.(...args),
  removeEventListener: (...args: Parameters<EventTarget['removeEventListener']>) => here.removeEventListener?.(...args),
  get document() {
    return here.document;
  },
  get navigator() {
    return here.navigator;
  },
  ...systemClock,
  setInterval(callback, ms) {
    const timer: unknown = setInterval(callback, ms);
    // On Node it holds up no process.
    (timer as { unref?: () => void }).unref?.();
    return timer;
  },
  clearInterval: (id) => clearInterval(id as number),
});
