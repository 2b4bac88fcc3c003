/**
 * Options against rules. A rule answers with what an option takes, where it was given something else.
 */
import { longestTimer } from '../machines/backoff.ts';

export type Rule = (value: unknown) => string | undefined;
export type Rules = { readonly [option: string]: Rule | Rules };

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
export const callable: Rule = (value) => (typeof value === 'function' ? undefined : 'a function');

/** @throws {TypeError | RangeError} for the first option that is not what its rule takes, and for one that has no rule */
export function check(given: unknown, rules: Rules, path = ''): void {
  if (!isObject(given)) throw new TypeError(`${path === '' ? 'options' : path.slice(0, -1)} must be an object`);
  for (const [name, value] of Object.entries(given)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined)
      throw new TypeError(`${path}${name} is not an option: there are ${Object.keys(rules).join(', ')}`);
    if (value === undefined) continue;
    if (typeof rule === 'object') {
      if (name !== 'backoff' || typeof value !== 'function') check(value, rule, `${path}${name}.`);
      continue;
    }
    const takes = rule(value);
    if (takes !== undefined)
      throw new (typeof value === 'number' ? RangeError : TypeError)(`${path}${name} must be ${takes}`);
  }
}

export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && !Number.isNaN(value);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
