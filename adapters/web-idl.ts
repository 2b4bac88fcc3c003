/**
 * What Web IDL (https://webidl.spec.whatwg.org/) makes of a class: how values are converted, and what its members look like.
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

/** A string or a sequence of them. @throws {TypeError} */
export function domStrings(value: unknown): string[] {
  const isSequence =
    typeof value === 'object' && (value as Partial<Iterable<unknown>> | null)?.[Symbol.iterator] != null;
  return isSequence ? Array.from(value as Iterable<unknown>, domString) : [domString(value)];
}

/** What is nothing else becomes a string. @throws {TypeError} for a symbol */
export function sendable(data: unknown): Sendable {
  return isBinary(data) ? data : domString(data);
}

export interface Interface {
  readonly name: string;
  /** In their order, with spaces between. */
  readonly members: string;
  readonly constants: Readonly<Record<string, number>>;
  /** The arguments that each method cannot do without. */
  readonly lengths: Readonly<Record<string, number>>;
}

/**
 * A class as Web IDL defines one: members that can be enumerated, in their order; constants on the class too, none of them to be changed; a name for
 * `toString()`. What the class has beyond them is not enumerated.
 */
export function asInterface(
  Class: { readonly prototype: object },
  { name, members, constants, lengths }: Interface,
): void {
  Object.defineProperty(Class, 'name', { value: name });
  const { prototype } = Class;
  const own = Object.getOwnPropertyDescriptors(prototype) as Record<string, PropertyDescriptor>;
  for (const member of Object.keys(own)) Reflect.deleteProperty(prototype, member);
  for (const member of members.split(' ')) {
    if (Object.hasOwn(constants, member)) {
      const constant = { value: constants[member], enumerable: true };
      for (const each of [Class, prototype]) Object.defineProperty(each, member, constant);
    } else Object.defineProperty(prototype, member, { ...own[member], enumerable: member !== 'constructor' });
    delete own[member];
  }
  for (const [method, length] of Object.entries(lengths)) {
    Object.defineProperty((prototype as Record<string, unknown>)[method], 'length', { value: length });
  }
  for (const [member, beyond] of Object.entries(own))
    Object.defineProperty(prototype, member, { ...beyond, enumerable: false });
  Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });
}
