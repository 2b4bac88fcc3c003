/**
 * One inspection for all who ask with the same options.
 */
import { callable, check, type Rule, rule, type Rules } from '../../adapters/check.ts';
import { originOf } from '../../adapters/loopback.ts';
import type { Inspection, InspectionEvent } from './inspect.types.ts';

interface Shared<T> {
  readonly options: object;
  readonly inspection: T;
}

export class SharedInspections<T> {
  #kept: readonly Shared<T>[] = [];

  for(options: object): T | undefined {
    return this.#kept.find((each) => isSame(each.options, options))?.inspection;
  }

  keep(options: object, inspection: T): void {
    this.#kept = [...this.#kept, { options, inspection }];
  }

  forget(inspection: T): void {
    this.#kept = this.#kept.filter((each) => each.inspection !== inspection);
  }
}

function isSame(some: object, others: object): boolean {
  const names = new Set([...Object.keys(some), ...Object.keys(others)]);
  return [...names].every((name) => {
    const [a, b] = [some, others].map((each) => (each as Record<string, unknown>)[name]);
    return a === b || (Array.isArray(a) && Array.isArray(b) && a.join() === b.join());
  });
}

/** One that can be told what people call what it sees for the first time. */
export interface Naming extends Inspection {
  (event: InspectionEvent, name?: string): void;
}

/** Names of one inspection that are kept; those that come beyond that are other inspections each time, which name things all the same. */
const mostNames = 1_000;

const named = new WeakMap<Inspection, Map<string, Inspection>>();

/** The inspection under a name: the same port, or the same window. */
export function under(name: string | undefined, inspection: Naming): Inspection {
  if (name === undefined) return inspection;
  const names = named.get(inspection) ?? new Map<string, Inspection>();
  named.set(inspection, names);
  const stop = () => inspection.stop();
  const known = names.get(name) ?? Object.assign((event: InspectionEvent) => inspection(event, name), { stop });
  if (names.size < mostNames) names.set(name, known);
  return known;
}

const port: Rule = (value) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535
    ? undefined
    : 'a whole number from 0 to 65535';
const origins: Rule = (value) =>
  Array.isArray(value) && value.every((each) => typeof each === 'string' && originOf(each) !== undefined)
    ? undefined
    : "an array of origins, such as ['https://app.example.com']";
const address: Rule = (value) =>
  typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
    ? undefined
    : 'an absolute http: or https: URL';
const element: Rule = (value) =>
  typeof value === 'object' && value !== null && 'contentWindow' in value ? undefined : 'an iframe element';
const truth: Rule = (value) => (typeof value === 'boolean' ? undefined : 'true or false');
const name = rule(
  (value) => typeof value === 'string' && value.trim() !== '' && value.length <= 60,
  "a text of 1 to 60 characters, such as 'orders'",
);

const common: Rules = { name, redact: callable, send: truth };
/** An app gives the same options in Node and in a browser; each takes what is its own. */
const rules: Rules = { ...common, url: address, iframe: element, port, origins };

/** @throws {TypeError | RangeError} naming the option at fault */
export function checkOptions(options: object): void {
  check(options, rules);
}

/** @throws {TypeError | RangeError} naming the option at fault */
export function checkObserved(options: object): void {
  check(options, { ...common, now: callable });
}
