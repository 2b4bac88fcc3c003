/** Where cursors outlive a page. What cannot be read or written is none: push goes on from memory. */
import { isFunction, isObject } from '../adapters/check.ts';
import { type Position, cursorOf, positionIn } from './position.ts';

/** `sessionStorage`, a `Map`, or anything that gives and takes texts, also later. One for each page or process: two that share one overtake each other. */
export type CursorStore =
  | { getItem(key: string): string | null; setItem(key: string, value: string): void }
  | { get(key: string): unknown; set(key: string, value: string): unknown };

/** What is known of a topic. */
export interface Recorded {
  readonly position: Position;
  /** Epoch ms at which there was nothing that had not been heard. */
  readonly completeAt: number;
}

const prefix = 'systole:';

export class Records {
  readonly #read: (key: string) => unknown;
  readonly #write: (key: string, value: string) => unknown;
  readonly #failed: (error: unknown) => void;
  /** What is being written, and what is to be written after that. */
  readonly #writing = new Map<string, string | undefined>();

  /** @param failed told once */
  constructor(store: CursorStore, failed: () => void) {
    const isStorage = 'getItem' in store;
    this.#read = isStorage ? (key) => store.getItem(key) : (key) => store.get(key);
    this.#write = isStorage ? (key, value) => store.setItem(key, value) : (key, value) => store.set(key, value);
    let isTold = false;
    this.#failed = () => {
      if (!isTold) failed();
      isTold = true;
    };
  }

  /** Undefined: nothing is known, or what there is is not ours. Not a promise, where the store answers at once. */
  read(topic: string): Recorded | undefined | Promise<Recorded | undefined> {
    try {
      const found = this.#read(prefix + topic);
      if (!isThenable(found)) return recordedIn(found);
      return Promise.resolve(found).then(recordedIn, this.#failed) as Promise<Recorded | undefined>;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** One at a time: the last one counts. */
  write(topic: string, { position, completeAt }: Recorded): void {
    const value = `${cursorOf(position)} ${Math.round(completeAt)}`;
    if (this.#writing.has(topic)) this.#writing.set(topic, value);
    else this.#put(topic, value);
  }

  #put(topic: string, value: string): void {
    try {
      const written = this.#write(prefix + topic, value);
      if (!isThenable(written)) return;
      this.#writing.set(topic, undefined);
      void Promise.resolve(written)
        .catch(this.#failed)
        .finally(() => {
          const next = this.#writing.get(topic);
          this.#writing.delete(topic);
          if (next !== undefined) this.#put(topic, next);
        });
    } catch (error) {
      this.#failed(error);
    }
  }
}

function recordedIn(value: unknown): Recorded | undefined {
  if (typeof value !== 'string') return undefined;
  const [cursor, completeAt] = value.split(' ', 2);
  const position = positionIn(cursor);
  return position && { position, completeAt: Number(completeAt) };
}

function isThenable(value: unknown): boolean {
  return isObject(value) && isFunction(value['then']);
}
