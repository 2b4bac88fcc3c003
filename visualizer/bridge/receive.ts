/**
 * What the receivers of `@xstate/inspect` hand out, as entries again: of our bridge (`services.ts`) as they were, of a stranger's XState 4 as far as
 * it tells. Tolerant of whatever comes: an unknown message is no entry.
 */
import type { Action, Definition, Entry, StateValue, Transition } from '../entry.ts';
import type { Extra } from './services.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Makes entries of the events of one receiver, in order. A machine that is `registered` again begins anew. */
export function entriesOf(): (event: unknown) => Entry[] {
  const stopped = new Set<string>();
  return (received) => {
    const event = fieldsOf(received);
    const session = event['sessionId'];
    if (typeof session !== 'string') return [];
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
    context,
  };
}

function happened(event: Fields, session: string, stopped: Set<string>): Entry[] {
  const extra = extraOf(event);
  const { type, at = Date.now(), ...rest } = extra ?? {};
  if (type === 'counted') return [{ type, at, session, ...rest } as unknown as Entry];
  if (type === 'stopped') {
    stopped.add(session);
    return [{ type, at, session, ...rest }];
  }
  const name = nameIn(event['name']) ?? '';
  // Told right behind `service.register`, which says it all.
  if (name === '' || name === 'xstate.init') return [];
  return [{ type: 'event', ...whenOf(extra), session, event: { ...fieldsOf(event['data']), type: name } }];
}

function changed({ value, context, done, _event }: Fields, session: string): Entry {
  const extra = extraOf(_event);
  const delays = extra?.['delays'];
  return {
    type: 'changed',
    ...whenOf(extra),
    session,
    value: valueIn(value),
    context,
    ...(typeof delays === 'object' && delays !== null && { delays: delays as Record<string, never> }),
    done: done === true,
  };
}

/** Of other inspectors it is not told. */
function whenOf(extra: Extra | undefined): Pick<Entry, 'at' | 'seq'> {
  return { at: extra?.at ?? Date.now(), ...(typeof extra?.seq === 'number' && { seq: extra.seq }) };
}

function extraOf(event: unknown): Extra | undefined {
  const { systole } = fieldsOf(event);
  const { type, at } = fieldsOf(systole);
  return typeof type === 'string' && typeof at === 'number' ? (systole as Extra) : undefined;
}

/** `machine.definition` of XState 4, after JSON. */
export function definitionIn(value: unknown): Definition {
  const { id, key, type, initial, states, transitions, entry, exit, invoke, tags, history } = fieldsOf(value);
  const name = nameIn(key) ?? nameIn(id) ?? '(machine)';
  const words = listOf(tags).map(String);
  const kind = typeOf(type);
  return {
    id: nameIn(id) ?? name,
    key: name,
    type: kind,
    ...(typeof initial === 'string' && { initial }),
    states: Object.fromEntries(Object.entries(fieldsOf(states)).map(([child, each]) => [child, definitionIn(each)])),
    transitions: listOf(transitions).map(transitionIn),
    entry: listOf(entry).filter(isWritten).map(actionIn),
    exit: listOf(exit).filter(isWritten).map(actionIn),
    invoke: listOf(invoke).map((each) => {
      const { id: invoked, src } = fieldsOf(each);
      return { id: nameIn(invoked) ?? '', src: nameIn(src) ?? nameIn(fieldsOf(src)['type']) ?? 'inline actor' };
    }),
    ...(words.length > 0 && { tags: words }),
    ...(kind === 'history' && { history: history === 'deep' ? 'deep' : 'shallow' }),
  };
}

function transitionIn(value: unknown): Transition {
  const { eventType, event, source, target, cond, actions, internal } = fieldsOf(value);
  const guard = nameIn(cond) ?? nameIn(fieldsOf(cond)['name']) ?? nameIn(fieldsOf(cond)['type']);
  return {
    eventType: nameIn(eventType) ?? nameIn(event) ?? '',
    source: nameIn(source) ?? '',
    target: listOf(target).map(String),
    ...(guard !== undefined && { cond: { name: guard } }),
    actions: listOf(actions).map(actionIn),
    internal: internal === true,
  };
}

function actionIn(value: unknown): Action {
  return { type: nameIn(value) ?? nameIn(fieldsOf(value)['type']) ?? 'inline action' };
}

/** Not what XState 4 adds itself to arm and disarm a state's delays. */
function isWritten(action: unknown): boolean {
  const { type, event, sendId } = fieldsOf(action);
  const armed = nameIn(event) ?? nameIn(fieldsOf(event)['type']) ?? nameIn(sendId) ?? '';
  return !(/^xstate\.(?:send|raise|cancel)$/.test(String(type)) && armed.startsWith('xstate.after('));
}

const kinds: ReadonlySet<unknown> = new Set(['atomic', 'compound', 'parallel', 'final', 'history']);

function typeOf(value: unknown): Definition['type'] {
  return kinds.has(value) ? (value as Definition['type']) : 'atomic';
}

function valueIn(value: unknown): StateValue {
  return typeof value === 'string' || (typeof value === 'object' && value !== null) ? (value as StateValue) : '';
}

function nameIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}
