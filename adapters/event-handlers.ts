/**
 * How the attributes `on<type>` of a class behave (HTML §8.1.8.1).
 */
import { Event, EventTarget } from './event-family.ts';

/** workerd's `EventTarget` calls what `on<type>` says by itself; who calls it again calls it twice. */
const callsHandlers = ((): boolean => {
  let calls = 0;
  const target = Object.assign(new EventTarget(), { ontry: () => (calls += 1) });
  target.dispatchEvent(new Event('try'));
  return calls > 0;
})();

/** The event handler attributes of one target (HTML §8.1.8.1). */
export class Handlers {
  readonly #target: EventTarget;
  readonly #set: { [type: string]: { value: unknown; listener: (event: Event) => void } | undefined } = {};

  constructor(target: EventTarget) {
    this.#target = target;
  }

  get(type: string): unknown {
    return this.#set[type]?.value ?? null;
  }

  /** It keeps the place in which it was first set, until it is set to what is no object. */
  set(type: string, value: unknown): void {
    const handler = this.#set[type];
    const isObject = typeof value === 'function' || (typeof value === 'object' && value !== null);
    if (callsHandlers) this.#set[type] = isObject ? { value, listener: () => {} } : undefined;
    else if (!isObject) {
      if (handler !== undefined) this.#target.removeEventListener(type, handler.listener);
      this.#set[type] = undefined;
    } else if (handler !== undefined) handler.value = value;
    else {
      const made = {
        value,
        listener: (event: Event) => {
          // What cannot be called is kept, and not called.
          if (typeof made.value === 'function') made.value.call(this.#target, event);
        },
      };
      this.#set[type] = made;
      this.#target.addEventListener(type, made.listener);
    }
  }
}

/** The attributes `on<type>` of a class whose instances have {@link Handlers}. */
export function defineHandlers<I extends object>(
  prototype: I,
  types: readonly string[],
  handlersOf: (instance: I) => Handlers,
): void {
  for (const type of types) {
    const accessor = {
      get [`on${type}`](): unknown {
        return handlersOf(this as never).get(type);
      },
      set [`on${type}`](value: unknown) {
        handlersOf(this as never).set(type, value);
      },
    };
    Object.defineProperties(prototype, Object.getOwnPropertyDescriptors(accessor));
  }
}
