/**
 * States and events as people read them.
 */
import type { Definition, StateValue } from '../entry.ts';
import { delayOf, duration } from './chart/graph.ts';

/** What a connection's machine wraps its sockets in is left out. */
const wrapped: ReadonlySet<string> = new Set(['connecting', 'awaiting-id', 'alive', 'stale', 'closing']);

/** A state as people read it: `alive · quiet`, `a · x | b · y`. */
export function wordOf(value: StateValue): string {
  const inner = unwrapped(value);
  if (typeof inner === 'string') return inner;
  return Object.entries(inner)
    .map(([key, within]) => {
      const word = wordOf(within);
      return word === '' ? key : `${key} · ${word}`;
    })
    .join(' | ');
}

/** The first word of it: what `Connection.state` says. */
export function stateWord(value: StateValue): string {
  return wordOf(value).split(' ')[0] ?? '';
}

function unwrapped(value: StateValue): StateValue {
  if (typeof value === 'string') return value;
  const [[key, inner] = [], ...others] = Object.entries(value);
  if (key !== 'socket' || inner === undefined || others.length > 0) return value;
  const [first = ''] = typeof inner === 'string' ? [inner] : Object.keys(inner);
  return wrapped.has(first) ? inner : value;
}

/** What changed in one region: `light · red → green` is within `light`. */
export interface Step {
  /** '': the machine itself. */
  readonly within: string;
  readonly from: string;
  readonly to: string;
}

/** Where something led, in as few words as tell it: within one state its parts, of regions those that changed, else the states. */
export function stepsOf(from: StateValue, to: StateValue): Step[] {
  const steps: Step[] = [];
  compare(unwrapped(from), unwrapped(to), [], steps);
  return steps;
}

function compare(from: StateValue, to: StateValue, path: readonly string[], steps: Step[]): void {
  const [before, after] = [partsOf(from), partsOf(to)];
  const isSame = before.size === after.size && [...before.keys()].every((key) => after.has(key));
  if (!isSame) steps.push({ within: path.join(' · '), from: keysOf(before), to: keysOf(after) });
  else for (const [key, inner] of before) compare(inner, after.get(key)!, [...path, key], steps);
}

/** By key; a state without parts has none. */
function partsOf(value: StateValue): Map<string, StateValue> {
  if (typeof value === 'string') return new Map(value === '' ? [] : [[value, '']]);
  return new Map(Object.entries(value));
}

function keysOf(parts: ReadonlyMap<string, StateValue>): string {
  return [...parts.keys()].join(' | ');
}

/** An event as people read it: `after heartbeatInterval` for what time does, `done of fetchUser` for what something that was invoked does. */
export function nameOf(type: string, invoked?: ReadonlyMap<string, string>): string {
  const delay = delayOf(type);
  if (delay !== undefined) return `after ${/^\d+$/.test(delay) ? duration(Number(delay)) : delay}`;
  const [, kind = '', id = ''] =
    /^(done\.invoke|done\.state|error\.platform|xstate\.snapshot)\.(.*)$/s.exec(type) ?? [];
  if (kind === 'done.state') return `done ${id}`;
  return kind === '' ? type : `${said[kind]} of ${invoked?.get(id) ?? id}`;
}

const said: Readonly<Record<string, string>> = {
  'done.invoke': 'done',
  'error.platform': 'error',
  'xstate.snapshot': 'news',
};

/** What a machine invokes, by id, where XState has made that up of its place: it is called by what it is. */
export function invokedIn(definition: Definition): Map<string, string> {
  const names = new Map<string, string>();
  const visit = ({ invoke, states }: Definition): void => {
    for (const { id, src } of invoke) if (/^\d+\.|:invocation\[/.test(id) && src !== '') names.set(id, src);
    for (const state of Object.values(states)) visit(state);
  };
  visit(definition);
  return names;
}
