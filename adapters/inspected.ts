/**
 * What XState's inspection tells of a connection, as an inspector is told it: of the session's name only the end. Inspectors show what they hear, and send it
 * to pages. The machine itself, and the app by `actorRef`, keep the whole name.
 */
import type { InspectionEvent } from 'xstate';

import { isObject } from './check.ts';
import { shortName } from './short-name.ts';

const names = ['id', 'previousId'];
/** Where names are found. */
const within = ['event', 'snapshot', 'context', 'action', 'params'];

/** Answers with the same copy of the same thing: inspectors know an event by its identity. */
export function discreet(): (told: InspectionEvent) => InspectionEvent {
  const copies = new WeakMap<object, object>();
  const short = (value: unknown): unknown => {
    if (!isObject(value)) return value;
    const known = copies.get(value);
    if (known) return known;
    const changed: Record<string, unknown> = {};
    for (const name of names) if (typeof value[name] === 'string') changed[name] = shortName(value[name]);
    for (const name of within) {
      const part = short(value[name]);
      if (part !== value[name]) changed[name] = part;
    }
    if (Object.keys(changed).length === 0) return value;
    const copy = Object.assign(Object.create(Object.getPrototypeOf(value) as object), value, changed) as object;
    copies.set(value, copy);
    return copy;
  };
  return (told) => short(told) as InspectionEvent;
}
