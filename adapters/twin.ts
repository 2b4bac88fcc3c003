/**
 * A class that is another one in all but how it is constructed: the same parent, members of its own, so that deleting or patching one of them is no
 * other class's business, and `instanceof` holds both ways.
 */
type Constructor = abstract new (...args: never[]) => object;

/** Whose prototype it is, where a twin has one of its own. */
const originals = new WeakMap<object, object>();

/** @param argumentsFrom what the original is constructed with, of what the twin was */
export function twinOf<C extends Constructor>(
  original: C,
  argumentsFrom: (given: readonly unknown[]) => readonly unknown[],
): C {
  // oxlint-disable-next-line typescript/no-extraneous-class -- its members are copied
  const Twin = class {
    constructor(...given: unknown[]) {
      // oxlint-disable-next-line no-constructor-return -- it is what a constructor of a derived class makes
      return Reflect.construct(original, argumentsFrom(given), new.target) as Twin;
    }
  };
  type Twin = InstanceType<typeof Twin>;
  copyOwn(original, Twin, 'prototype');
  copyOwn(original.prototype as object, Twin.prototype, 'constructor');
  originals.set(Twin.prototype, originalOf(original.prototype as object));
  return Twin as unknown as C;
}

/** `instanceof`, for a class that has twins, and for those that extend one. */
export function isInstance(Class: unknown, value: unknown): boolean {
  const wanted = typeof Class === 'function' ? originalOf(Class.prototype as object) : undefined;
  for (let at: unknown = value; typeof at === 'object' && at !== null;) {
    at = Object.getPrototypeOf(at);
    if (at && originalOf(at) === wanted) return true;
  }
  return false;
}

function originalOf(prototype: object): object {
  return originals.get(prototype) ?? prototype;
}

/** In their order. @param kept the one that each of them has for itself */
function copyOwn(from: object, to: object, kept: string): void {
  const members = Object.getOwnPropertyDescriptors(from) as Record<PropertyKey, PropertyDescriptor>;
  members[kept] = Object.getOwnPropertyDescriptor(to, kept)!;
  Reflect.deleteProperty(to, kept);
  Object.setPrototypeOf(to, Object.getPrototypeOf(from) as object | null);
  Object.defineProperties(to, members);
}
