/**
 * What the receivers of `@xstate/inspect` hand out, as entries again: of our bridge (`services.ts`) as they were, of a stranger's XState 4 as far as
 * it tells. Tolerant of whatever comes: an unknown message is no entry, and what is more than there may be is left out.
 */
import type { Amount } from '../../adapters/buffer.ts';
import type { Action, Counted, Definition, Delay, Entry, StateValue, TopicTold, Transition } from '../entry.ts';
import { bounds, isCount, isTime, shallow } from './bounds.ts';
import type { Extra } from './services.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Makes entries of the events of one receiver, in order. A machine that is `registered` again begins anew. */
export function entriesOf(): (event: unknown) => Entry[] {
  const stopped = new Set<string>();
  return (received) => {
    const event = fieldsOf(received);
    const session = event['sessionId'];
    if (typeof session !== 'string' || session.length > bounds.name) return [];
    switch (event['type']) {
      case 'service.register':
        stopped.delete(session);
        return [registered(event, session)];
      case 'service.event':
        return happened(fieldsOf(event['event']), session, stopped);
      case 'service.state':
        return [changed(fieldsOf(event['state']), session)];
      case 'service.stop':
        // Ours has told of it, with its output.
        return stopped.delete(session) ? [] : [{ type: 'stopped', at: Date.now(), session }];
      default:
        return [];
    }
  };
}

function registered({ id, machine, state, parent: theirParent }: Fields, session: string): Entry {
  const { value, context, _event } = fieldsOf(state);
  const extra = extraOf(_event);
  const { config } = fieldsOf(machine);
  const definition = definitionIn(config);
  const parent = extra?.['parent'] ?? theirParent;
  return {
    type: 'registered',
    ...whenOf(extra),
    session,
    name: nameIn(extra?.['name']) ?? nameIn(id) ?? definition.id,
    ...(typeof parent === 'string' && { parent }),
    definition,
    value: valueIn(value),
    context: shallow(context),
  };
}

function happened(event: Fields, session: string, stopped: Set<string>): Entry[] {
  const extra = extraOf(event);
  if (extra?.type === 'counted') return counted(extra, session);
  if (extra?.type === 'stopped') {
    stopped.add(session);
    const output = shallow(extra['output']);
    return [{ type: 'stopped', ...whenOf(extra), session, ...(output !== undefined && { output }) }];
  }
  const name = nameIn(event['name']) ?? '';
  // Told right behind `service.register`, which says it all.
  if (name === '' || name === 'xstate.init') return [];
  return [{ type: 'event', ...whenOf(extra), session, event: { ...fieldsOf(shallow(event['data'])), type: name } }];
}

function counted(extra: Fields & Extra, session: string): Counted[] {
  const { sent, received, held, unconfirmed, room, heardAt, topics } = extra;
  const { messages = null, bytes = null } = fieldsOf(room);
  if (![sent, received, held, unconfirmed].every(isAmount)) return [];
  return [
    {
      type: 'counted',
      ...whenOf(extra),
      session,
      ...({ sent, received, held, unconfirmed } as Pick<Counted, 'sent' | 'received' | 'held' | 'unconfirmed'>),
      room: { messages: isCount(messages) ? messages : null, bytes: isCount(bytes) ? bytes : null },
      ...(isTime(heardAt) && { heardAt }),
      ...(Array.isArray(topics) && { topics: topics.slice(0, bounds.topics).filter(isTopic) }),
    },
  ];
}

export function isAmount(value: unknown): value is Amount {
  const { messages, bytes } = fieldsOf(value);
  return isCount(messages) && isCount(bytes);
}

export const topicStates: ReadonlySet<unknown> = new Set<TopicTold['state']>(['asking', 'behind', 'live', 'loading']);

function isTopic(value: unknown): value is TopicTold {
  const { name, state, at, caughtUp, lost, gaps } = fieldsOf(value);
  return (
    typeof name === 'string' &&
    topicStates.has(state) &&
    (at === null || isCount(at)) &&
    isCount(caughtUp) &&
    (lost === null || isCount(lost)) &&
    isCount(gaps)
  );
}

function changed({ value, context, done, _event }: Fields, session: string): Entry {
  const extra = extraOf(_event);
  const delays = delaysIn(extra?.['delays']);
  return {
    type: 'changed',
    ...whenOf(extra),
    session,
    value: valueIn(value),
    context: shallow(context),
    ...(delays !== undefined && { delays }),
    done: done === true,
  };
}

function delaysIn(value: unknown): Record<string, Delay> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.fromEntries(
    Object.entries(value as Record<string, unknown>).filter(([, each]) => isDelay(each)),
  ) as Record<string, Delay>;
}

export function isDelay(value: unknown): value is Delay {
  const { ms, since } = fieldsOf(value);
  return typeof ms === 'number' && Number.isFinite(ms) && isTime(since);
}

/** Of other inspectors it is not told. */
function whenOf(extra: Extra | undefined): Pick<Entry, 'at' | 'seq'> {
  return { at: extra?.at ?? Date.now(), ...(isCount(extra?.seq) && { seq: extra.seq }) };
}

function extraOf(event: unknown): Extra | undefined {
  const { systole } = fieldsOf(event);
  const { type, at } = fieldsOf(systole);
  return typeof type === 'string' && isTime(at) ? (systole as Extra) : undefined;
}

/** `machine.definition` of XState 4, after JSON. */
export function definitionIn(value: unknown): Definition {
  return new Reader().node(value, 1);
}

/** Reads one machine: no more of it than it may have. */
class Reader {
  #states = bounds.states;
  #parts = bounds.parts;
  readonly #ids = new Set<string>();

  node(value: unknown, depth: number): Definition {
    this.#states -= 1;
    const { id, key, type, initial, states, transitions, entry, exit, invoke, tags, history } = fieldsOf(value);
    const name = nameIn(key) ?? nameIn(id) ?? '(machine)';
    const words = this.#some(tags).flatMap((each) => nameIn(each) ?? []);
    const kind = typeOf(type);
    const first = nameIn(initial);
    return {
      id: this.#unique(nameIn(id) ?? name),
      key: name,
      type: kind,
      ...(first !== undefined && { initial: first }),
      states: this.#children(states, depth),
      transitions: this.#some(transitions).map((each) => this.#transition(each)),
      entry: this.#some(entry).filter(isWritten).map(actionIn),
      exit: this.#some(exit).filter(isWritten).map(actionIn),
      invoke: this.#some(invoke).map((each) => {
        const { id: invoked, src } = fieldsOf(each);
        return { id: nameIn(invoked) ?? '', src: nameIn(src) ?? nameIn(fieldsOf(src)['type']) ?? 'inline actor' };
      }),
      ...(words.length > 0 && { tags: words }),
      ...(kind === 'history' && { history: history === 'deep' ? 'deep' : 'shallow' }),
    };
  }

  /** Whatever they are called, they are found by that and by nothing else: a state may be called `constructor`. */
  #children(value: unknown, depth: number): Definition['states'] {
    const states = Object.create(null) as Definition['states'];
    if (depth >= bounds.depth) return states;
    for (const [key, each] of Object.entries(fieldsOf(value))) {
      if (this.#states <= 0) break;
      states[key] = this.node(each, depth + 1);
    }
    return states;
  }

  #transition(value: unknown): Transition {
    const { eventType, event, source, target, cond, actions, internal } = fieldsOf(value);
    const guard = nameIn(cond) ?? nameIn(fieldsOf(cond)['name']) ?? nameIn(fieldsOf(cond)['type']);
    return {
      eventType: nameIn(eventType) ?? nameIn(event) ?? '',
      source: nameIn(source) ?? '',
      target: this.#some(target).flatMap((each) => nameIn(each) ?? []),
      ...(guard !== undefined && { cond: { name: guard } }),
      actions: this.#some(actions).map(actionIn),
      internal: internal === true,
    };
  }

  /** Two states of one name would be within each other. */
  #unique(id: string): string {
    let unique = id;
    for (let i = 2; this.#ids.has(unique); i += 1) unique = `${id} (${i})`;
    this.#ids.add(unique);
    return unique;
  }

  #some(value: unknown): readonly unknown[] {
    const all = listOf(value).slice(0, Math.max(0, this.#parts));
    this.#parts -= all.length;
    return all;
  }
}

function actionIn(value: unknown): Action {
  return { type: nameIn(value) ?? nameIn(fieldsOf(value)['type']) ?? 'inline action' };
}

/** Not what XState 4 adds itself to arm and disarm a state's delays. */
function isWritten(action: unknown): boolean {
  const { type, event, sendId } = fieldsOf(action);
  const armed = nameIn(event) ?? nameIn(fieldsOf(event)['type']) ?? nameIn(sendId) ?? '';
  return !(/^xstate\.(?:send|raise|cancel)$/.test(nameIn(type) ?? '') && armed.startsWith('xstate.after('));
}

export const kinds: ReadonlySet<unknown> = new Set<Definition['type']>([
  'atomic',
  'compound',
  'parallel',
  'final',
  'history',
]);

function typeOf(value: unknown): Definition['type'] {
  return kinds.has(value) ? (value as Definition['type']) : 'atomic';
}

/** Of more regions than there may be states, and of those that are too deep, there is none. */
function valueIn(value: unknown, depth = 1, left = { states: bounds.states }): StateValue {
  left.states -= 1;
  if (typeof value !== 'object' || value === null) return nameIn(value) ?? '';
  const inner: [string, StateValue][] = [];
  for (const [key, each] of Object.entries(value)) {
    if (depth >= bounds.depth || left.states <= 0) break;
    inner.push([key, valueIn(each, depth + 1, left)]);
  }
  return Object.fromEntries(inner);
}

function nameIn(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return value.length <= bounds.name ? value : `${value.slice(0, bounds.name)}…`;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}
