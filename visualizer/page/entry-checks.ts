/**
 * Entries of a file, looked at field by field: all that the page reads is there, is what it should be, and is no more than there may be.
 */
import { bounds, isCount, isDeeper, isTime } from '../bridge/bounds.ts';
import { definitionIn, isAmount, isDelay, kinds, topicStates } from '../bridge/receive.ts';
import type { Changed, Counted, Definition, Entry, StateValue } from '../entry.ts';

/** A field, and what it is not. */
export class Wrong extends Error {
  constructor(path: string, not: string) {
    // The beginning says what it is of, the end which field.
    super(`${path.length <= 120 ? path : `${path.slice(0, 60)} … ${path.slice(-60)}`} ${not}`);
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** @throws {Wrong} for the first field that is not as it should be */
export function entryOf(value: unknown): Entry {
  const fields = fieldsOf(value, 'it');
  const { type, at, session } = fields;
  const told = {
    at: time(at, 'at'),
    session: text(session, 'session'),
    ...optional(fields, 'seq', '', count),
  };
  switch (type) {
    case 'registered':
      return {
        type,
        ...told,
        name: text(fields['name'], 'registered.name'),
        ...optional(fields, 'parent', 'registered', text),
        definition: definition(fields['definition']),
        value: stateValue(fields['value'], 'registered.value'),
        context: json(fields['context'], 'registered.context'),
      };
    case 'event': {
      const event = fieldsOf(json(fields['event'], 'event.event'), 'event.event');
      return { type, ...told, event: { ...event, type: text(event['type'], 'event.event.type') } };
    }
    case 'changed':
      return {
        type,
        ...told,
        value: stateValue(fields['value'], 'changed.value'),
        context: json(fields['context'], 'changed.context'),
        ...optional(fields, 'delays', 'changed', delays),
        done: truth(fields['done'], 'changed.done'),
      };
    case 'counted':
      return { type, ...told, ...counts(fields) };
    case 'stopped':
      return { type, ...told, ...optional(fields, 'output', 'stopped', json) };
    default:
      throw new Wrong('type', 'is that of no entry');
  }
}

function delays(value: unknown, path: string): NonNullable<Changed['delays']> {
  for (const [key, each] of Object.entries(fieldsOf(value, path)))
    check(isDelay(each), within(path, key), 'is not { ms, since }, both of them numbers');
  return value as NonNullable<Changed['delays']>;
}

type Counts = Omit<Counted, 'type' | 'at' | 'session' | 'seq'>;

function counts(fields: Fields): Counts {
  for (const name of ['sent', 'received', 'held', 'unconfirmed'])
    check(isAmount(fields[name]), `counted.${name}`, 'is not { messages, bytes }, both of them whole numbers');
  const room = fieldsOf(fields['room'], 'counted.room');
  for (const name of ['messages', 'bytes'])
    check(room[name] === null || isCount(room[name]), `counted.room.${name}`, 'is neither a whole number nor null');
  const { sent, received, held, unconfirmed } = fields as unknown as Counts;
  return {
    sent,
    received,
    held,
    unconfirmed,
    room: room as unknown as Counts['room'],
    ...optional(fields, 'heardAt', 'counted', time),
    ...optional(fields, 'topics', 'counted', (all, path) => list(all, path, topic, bounds.topics)),
  };
}

function topic(value: unknown, path: string): NonNullable<Counted['topics']>[number] {
  const fields = fieldsOf(value, path);
  text(fields['name'], `${path}.name`);
  check(topicStates.has(fields['state']), `${path}.state`, `is none of ${[...topicStates].join(', ')}`);
  for (const name of ['at', 'lost'])
    check(fields[name] === null || isCount(fields[name]), `${path}.${name}`, 'is neither a whole number nor null');
  for (const name of ['caughtUp', 'gaps']) count(fields[name], `${path}.${name}`);
  return value as ReturnType<typeof topic>;
}

/** A name of a state is a field of its own, whatever it is, and becomes no prototype. */
function stateValue(value: unknown, path: string, depth = 1): StateValue {
  if (typeof value === 'string') return text(value, path);
  check(typeof value === 'object' && value !== null && !Array.isArray(value), path, 'is neither text nor an object');
  check(depth < bounds.depth, path, `lies more than ${bounds.depth} states deep`);
  const entries = Object.entries(value);
  check(entries.length <= bounds.states, path, `has more than ${bounds.states.toLocaleString('en')} states`);
  return Object.fromEntries(entries.map(([key, each]) => [key, stateValue(each, within(path, key), depth + 1)]));
}

/** The same as from the wire, where all of it is right: there, what is not would be left out. */
function definition(value: unknown): Definition {
  const left = { states: bounds.states, parts: bounds.parts };
  node(value, 'registered.definition', 1, left);
  return definitionIn(value);
}

function node(value: unknown, path: string, depth: number, left: { states: number; parts: number }): void {
  const fields = fieldsOf(value, path);
  left.states -= 1;
  check(depth <= bounds.depth, path, `lies more than ${bounds.depth} states deep`);
  check(left.states >= 0, path, `is one of more than ${bounds.states.toLocaleString('en')} states`);
  text(fields['id'], `${path}.id`);
  text(fields['key'], `${path}.key`);
  const { type } = fields;
  check(kinds.has(type), `${path}.type`, `is none of ${[...kinds].join(', ')}`);
  optional(fields, 'initial', path, text);
  optional(fields, 'history', path, (each, at) =>
    check(each === 'deep' || each === 'shallow', at, 'is neither deep nor shallow'),
  );
  const some = (name: string, each: (value: unknown, path: string) => unknown, isThere = true) => {
    if (!isThere && fields[name] === undefined) return;
    left.parts -= list(fields[name], `${path}.${name}`, each, bounds.parts).length;
    check(
      left.parts >= 0,
      `${path}.${name}`,
      `has one of more than ${bounds.parts.toLocaleString('en')} transitions, actions, tags and actors`,
    );
  };
  some('tags', text, false);
  some('entry', action);
  some('exit', action);
  some('invoke', (each, at) => {
    const { id, src } = fieldsOf(each, at);
    text(id, `${at}.id`);
    text(src, `${at}.src`);
  });
  some('transitions', (each, at) => {
    const transition = fieldsOf(each, at);
    text(transition['eventType'], `${at}.eventType`);
    text(transition['source'], `${at}.source`);
    optional(transition, 'cond', at, (cond, of) => text(fieldsOf(cond, of)['name'], `${of}.name`));
    truth(transition['internal'], `${at}.internal`);
    left.parts -= list(transition['target'], `${at}.target`, text, bounds.parts).length;
    left.parts -= list(transition['actions'], `${at}.actions`, action, bounds.parts).length;
  });
  for (const [key, each] of Object.entries(fieldsOf(fields['states'], `${path}.states`)))
    node(each, within(`${path}.states`, key), depth + 1, left);
}

function action(value: unknown, path: string): void {
  text(fieldsOf(value, path)['type'], `${path}.type`);
}

function check(isRight: boolean, path: string, not: string): asserts isRight {
  if (!isRight) throw new Wrong(path, not);
}

function text(value: unknown, path: string): string {
  check(typeof value === 'string', path, 'is no text');
  check(value.length <= bounds.name, path, `is longer than ${bounds.name.toLocaleString('en')} characters`);
  return value;
}

function truth(value: unknown, path: string): boolean {
  check(typeof value === 'boolean', path, 'is neither true nor false');
  return value;
}

function time(value: unknown, path: string): number {
  check(isTime(value), path, 'is no time, in ms');
  return value;
}

function count(value: unknown, path: string): number {
  check(isCount(value), path, 'is no whole number from 0 on');
  return value;
}

function json(value: unknown, path: string): unknown {
  check(!isDeeper(value, bounds.depth), path, `is more than ${bounds.depth} fields deep`);
  return value;
}

function list<T>(value: unknown, path: string, each: (value: unknown, path: string) => T, most: number): T[] {
  check(Array.isArray(value), path, 'is no list');
  const all: unknown[] = value;
  check(all.length <= most, path, `has more than ${most.toLocaleString('en')} items`);
  return all.map((one, i) => each(one, `${path}[${i}]`));
}

/** Not there, or right. */
function optional<K extends string, T>(
  fields: Fields,
  name: K,
  of: string,
  each: (value: unknown, path: string) => T,
): { [name in K]?: T } {
  if (fields[name] === undefined) return {};
  return { [name]: each(fields[name], of === '' ? name : `${of}.${name}`) } as { [name in K]?: T };
}

function fieldsOf(value: unknown, path: string): Fields {
  check(typeof value === 'object' && value !== null && !Array.isArray(value), path, 'is no object');
  return value as Fields;
}

/** Names are a file's: those that are plain are said. */
function within(path: string, key: string): string {
  return /^[\w -]{1,40}$/.test(key) ? `${path}.${key}` : `${path}.…`;
}
