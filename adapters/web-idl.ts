/**
 * What Web IDL (https://webidl.spec.whatwg.org/) and HTML make of a class: how values are converted, what its members look like, and how `on<type>`
 * attributes behave.
 */
import { isBinary, type Sendable } from './buffer.ts';

/** `[Clamp] unsigned short` (Web IDL §3.2.4.9): halves go to the even neighbour. */
export function clampedShort(value: number): number {
  const clamped = Math.min(Math.max(value || 0, 0), 65_535);
  const whole = Math.floor(clamped);
  const isUp = clamped - whole > 0.5 || (clamped - whole === 0.5 && whole % 2 === 1);
  return isUp ? whole + 1 : whole;
}

/** As Web IDL converts a value to a string. @throws {TypeError} for a symbol */
export function domString(value: unknown): string {
  if (typeof value === 'symbol') throw new TypeError('a symbol cannot be made a string');
  return String(value);
}

/** A sequence of strings. Undefined: it is an object that has no members. @throws {TypeError} */
export function domStrings(value: unknown): string[] | undefined {
  if (typeof value !== 'object' || value === null) return [domString(value)];
  return Symbol.iterator in value ? Array.from(value as Iterable<unknown>, domString) : undefined;
}

/** What is nothing else becomes a string. @throws {TypeError} for a symbol */
export function sendable(data: unknown): Sendable {
  return isBinary(data) ? data : domString(data);
}

/** Constants on the class and on its prototype, none of them to be changed; members that can be enumerated; a name for `toString()`. */
export function asInterface(
  Class: { readonly prototype: object },
  name: string,
  constants: Readonly<Record<string, number>>,
): void {
  const { prototype } = Class;
  for (const member of Object.getOwnPropertyNames(prototype)) {
    if (member !== 'constructor') Object.defineProperty(prototype, member, { enumerable: true });
  }
  for (const [constant, value] of Object.entries(constants)) {
    for (const each of [Class, prototype]) Object.defineProperty(each, constant, { value, enumerable: true });
  }
  Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });
}

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
    if (!isObject) {
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
