/**
 * What XState's inspection tells of a connection, as an inspector is told it: of the session's name only the end. Inspectors show what they hear, and send it
 * to pages. The machine itself, and the app by `actorRef`, keep the whole name.
 */
import type { InspectionEvent } from 'xstate';

import { shortName } from './short-name.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Answers with the same copy of the same thing: inspectors know an event by its identity. */
export function discreet(): (told: InspectionEvent) => InspectionEvent {
  const copies = new WeakMap<object, object>();
  const copied = <T extends object>(value: T, change: (value: T) => Fields): T => {
    const copy =
      copies.get(value) ?? Object.assign(Object.create(Object.getPrototypeOf(value) as object), value, change(value));
    copies.set(value, copy as object);
    return copy as T;
  };
  const named = <T>(value: T): T => (isNaming(value) ? copied<Fields>(value, shortened) : value) as T;
  return (told) => {
    const { event, snapshot, action } = told as { event?: Fields; snapshot?: Fields; action?: Fields };
    const { params } = action ?? {};
    const emitted = (params as Fields | undefined)?.['event'];
    if (![event, snapshot?.['context'], emitted].some(isNaming)) return told;
    return {
      ...told,
      ...(event && { event: named(event) }),
      ...(snapshot && { snapshot: isNaming(snapshot['context']) ? copied(snapshot, contextShortened) : snapshot }),
      ...(action && {
        action: isNaming(emitted) ? { ...action, params: { ...(params as Fields), event: named(emitted) } } : action,
      }),
    } as unknown as InspectionEvent;
  };
}

const fields = ['id', 'previousId'];

function isNaming(value: unknown): value is Fields {
  return (
    typeof value === 'object' && value !== null && fields.some((field) => typeof (value as Fields)[field] === 'string')
  );
}

function shortened(value: Fields): Fields {
  return Object.fromEntries(
    fields.flatMap((field) => (typeof value[field] === 'string' ? [[field, shortName(value[field])]] : [])),
  );
}

function contextShortened({ context }: Fields): Fields {
  return { context: { ...(context as Fields), ...shortened(context as Fields) } };
}
