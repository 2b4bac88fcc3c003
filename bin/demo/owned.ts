/**
 * What is not to outlive this process: processes that it has started, and their folders. It is ended when this process exits, also by a signal.
 */
const owned = new Set<() => void>();

/** @param end ends it at once @returns what is called when it has ended by itself */
export function own(end: () => void): () => void {
  if (owned.size === 0) process.on('exit', endAll);
  owned.add(end);
  return () => {
    owned.delete(end);
    if (owned.size === 0) process.off('exit', endAll);
  };
}

/** A signal for which nobody listens would end the process without an `exit`. @returns what undoes it */
export function exitOn(signals: Partial<Record<NodeJS.Signals, number>>): () => void {
  const listeners = Object.entries(signals).map(([signal, code]) => {
    const exit = () => process.exit(code);
    process.on(signal, exit);
    return () => process.off(signal, exit);
  });
  return () => listeners.forEach((undo) => undo());
}

function endAll(): void {
  for (const end of owned) end();
}
