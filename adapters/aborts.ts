/**
 * Signals that close connections: one listener on each, however many connections it closes. Node warns of eleven
 * (https://nodejs.org/api/events.html#eventsdefaultmaxlisteners).
 */
type Signal = Pick<AbortSignal, 'addEventListener' | 'removeEventListener'>;

class Aborts {
  readonly #signal: Signal;
  readonly #closing = new Set<() => void>();
  readonly #abort = () => {
    for (const close of Array.from(this.#closing)) close();
  };

  constructor(signal: Signal) {
    this.#signal = signal;
  }

  add(close: () => void): () => void {
    if (this.#closing.size === 0) this.#signal.addEventListener('abort', this.#abort);
    this.#closing.add(close);
    return () => {
      this.#closing.delete(close);
      if (this.#closing.size === 0) this.#signal.removeEventListener('abort', this.#abort);
    };
  }
}

const known = new WeakMap<Signal, Aborts>();

/** The answer undoes it. */
export function onAbort(signal: Signal, close: () => void): () => void {
  const aborts = known.get(signal) ?? new Aborts(signal);
  known.set(signal, aborts);
  return aborts.add(close);
}
