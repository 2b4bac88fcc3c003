/**
 * Machines of XState 5 in the terms of XState 4: a row for each thing that a chart can say, and the whole connection.
 */
import { expect, expectTypeOf, test } from 'vitest';
import {
  and,
  type AnyStateNode,
  assign,
  cancel,
  createMachine,
  emit,
  fromCallback,
  not,
  or,
  raise,
  sendTo,
  stateIn,
} from 'xstate';

import { connectionMachine } from '../../machines/connection.ts';
import { configOf, dictionaryOf, type Machine5, translate } from '../../visualizer/bridge/translate.ts';
import type { Definition, Transition } from '../../visualizer/entry.ts';
import { createMachine as createMachine4 } from '../../visualizer/node_modules/xstate/lib/index.js';

function big({ context }: { context: unknown }): boolean {
  return context !== null;
}

function shout(): void {}

/** What `a`, in a machine `m` of `a` and `b`, is translated to. */
function a(state: object, machine: object = {}): Definition {
  const made = createMachine({ id: 'm', initial: 'a', ...machine, states: { a: state, b: {} } } as never);
  return translate(made).states['a']!;
}

const plain: Transition = { eventType: 'GO', source: '#m.a', target: [], actions: [], internal: true };

const transitions: [string, object, Transition[]][] = [
  ['a target', { on: { GO: 'b' } }, [{ ...plain, target: ['#m.b'] }]],
  ['a target by id', { on: { GO: '#m.b' } }, [{ ...plain, target: ['#m.b'] }]],
  ['an event that is taken and does nothing', { on: { GO: {} } }, [plain]],
  ['reentry', { on: { GO: { target: 'a', reenter: true } } }, [{ ...plain, target: ['#m.a'], internal: false }]],
  [
    'several, in order',
    { on: { GO: [{ guard: 'may', target: 'b' }, { actions: 'no' }] } },
    [
      { ...plain, cond: { name: 'may' }, target: ['#m.b'] },
      { ...plain, actions: [{ type: 'no' }] },
    ],
  ],
  ['every event', { on: { '*': 'b' } }, [{ ...plain, eventType: '*', target: ['#m.b'] }]],
  ['a family of events', { on: { 'x.*': 'b' } }, [{ ...plain, eventType: 'x.*', target: ['#m.b'] }]],
  ['a delay in ms', { after: { 50: 'b' } }, [{ ...plain, eventType: 'xstate.after(50)#m.a', target: ['#m.b'] }]],
  [
    'a delay with a name that has dots',
    { after: { 'my.delay': 'b' } },
    [{ ...plain, eventType: 'xstate.after(my.delay)#m.a', target: ['#m.b'] }],
  ],
  [
    'what is taken at once',
    { always: { guard: 'may', target: 'b' } },
    [{ ...plain, eventType: '', cond: { name: 'may' }, target: ['#m.b'] }],
  ],
  [
    'what an invoke leaves behind',
    { invoke: { id: 'job', src: 'work', onDone: 'b', onError: 'b' } },
    [
      { ...plain, eventType: 'done.invoke.job', target: ['#m.b'] },
      { ...plain, eventType: 'error.platform.job', target: ['#m.b'] },
    ],
  ],
  [
    'a compound state that is done',
    { initial: 'x', onDone: 'b', states: { x: { type: 'final' } } },
    [{ ...plain, eventType: 'done.state.m.a', target: ['#m.b'] }],
  ],
];

test.each(transitions)('transition: %s', (_, state, expected) => {
  expect(a(state).transitions).toEqual(expected);
});

const guards: [string, unknown, string][] = [
  ['by name', 'may', 'may'],
  ['with params', { type: 'may', params: { limit: 3 } }, 'may'],
  ['a function with a name', big, 'big'],
  ['and', and(['x', big]), 'and(x, big)'],
  ['or and not', or(['x', not('y')]), 'or(x, not(y))'],
  ['stateIn', stateIn({ a: 'b' }), 'stateIn({"a":"b"})'],
];

test.each(guards)('guard: %s', (_, guard, name) => {
  expect(a({ on: { GO: { guard, target: 'b' } } }).transitions[0]?.cond).toEqual({ name });
});

test('an inline guard and an inline action do not show their source', () => {
  const [transition] = a({ on: { GO: { guard: () => true, actions: [() => {}, 'named'] } } }).transitions;
  expect(transition?.cond).toEqual({ name: 'inline guard' });
  expect(transition?.actions).toEqual([{ type: 'inline action' }, { type: 'named' }]);
});

const actions: [string, unknown, string][] = [
  ['by name', 'shout', 'shout'],
  ['with params', { type: 'blame', params: 'silent' }, 'blame'],
  ['a function with a name', shout, 'shout'],
  ['assign', assign({}), 'assign'],
  ['raise', raise({ type: 'GO' }), 'raise(GO)'],
  ['emit', emit({ type: 'open' }), 'emit(open)'],
  ['sendTo', sendTo('job', { type: 'stop' }), 'sendTo(job, stop)'],
  ['cancel', cancel('later'), 'cancel(later)'],
];

test.each(actions)('action: %s', (_, action, type) => {
  const state = a({ entry: action, exit: [action], after: { 50: 'b' } });
  // Nothing of what arms and disarms the delay.
  expect(state.entry).toEqual([{ type }]);
  expect(state.exit).toEqual([{ type }]);
});

const invokes: [string, unknown, string][] = [
  ['by name', 'work', 'work'],
  ['a machine', createMachine({ id: 'inner' }), 'inner'],
  ['inline', fromCallback(() => {}), 'inline actor'],
  ['a function with a name', fromCallback(shout), 'shout'],
];

test.each(invokes)('invoke: %s', (_, src, shown) => {
  expect(a({ invoke: { id: 'job', src } }).invoke).toEqual([{ id: 'job', src: shown }]);
});

test('an invoke without an id has one, and its done event fits it', () => {
  const state = a({ invoke: { src: 'work', onDone: 'b' } });
  expect(state.transitions[0]?.eventType).toBe(`done.invoke.${state.invoke[0]?.id}`);
});

const states: [string, object, Partial<Definition>][] = [
  ['atomic', {}, { type: 'atomic', id: 'm.a', key: 'a', states: {} }],
  ['final', { type: 'final' }, { type: 'final' }],
  ['with an id of its own', { id: 'mine' }, { id: 'mine', key: 'a' }],
  ['compound', { initial: 'x', states: { x: {} } }, { type: 'compound', initial: 'x' }],
  ['compound, entered with actions', { initial: { target: 'x' }, states: { x: {} } }, { initial: 'x' }],
  ['parallel', { type: 'parallel', states: { x: {}, y: {} } }, { type: 'parallel' }],
  ['with tags', { tags: ['open', 'alive'] }, { tags: ['open', 'alive'] }],
];

test.each(states)('state: %s', (_, state, expected) => {
  expect(a(state)).toMatchObject(expected);
});

test('state: history', () => {
  const { states: within } = a({
    initial: 'x',
    states: { x: {}, h: { type: 'history' }, d: { type: 'history', history: 'deep' } },
  });
  expect(within['h']).toMatchObject({ type: 'history', history: 'shallow' });
  expect(within['d']).toMatchObject({ type: 'history', history: 'deep' });
  expect(within['h']).not.toHaveProperty('initial');
});

test('the names of events that XState makes', () => {
  const machine = createMachine({ id: 'm', initial: 'a', states: { a: { after: { 'my.delay': 'b' } }, b: {} } });
  const word = dictionaryOf(machine);
  expect(word('xstate.after.my.delay.m.a')).toBe('xstate.after(my.delay)#m.a');
  expect(word('xstate.done.actor.0.m.a')).toBe('done.invoke.0.m.a');
  expect(word('xstate.error.actor.job')).toBe('error.platform.job');
  expect(word('xstate.done.state.m.a')).toBe('done.state.m.a');
  expect(word('peer.beat')).toBe('peer.beat');
});

test('a machine of XState 5 is one that can be translated', () => {
  expectTypeOf(connectionMachine).toExtend<Machine5>();
});

interface Flat {
  ids: string[];
  arrows: string[];
  actions: string[];
}

function flatOf(definition: Definition): Flat {
  const within = Object.values(definition.states).map(flatOf);
  const { id, initial, type, tags, entry, exit, transitions: own } = definition;
  return {
    ids: [`${id} ${type} ${initial} ${tags?.join()}`, ...within.flatMap(({ ids }) => ids)],
    arrows: [
      ...own.map((each) =>
        [each.source, each.eventType, each.cond?.name, each.target.join(), ...each.actions.map((one) => one.type)].join(
          ' ',
        ),
      ),
      ...within.flatMap(({ arrows }) => arrows),
    ].toSorted(),
    actions: [
      `${id}: ${entry.map((each) => each.type).join()} / ${exit.map((each) => each.type).join()}`,
      ...within.flatMap((each) => each.actions),
    ],
  };
}

/** What XState 4 made of it, in its own words. */
function flatOf4(definition: Definition): Flat {
  const machine = createMachine4(JSON.parse(JSON.stringify(configOf(definition))) as never);
  return flatOf(withoutUndefined(JSON.parse(JSON.stringify(machine.definition))));
}

function withoutUndefined(definition: Definition): Definition {
  return {
    ...definition,
    transitions: definition.transitions.map((each) => ({ ...each, target: each.target ?? [] })),
    tags: definition.tags?.length === 0 ? undefined! : definition.tags!,
    states: Object.fromEntries(Object.entries(definition.states).map(([key, state]) => [key, withoutUndefined(state)])),
  };
}

function nodesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap((state) => nodesOf(state as AnyStateNode))];
}

test('XState 4 takes the connection machine, with all its states, transitions and actions', () => {
  const definition = translate(connectionMachine);
  const flat = flatOf(definition);
  const nodes = nodesOf(connectionMachine.root);
  expect(flat.ids.length).toBe(nodes.length);
  expect(flat.arrows.length).toBe(
    nodes.flatMap((node) => [...[...node.transitions.values()].flat(), ...(node.always ?? [])]).length,
  );
  expect(flatOf4(definition)).toEqual(flat);
  expect(flat.arrows).toContain(
    '#connection.reconnecting xstate.after(backoff)#connection.reconnecting isUnseen #connection.reconnecting dialLater',
  );
  expect(definition.states['socket']?.invoke).toMatchObject([{ id: 'socket', src: 'socket' }]);
});

test('XState 4 takes each of the rows', () => {
  for (const [, state] of [...transitions, ...states]) {
    const machine = createMachine({ id: 'm', initial: 'a', states: { a: state, b: {} } } as never);
    const definition = translate(machine);
    expect(flatOf4(definition)).toEqual(flatOf(definition));
  }
});

test('a translated definition is plain JSON', () => {
  const definition = translate(connectionMachine);
  expect(JSON.parse(JSON.stringify(definition))).toEqual(definition);
});
