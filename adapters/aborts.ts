/**
 * Signals that close connections: one listener on each, however many connections it closes. Node warns of eleven
 * (https://nodejs.org/api/events.html#eventsdefaultmaxlisteners).
 */
type Signal = Pick<AbortSignal, 'addEventListener' | 'removeEventListener'>;

/** A signal takes the same listener once. */
class Aborts extends Set<() => void> {
  readonly listener = () => {
    for (const close of Array.from(this)) close();
  };
}

const known = new WeakMap<Signal, Aborts>();

/** The answer undoes it. */
export function onAbort(signal: Signal, close: () => void): () => void {
  const aborts = known.get(signal) ?? new Aborts();
  known.set(signal, aborts.add(close));
  signal.addEventListener('abort', aborts.listener);
  return () => {
    aborts.delete(close);
    if (aborts.size === 0) signal.removeEventListener('abort', aborts.listener);
  };
}
