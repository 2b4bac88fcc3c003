/**
 * A machine of XState 5 in the terms of XState 4. Pure: it reads the machine's nodes and imports neither version.
 *
 * What has a name is called by it. What is written inline gets a readable stand-in; its source is never shown.
 */
import type { Action, Definition, Transition } from '../entry.ts';

/** What is read of a machine of XState 5. */
export interface Machine5 {
  readonly id: string;
  readonly root: Node5;
  readonly events: readonly string[];
}

interface Node5 {
  readonly id: string;
  readonly key: string;
  readonly type: Definition['type'];
  readonly states: Readonly<Record<string, Node5>>;
  readonly history: 'shallow' | 'deep' | false;
  readonly initial: { readonly target: readonly Node5[] | undefined };
  readonly tags: readonly string[];
  readonly transitions: ReadonlyMap<string, readonly Transition5[]>;
  readonly always?: readonly Transition5[] | undefined;
  readonly after: readonly (Transition5 & { readonly delay?: unknown })[];
  readonly invoke: readonly { readonly id: string; readonly src: unknown }[];
  readonly config: {
    /** As written: the compiled ones also hold what arms and disarms the node's delays. */
    readonly entry?: unknown;
    readonly exit?: unknown;
    readonly invoke?: unknown;
    readonly target?: unknown;
  };
}

interface Transition5 {
  readonly eventType: string;
  readonly target?: readonly Node5[] | undefined;
  readonly guard?: unknown;
  readonly actions: readonly unknown[];
  readonly reenter: boolean;
}

export function isMachine(logic: unknown): logic is Machine5 {
  const machine = logic as Partial<Machine5> | null | undefined;
  return typeof machine === 'object' && typeof machine?.root === 'object' && Array.isArray(machine.events);
}

export function translate(machine: Machine5): Definition {
  return nodeOf(machine.root, undefined, dictionaryOf(machine));
}

/** How XState 4 calls the events that XState 5 makes itself; those of the app keep their names. */
export function dictionaryOf(machine: Machine5): (type: string) => string {
  const delayed = new Map<string, string>();
  const collect = (node: Node5): void => {
    for (const { eventType, delay } of node.after) delayed.set(eventType, `xstate.after(${String(delay)})#${node.id}`);
    for (const child of Object.values(node.states)) collect(child);
  };
  collect(machine.root);
  return (type) => delayed.get(type) ?? settled(type);
}

const prefixes = [
  ['xstate.done.actor.', 'done.invoke.'],
  ['xstate.error.actor.', 'error.platform.'],
  ['xstate.done.state.', 'done.state.'],
] as const;

function settled(type: string): string {
  const pair = prefixes.find(([theirs]) => type.startsWith(theirs));
  return pair === undefined ? type : pair[1] + type.slice(pair[0].length);
}

function nodeOf(node: Node5, parent: Node5 | undefined, word: (type: string) => string): Definition {
  const { id, key, type, config } = node;
  const initial = node.initial.target?.[0]?.key;
  return {
    id,
    key,
    type,
    ...(initial !== undefined && { initial }),
    states: Object.fromEntries(Object.entries(node.states).map(([name, child]) => [name, nodeOf(child, node, word)])),
    transitions: [
      ...[...node.transitions.values(), node.always ?? []]
        .flat()
        .map((transition) => transitionOf(transition, node, word)),
      ...beginningOf(node, parent),
    ],
    entry: listOf(config.entry).map(actionOf),
    exit: listOf(config.exit).map(actionOf),
    invoke: node.invoke.map((each, i) => ({
      id: each.id,
      src: sourceOf(listOf(config.invoke)[i], each.src),
    })),
    ...(node.tags.length > 0 && { tags: node.tags.map(String) }),
    ...(type === 'history' && { history: node.history || 'shallow' }),
  };
}

/** Where a history state leads that has nothing to remember yet, if it says so. */
function beginningOf({ id, type, config }: Node5, parent: Node5 | undefined): Transition[] {
  if (type !== 'history' || typeof config.target !== 'string') return [];
  const path = config.target.split('.');
  const target = config.target.startsWith('#')
    ? config.target
    : `#${path.reduce<Node5 | undefined>((node, key) => node?.states[key], parent)?.id}`;
  return [{ eventType: '', source: `#${id}`, target: [target], actions: [], internal: true }];
}

function transitionOf(
  { eventType, target = [], guard, actions, reenter }: Transition5,
  source: Node5,
  word: (type: string) => string,
): Transition {
  return {
    eventType: word(eventType),
    source: `#${source.id}`,
    target: target.map(({ id }) => `#${id}`),
    ...(guard !== undefined && { cond: { name: guardName(guard) } }),
    actions: actions.map(actionOf),
    internal: !reenter,
  };
}

interface Built {
  readonly name: string;
  readonly type?: unknown;
  readonly guards?: unknown;
  readonly stateValue?: unknown;
  readonly event?: unknown;
  readonly to?: unknown;
  readonly sendId?: unknown;
  readonly src?: unknown;
}

function guardName(guard: unknown): string {
  if (typeof guard !== 'function') return nameOf(guard) ?? 'inline guard';
  const { name, guards, stateValue } = guard as Built;
  if (Array.isArray(guards)) return `${name}(${guards.map(guardName).join(', ')})`;
  if (stateValue !== undefined) return `stateIn(${wordsOf(stateValue)})`;
  return inlineName(name) ?? 'inline guard';
}

function actionOf(action: unknown): Action {
  if (typeof action !== 'function') return { type: nameOf(action) ?? 'inline action' };
  const { name, type, event, to, sendId, src } = action as unknown as Built;
  // The names of XState's own are in their type, also where a bundler has renamed the functions.
  const built = typeof type === 'string' ? type.replace(/^xstate\./, '') : undefined;
  if (built === undefined) return { type: inlineName(name) ?? 'inline action' };
  const details = [to, nameOf(event), sendId, src].filter((each): each is string => typeof each === 'string');
  return { type: details.length > 0 ? `${built}(${details.join(', ')})` : built };
}

/** An invoke that is written with an inline source has a name made up of numbers. */
function sourceOf(written: unknown, src: unknown): string {
  const logic = (written as { src?: unknown } | undefined)?.src ?? written;
  if (typeof logic === 'string') return logic;
  if (isMachine(logic)) return logic.id;
  const call = (logic as { config?: unknown } | null | undefined)?.config;
  const name = typeof call === 'function' ? inlineName(call.name) : undefined;
  return name ?? (typeof logic === 'object' || typeof src !== 'string' ? 'inline actor' : src);
}

/** The engine gives an inline function the name of the field it is written in: that says nothing. */
const fieldNames: ReadonlySet<string> = new Set(['', 'guard', 'actions', 'entry', 'exit', 'src', 'creator', 'config']);

function inlineName(name: string): string | undefined {
  return fieldNames.has(name) ? undefined : name;
}

function nameOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  return typeof type === 'string' ? type : undefined;
}

function wordsOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** What XState 4's `createMachine` takes, and `definitionIn` of `receive.ts` reads back. */
export function configOf(definition: Definition): Record<string, unknown> {
  return { ...nodeConfigOf(definition), predictableActionArguments: true };
}

function nodeConfigOf(definition: Definition): Record<string, unknown> {
  const { transitions, states } = definition;
  const on = new Map<string, Transition[]>();
  for (const transition of transitions) {
    if (transition.eventType === '') continue;
    on.set(transition.eventType, [...(on.get(transition.eventType) ?? []), transition]);
  }
  const always = transitions.filter(({ eventType }) => eventType === '');
  return {
    ...definition,
    states: Object.fromEntries(Object.entries(states).map(([key, state]) => [key, nodeConfigOf(state)])),
    // XState 4 reads these; `transitions`, which we read, it leaves alone.
    on: Object.fromEntries(on),
    // A history state takes nothing by itself: it has a target of its own.
    ...(definition.type === 'history' && always[0] !== undefined && { target: always[0].target[0] }),
    ...(definition.type !== 'history' && always.length > 0 && { always }),
  };
}
