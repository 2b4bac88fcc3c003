/**
 * Options against rules. A rule answers with what an option takes, where it was given something else.
 */
import { longestTimer } from '../machines/backoff.ts';

export type Rule = (value: unknown) => string | undefined;
/** A pair: an option that is an object of options, or something simpler. */
export type Rules = { readonly [option: string]: Rule | Rules | readonly [simpler: Rule, Rules] };

export const milliseconds: Rule = (value) =>
  isNumber(value) && value >= 0 && value <= longestTimer
    ? undefined
    : `a number of milliseconds from 0 to ${longestTimer}`;
export const positiveMilliseconds: Rule = (value) =>
  isNumber(value) && value > 0 && value <= longestTimer
    ? undefined
    : `a number of milliseconds above 0 and at most ${longestTimer}`;
export const count: Rule = (value) =>
  value === Infinity || (Number.isInteger(value) && (value as number) >= 0)
    ? undefined
    : 'a whole number from 0, or Infinity';
export const size: Rule = (value) => (isNumber(value) && value >= 0 ? undefined : 'a number from 0, or Infinity');
export const callable: Rule = (value) => (isFunction(value) ? undefined : 'a function');

/** Instead of an object of options. */
export const callableOrObject: Rule = (value) => (isFunction(value) ? undefined : 'an object or a function');
export const booleanOrObject: Rule = (value) => (typeof value === 'boolean' ? undefined : 'true, false or an object');

export function oneOf(...words: readonly string[]): Rule {
  return (value) =>
    words.includes(value as string)
      ? undefined
      : words.map((word) => JSON.stringify(word).replaceAll('"', "'")).join(' or ');
}

/** @throws {TypeError | RangeError} for the first option that is not what its rule takes, and for one that has no rule */
export function check(given: unknown, rules: Rules, path = ''): void {
  if (!isObject(given)) throw new TypeError(`${path === '' ? 'options' : path.slice(0, -1)} must be an object`);
  for (const [name, value] of Object.entries(given)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined)
      throw new TypeError(`${path}${name} is not an option: there are ${Object.keys(rules).join(', ')}`);
    if (value === undefined) continue;
    const [simpler, nested] = partsOf(rule);
    if (nested !== undefined && (simpler === undefined || isObject(value))) {
      check(value, nested, `${path}${name}.`);
      continue;
    }
    const takes = simpler?.(value);
    if (takes !== undefined)
      throw new (typeof value === 'number' && nested === undefined ? RangeError : TypeError)(
        `${path}${name} must be ${takes}`,
      );
  }
}

function partsOf(rule: Rules[string]): readonly [simpler: Rule | undefined, nested?: Rules] {
  if (typeof rule === 'function') return [rule];
  return isPair(rule) ? rule : [undefined, rule];
}

function isPair(rule: Rules | readonly [Rule, Rules]): rule is readonly [Rule, Rules] {
  return Array.isArray(rule);
}

export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && !Number.isNaN(value);
}

export function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
