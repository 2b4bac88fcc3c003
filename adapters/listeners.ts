/** Who listens, and to what. */
import { surface } from './surface.ts';

export interface Listener<D> {
  (detail: D): void;
  /** The listener that is called by this one, once. */
  of?: Listener<D>;
}

/** One function listening twice is two listeners, each with an undoing of its own. */
export class Listeners<D> {
  /** Replaced and never changed, so that whoever walks along it is not disturbed. */
  all: readonly Listener<D>[] = nobody;

  /** The answer undoes it. */
  add(listener: Listener<D>): () => void {
    // An array that is spread has room for sixteen more.
    this.all = this.all.concat(listener);
    let listens = true;
    return () => {
      if (!listens) return;
      listens = false;
      this.remove(listener);
    };
  }

  /** It is gone before it is called: what it does may bring the next one about. */
  addOnce(listener: Listener<D>): () => void {
    const once: Listener<D> = (detail) => {
      undo();
      listener(detail);
    };
    once.of = listener;
    const undo = this.add(once);
    return undo;
  }

  /** Once, however it was added. */
  remove(listener: Listener<D>): void {
    const at = this.all.findIndex((each) => each === listener || each.of === listener);
    this.all = this.all.filter((_, i) => i !== at);
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

/** @throws {TypeError} for an event that there is not, and for what cannot hear */
export function checkListener(types: ReadonlySet<string>, type: unknown, listener: unknown): void {
  if (!types.has(type as string)) {
    throw new TypeError(`${String(type)} is not an event: there are ${[...types].join(', ')}`);
  }
  if (typeof listener !== 'function') throw new TypeError('listener must be a function');
}
