/** A page or a laptop that does on command to its connections what they do. */
import type { Platform } from '../../adapters/lifecycle.ts';

/** Where it takes its time from; `setInterval` answers with what stops it. */
export interface PageClock {
  /** Monotonic ms. */
  now(): number;
  /** Epoch ms. */
  wallTime(): number;
  setInterval(callback: () => void, ms: number): () => void;
}

export class RestlessPage implements Platform {
  readonly document = Object.assign(new CountedTarget(), { visibilityState: 'visible' });
  readonly navigator = { onLine: true, connection: Object.assign(new CountedTarget(), { type: 'wifi' }) };
  readonly #clock: PageClock;
  readonly #window = new CountedTarget();
  readonly #intervals = new Set<() => void>();

  constructor(clock: PageClock) {
    this.#clock = clock;
  }

  /** How many there are. */
  get listeners(): number {
    return this.#window.count + this.document.count + this.navigator.connection.count;
  }

  get intervals(): number {
    return this.#intervals.size;
  }

  setOnline(isOnline: boolean): void {
    if (this.navigator.onLine === isOnline) return;
    this.navigator.onLine = isOnline;
    this.#window.dispatchEvent(new Event(isOnline ? 'online' : 'offline'));
  }

  setVisible(isVisible: boolean): void {
    const state = isVisible ? 'visible' : 'hidden';
    if (this.document.visibilityState === state) return;
    this.document.visibilityState = state;
    this.document.dispatchEvent(new Event('visibilitychange'));
  }

  changeNetwork(): void {
    const { connection } = this.navigator;
    connection.type = connection.type === 'wifi' ? 'cellular' : 'wifi';
    connection.dispatchEvent(new Event('change'));
  }

  freeze(): void {
    this.document.dispatchEvent(new Event('freeze'));
  }

  resume(): void {
    this.document.dispatchEvent(new Event('resume'));
  }

  /** Into the back/forward cache, where no socket may be open. */
  suspend(): void {
    this.#window.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: true }));
  }

  restore(): void {
    this.#window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
  }

  // What a connection uses.

  addEventListener: EventTarget['addEventListener'] = (...given) => this.#window.addEventListener(...given);
  removeEventListener: EventTarget['removeEventListener'] = (...given) => this.#window.removeEventListener(...given);

  now(): number {
    return this.#clock.now();
  }

  wallTime(): number {
    return this.#clock.wallTime();
  }

  setInterval(callback: () => void, ms: number): unknown {
    const stop = this.#clock.setInterval(callback, ms);
    this.#intervals.add(stop);
    return stop;
  }

  clearInterval(stop: unknown): void {
    if (this.#intervals.delete(stop as () => void)) (stop as () => void)();
  }
}

/** Counts as the DOM does: a listener once for each type, however often it is added. */
class CountedTarget extends EventTarget {
  readonly #listeners = new Map<string, Set<unknown>>();

  get count(): number {
    let count = 0;
    for (const { size } of this.#listeners.values()) count += size;
    return count;
  }

  override addEventListener(...[type, listener]: Parameters<EventTarget['addEventListener']>): void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
    super.addEventListener(type, listener);
  }

  override removeEventListener(...[type, listener]: Parameters<EventTarget['removeEventListener']>): void {
    this.#listeners.get(type)?.delete(listener);
    super.removeEventListener(type, listener);
  }
}
