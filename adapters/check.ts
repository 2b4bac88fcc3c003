/**
 * Options against rules. A rule answers with what an option takes, where it was given something else.
 */
import { longestTimer } from '../machines/backoff.ts';

export type Rule = (value: unknown) => string | undefined;
/** A pair: an option that is an object of options, or something simpler. */
export type Rules = { readonly [option: string]: Rule | Rules | readonly [simpler: Rule, Rules] };

/** A number from `least` to `most`, both included. */
function within(least: number, most: number, takes: string): Rule {
  return rule((value) => isNumber(value) && value >= least && value <= most, takes);
}

export function rule(isSound: (value: unknown) => boolean, takes: string): Rule {
  return (value) => (isSound(value) ? undefined : takes);
}

export const milliseconds = within(0, longestTimer, `a number of milliseconds from 0 to ${longestTimer}`);
export const positiveMilliseconds = within(
  Number.MIN_VALUE,
  longestTimer,
  `a number of milliseconds above 0 and at most ${longestTimer}`,
);
export const age = within(Number.MIN_VALUE, Infinity, 'a number of milliseconds above 0, or Infinity');
export const size = within(0, Infinity, 'a number from 0, or Infinity');
export const factor = within(1, 1_000, 'a number from 1 to 1000');
export const count = rule(
  (value) => value === Infinity || (Number.isInteger(value) && (value as number) >= 0),
  'a whole number from 0, or Infinity',
);
export const callable = rule(isFunction, 'a function');

export function oneOf(...words: readonly string[]): Rule {
  return rule((value) => words.includes(value as string), words.map((word) => `'${word}'`).join(' or '));
}

/** An object that holds what it says: neither a Map nor an instance of some class, whose entries would not be seen. */
export const plainObject = rule(isPlain, 'a plain object');

/** An object with these methods. */
export function having(methods: readonly string[], takes = `an object with ${methods.join('(), ')}()`): Rule {
  return rule((value) => isObject(value) && methods.every((name) => isFunction(value[name])), takes);
}

/** @throws {TypeError | RangeError} for the first option that is not what its rule takes, and for one that has no rule */
export function check(given: unknown, rules: Rules, path = ''): void {
  if (!isPlain(given)) {
    throw new TypeError(
      `${path.slice(0, -1) || 'options'} must be ${isObject(given) ? 'a plain object' : 'an object'}`,
    );
  }
  for (const [name, value] of Object.entries(given)) {
    const its = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (!its) throw new TypeError(`${path}${name} is not an option: there are ${Object.keys(rules).join(', ')}`);
    if (value === undefined) continue;
    const [simpler, nested] = partsOf(its);
    if (nested && (!simpler || isObject(value))) {
      check(value, nested, `${path}${name}.`);
      continue;
    }
    const takes = simpler?.(value);
    if (takes) {
      const Trouble = typeof value === 'number' && !nested ? RangeError : TypeError;
      throw new Trouble(`${path}${name} must be ${takes}`);
    }
  }
}

function partsOf(its: Rules[string]): readonly [simpler: Rule | undefined, nested?: Rules] {
  if (typeof its === 'function') return [its];
  return Array.isArray(its) ? (its as never) : [undefined, its as Rules];
}

export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && !Number.isNaN(value);
}

/** Such as TypeError, of any realm. A name may be anything, also what is not to be told. */
export function errorName(error: unknown): string {
  const name = String((error as Partial<Error> | undefined | null)?.name);
  return /^[A-Za-z]{0,40}(?:Error|Exception)$/.test(name) ? name : typeof error;
}

export function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

/** Made by `{}`, in any realm. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (!isObject(value) || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
