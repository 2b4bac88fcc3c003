import { surface } from './surface.ts';

/** One function listening twice is two listeners, each with an undoing of its own. */
export class Listeners<D> {
  /** Replaced and never changed, so that whoever walks along it is not disturbed. */
  all: readonly ((detail: D) => void)[] = [];

  /** The answer undoes it. */
  add(listener: (detail: D) => void): () => void {
    this.all = [...this.all, listener];
    let listens = true;
    return () => {
      if (!listens) return;
      listens = false;
      const at = this.all.indexOf(listener);
      this.all = this.all.filter((_, i) => i !== at);
    };
  }

  /** What one listener throws keeps nothing from the others. */
  call(detail: D): void {
    for (const listener of this.all) {
      try {
        listener(detail);
      } catch (error) {
        surface(error);
      }
    }
  }
}
