import { surface } from './surface.ts';

/**
 * Listeners as a list that is replaced and never changed, so that whoever walks along it is not disturbed. One function listening twice is two
 * listeners, each with an undoing of its own.
 */
export function listenIn<L>(get: () => readonly L[], set: (listeners: readonly L[]) => void, listener: L): () => void {
  set([...get(), listener]);
  let listens = true;
  return () => {
    if (!listens) return;
    listens = false;
    const at = get().indexOf(listener);
    set(get().filter((_, i) => i !== at));
  };
}

/** What one listener throws keeps nothing from the others. */
export function callEach<D>(listeners: readonly ((detail: D) => void)[], detail: D): void {
  for (const listener of listeners) {
    try {
      listener(detail);
    } catch (error) {
      surface(error);
    }
  }
}
