/** What a page or a laptop does to its connections, on command. */
import type { Platform } from '../../adapters/lifecycle.ts';

export class RestlessPlatform implements Platform {
  readonly #events = new CountedTarget();
  readonly document = Object.assign(new CountedTarget(), { visibilityState: 'visible' });
  readonly navigator = { onLine: true, connection: Object.assign(new CountedTarget(), { type: 'wifi' }) };
  readonly #timers = new Set<unknown>();
  #slept = 0;

  addEventListener: EventTarget['addEventListener'] = (...given) => this.#events.addEventListener(...given);
  removeEventListener: EventTarget['removeEventListener'] = (...given) => this.#events.removeEventListener(...given);

  now(): number {
    return performance.now();
  }

  wallTime(): number {
    return Date.now() + this.#slept;
  }

  setInterval(callback: () => void, ms: number): unknown {
    const timer = setInterval(callback, ms).unref();
    this.#timers.add(timer);
    return timer;
  }

  clearInterval(timer: unknown): void {
    clearInterval(timer as NodeJS.Timeout);
    this.#timers.delete(timer);
  }

  goOffline(): () => void {
    this.navigator.onLine = false;
    this.#events.dispatchEvent(new Event('offline'));
    return () => {
      this.navigator.onLine = true;
      this.#events.dispatchEvent(new Event('online'));
    };
  }

  /** Into the back/forward cache, where no socket may be open. */
  cache(): () => void {
    const event = (type: string) => Object.assign(new Event(type), { persisted: true });
    this.#events.dispatchEvent(event('pagehide'));
    return () => this.#events.dispatchEvent(event('pageshow'));
  }

  hide(): () => void {
    this.#see('hidden');
    return () => this.#see('visible');
  }

  changeNetwork(): void {
    const { connection } = this.navigator;
    connection.type = connection.type === 'wifi' ? 'cellular' : 'wifi';
    connection.dispatchEvent(new Event('change'));
  }

  sleep(ms: number): void {
    this.#slept += ms;
  }

  /** Listeners and timers. */
  get watchers(): number {
    return this.#events.count + this.document.count + this.navigator.connection.count + this.#timers.size;
  }

  #see(state: 'hidden' | 'visible'): void {
    this.document.visibilityState = state;
    this.document.dispatchEvent(new Event('visibilitychange'));
  }
}

class CountedTarget extends EventTarget {
  readonly #listeners = new Set<unknown>();

  get count(): number {
    return this.#listeners.size;
  }

  override addEventListener(...[type, listener]: Parameters<EventTarget['addEventListener']>): void {
    this.#listeners.add(listener);
    super.addEventListener(type, listener);
  }

  override removeEventListener(...[type, listener]: Parameters<EventTarget['removeEventListener']>): void {
    this.#listeners.delete(listener);
    super.removeEventListener(type, listener);
  }
}
