/**
 * Entries as services of the shape that `@xstate/inspect` registers, and through them as the frames of its protocol.
 *
 * It only asks of a service `{ id, sessionId, parent, machine, state, initialState, send, subscribe, onStop }`. What its protocol has no place for
 * (the time, the number, running delays, counts, the output) travels in the field `systole` of the SCXML events, which it hands on as they are: that of an event,
 * and that of a state's last event. `receive.ts` is the other end.
 */
import type { Definition, Entry, Registered } from '../entry.ts';
import { configOf } from './translate.ts';

/** A message of `@xstate/inspect`'s protocol; what is in it is JSON in strings. */
export interface InspectorFrame {
  readonly type: string;
  readonly sessionId: string;
}

/** What there is of the real `@xstate/inspect`. */
export interface Inspector {
  readonly devTools: { register(service: unknown): void };
  send(event: unknown): void;
}

/** The field `systole`. `type` is the entry's, `at` its time, the rest what the frame does not say otherwise. */
export type Extra = {
  [T in Entry['type']]: { type: T; at: number; seq?: number; [field: string]: unknown };
}[Entry['type']];

/** The frames of an entry, as the real `@xstate/inspect` makes them. None for a machine that was not registered. */
export function encoder(inspector: Inspector): (entry: Entry) => InspectorFrame[] {
  const services = new Map<string, Service>();
  let frames: InspectorFrame[] = [];
  inspector.send({ type: 'xstate.inspecting', client: { send: (frame: InspectorFrame) => frames.push(frame) } });
  return (entry) => {
    frames = [];
    const known = services.get(entry.session);
    if (entry.type === 'registered') {
      known?.end();
      const service = new Service(entry, services.get(entry.parent ?? ''));
      services.set(entry.session, service);
      inspector.devTools.register(service);
    } else known?.tell(entry);
    if (entry.type === 'stopped') services.delete(entry.session);
    return frames;
  };
}

/** A thousand machines of one definition share it. */
const configs = new WeakMap<Definition, Record<string, unknown>>();

class Service {
  readonly id: string;
  readonly sessionId: string;
  readonly parent: { sessionId: string } | undefined;
  machine: { definition: unknown; toJSON: () => unknown };
  state: unknown;
  #listeners: ((state: unknown) => void)[] = [];
  #atStop: (() => void)[] = [];
  #last = 'xstate.init';
  /** Entries that were told. */
  #told = 0;

  constructor({ session, name, definition, value, context, at }: Registered, parent: Service | undefined) {
    this.id = name;
    this.sessionId = session;
    this.parent = parent && { sessionId: parent.sessionId };
    const config = configs.get(definition) ?? configOf(definition);
    configs.set(definition, config);
    this.machine = { definition: config, toJSON: () => config };
    const extra: Extra = { type: 'registered', at, seq: 0, name, ...(parent && { parent: parent.sessionId }) };
    this.state = stateOf(value, context, false, scxml({ type: this.#last }, extra));
  }

  get initialState(): unknown {
    return this.state;
  }

  tell(entry: Exclude<Entry, Registered>): void {
    const { type, at } = entry;
    const seq = (this.#told += 1);
    switch (entry.type) {
      case 'event':
        this.#last = entry.event.type;
        this.send(scxml(entry.event, { type: 'event', at, seq }));
        break;
      case 'changed': {
        const { value, context, done, delays } = entry;
        const extra: Extra = { type: 'changed', at, seq, ...(delays && { delays }) };
        this.state = stateOf(value, context, done, scxml({ type: this.#last }, extra));
        for (const listener of this.#listeners) listener(this.state);
        break;
      }
      case 'counted': {
        const { session: _, ...counts } = entry;
        this.send(scxml({ type: `systole.${type}` }, { ...counts, seq }));
        break;
      }
      case 'stopped': {
        const { session: _, ...end } = entry;
        this.send(scxml({ type: `systole.${type}` }, { ...end, seq }));
        this.end();
      }
    }
  }

  end(): void {
    for (const each of this.#atStop) each();
    // `@xstate/inspect` never lets go of a service.
    this.state = undefined;
    this.machine = { definition: {}, toJSON: () => ({}) };
    this.#listeners = [];
    this.#atStop = [];
  }

  // For `@xstate/inspect`, which puts a method of its own before `send` to hear what is sent.

  send = (_event: unknown): void => {};

  subscribe = (listener: (state: unknown) => void): { unsubscribe(): void } => {
    this.#listeners.push(listener);
    return { unsubscribe: () => {} };
  };

  onStop = (listener: () => void): this => {
    this.#atStop.push(listener);
    return this;
  };
}

function scxml(data: { type: string }, systole: object): Record<string, unknown> {
  return { name: data.type, data, $$type: 'scxml', type: 'external', systole };
}

/** What `State.create` of XState 4 takes. */
function stateOf(value: unknown, context: unknown, done: boolean, event: Record<string, unknown>): unknown {
  return {
    value,
    context,
    done,
    _event: event,
    event: event['data'],
    actions: [],
    activities: {},
    events: [],
    transitions: [],
    children: {},
    tags: [],
  };
}
