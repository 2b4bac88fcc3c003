/** Who listens, and to what. */
import { surface } from './surface.ts';

/** One function listening twice is two listeners, each with an undoing of its own. */
export class Listeners<D> {
  /** Replaced and never changed, so that whoever walks along it is not disturbed. */
  all: readonly ((detail: D) => void)[] = nobody;

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

  clear(): void {
    this.all = nobody;
  }

  /** What one listener throws keeps nothing from the others. False: nobody listens. */
  call(detail: D): boolean {
    const { all } = this;
    for (const listener of all) {
      try {
        listener(detail);
      } catch (error) {
        surface(error);
      }
    }
    return all.length > 0;
  }
}

const nobody: readonly never[] = [];

/** Listeners by the type of what they hear; nothing is kept for a type that nobody hears. */
export class Emitter<E> {
  readonly #by: { [T in keyof E]?: Listeners<E[T]> } = {};

  of<T extends keyof E>(type: T): Listeners<E[T]> {
    return (this.#by[type] ??= new Listeners());
  }

  /** False: nobody listens. */
  emit<T extends keyof E>(type: T, detail: E[T]): boolean {
    return this.#by[type]?.call(detail) ?? false;
  }
}
