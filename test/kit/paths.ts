/**
 * Paths through the machine, drawn from the machine itself, its timers included: one to every edge of its graph.
 *
 * They cannot judge the machine (whatever it does is what they expect), but they judge everything that has to follow it: an adapter, a server.
 */
import {
  type ActorScope,
  type AnyTransitionDefinition,
  getNextTransitions,
  type InspectionEvent,
  type SnapshotFrom,
  type StateValue,
} from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';

import { connectionMachine } from '../../machines/connection.ts';
import type { Fact, Line, Liveness } from '../../machines/events.ts';
import type { PartialSettings } from '../../machines/settings.ts';

export type ModelSnapshot = SnapshotFrom<typeof connectionMachine>;

export interface ModelStep {
  /** What happens, in a word or two: a fact, or `after` and the name of a delay. */
  readonly name: string;
  readonly event: Fact | { readonly type: `xstate.after.${string}` };
  /** Where the machine is before, and afterwards. */
  readonly from: string;
  readonly place: string;
}

export interface ModelRoute {
  /** The names of the steps, and where they lead. Different for each. */
  readonly name: string;
  readonly steps: readonly ModelStep[];
}

/** What is to be known of the wire besides what the machine knows, so as to tell what can happen next. */
export interface ModelRules<W = unknown> {
  /** At first. */
  readonly wire: W;
  /** The wire after a step. */
  follow(wire: W, step: ModelStep): W;
  /** Whether that can happen there. */
  allows(name: string, place: string, wire: W): boolean;
}

export interface Drawing {
  readonly routes: readonly ModelRoute[];
  /** Names of the transitions that they take, as {@link transitionName} makes them. */
  readonly transitions: ReadonlySet<string>;
}

/** Beats older than this are outdated, ms. */
export const maxAge = 60_000;

/** Everything that can happen to a connection but time; where a fact has two meanings, both. The model's clocks stand at 0. */
export const facts: Readonly<Record<string, Fact>> = {
  'socket.opened': { type: 'socket.opened' },
  'socket.lost': { type: 'socket.lost', code: 1006, reason: '', wasClean: false },
  'socket.lost fatal': { type: 'socket.lost', code: 1008, reason: '', wasClean: true },
  'url.failed': { type: 'url.failed', reason: '' },
  'peer.named': { type: 'peer.named', id: 'a', serverTime: 0, receivedAt: 0 },
  'peer.beat': { type: 'peer.beat', serverTime: 0, receivedAt: 0 },
  'peer.beat outdated': { type: 'peer.beat', serverTime: -maxAge - 1, receivedAt: 0 },
  'peer.spoke': { type: 'peer.spoke' },
  'peer.refused': { type: 'peer.refused', reason: '' },
  'peer.refused fatal': { type: 'peer.refused', reason: '', fatal: true },
  'world.woke sleep': { type: 'world.woke', reason: 'sleep' },
  'world.woke network': { type: 'world.woke', reason: 'network' },
  'world.woke visible': { type: 'world.woke', reason: 'visible' },
  'world.wentOffline': { type: 'world.wentOffline' },
  'world.suspended': { type: 'world.suspended' },
  'user.reconnected': { type: 'user.reconnected' },
  'user.closed': { type: 'user.closed' },
};

/** By how much a clock jumps where a limit fires late, and how long a line was silent where the world wakes, ms: more than any limit. */
export const longAgo = 7_200_000;

/** Short enough to be fired by itself in every state; waits long enough for a wake to shorten them. */
export function modelSettings(isDated = true): PartialSettings {
  return {
    heartbeat: { interval: 60_000, timeout: 10_000, maxAge: isDated ? maxAge : Infinity },
    stableAfter: 1_000,
    backoff: { initial: 10_000, max: 30_000, factor: 2, spread: 10_000 },
    retries: 1,
  };
}

const free: ModelRules = { wire: undefined, follow: () => undefined, allows: () => true };

interface PathNode {
  readonly machine: ModelSnapshot;
  readonly wire: unknown;
  /** On the way here. */
  readonly taken: readonly string[];
}

type ModelEvent = { readonly type: string; readonly name: string; readonly event: ModelStep['event'] };

/**
 * One path to every edge that starts anywhere the machine can be; paths that are the beginning of others are left out.
 * @param isDated whether answers are compared with the clock
 * @param rules what can happen; default everything
 */
export function draw(liveness: Liveness, isDated = true, rules: ModelRules = free): Drawing {
  const line = new FrozenLine();
  const logic = {
    getInitialSnapshot: (scope: ActorScope<never, never>): PathNode => ({
      machine: connectionMachine.getInitialSnapshot(scope as never, { line, ...modelSettings(isDated), liveness }),
      wire: rules.wire,
      taken: [],
    }),
    transition(
      { machine, wire: before }: PathNode,
      { name, event }: ModelEvent,
      scope: ActorScope<never, never>,
    ): PathNode {
      const taken: string[] = [];
      const watch = scope.system.inspect((seen) => taken.push(...transitionsIn(seen)));
      line.isLate = name.endsWith(' late');
      const next = connectionMachine.transition(machine, event as never, scope as never);
      line.isLate = false;
      watch.unsubscribe();
      const wire = rules.follow(before, { name, event, from: placeOf(machine), place: placeOf(next) });
      return { machine: next, wire, taken };
    },
  };
  const adjacency = getAdjacencyMap(
    logic as never,
    {
      events: (node: PathNode) =>
        [...factsFor(node.machine), ...delaysIn(node.machine)].filter(({ name }) =>
          rules.allows(name, placeOf(node.machine), node.wire),
        ),
      serializeState: key,
      serializeEvent: ({ name }: ModelEvent) => name,
      limit: 20_000,
    } as never,
  ) as unknown as Record<
    string,
    { state: PathNode; transitions: Record<string, { event: ModelEvent; state: PathNode }> }
  >;
  return drawingOf(adjacency);
}

/** The map lists states in the order in which they were found, nearest first: the first way to one is a shortest way. */
function drawingOf(
  adjacency: Record<string, { state: PathNode; transitions: Record<string, { event: ModelEvent; state: PathNode }> }>,
): Drawing {
  const transitions = new Set<string>();
  const routes: ModelStep[][] = [];
  const [first = ''] = Object.keys(adjacency);
  const ways = new Map<string, ModelStep[]>([[first, []]]);
  for (const [from, { state, transitions: edges }] of Object.entries(adjacency)) {
    const way = ways.get(from) ?? [];
    for (const { event: happening, state: next } of Object.values(edges)) {
      const { name, event } = happening;
      for (const transition of next.taken) transitions.add(transition);
      const longer = [...way, { name, event, from: placeOf(state.machine), place: placeOf(next.machine) }];
      const to = key(next);
      if (ways.has(to)) routes.push(longer);
      else ways.set(to, longer);
    }
    if (Object.keys(edges).length === 0) routes.push(way);
  }
  return {
    transitions,
    routes: routes.map((steps) => ({ name: nameOf(steps), steps })).toSorted((a, b) => a.steps.length - b.steps.length),
  };
}

/** Every visit that is named was opened first. */
function nameOf(steps: readonly ModelStep[]): string {
  const names = steps.filter(({ name }, i) => name !== 'socket.opened' || steps[i + 1]?.name !== 'peer.named');
  return `${names.map(({ name }) => name).join(', ')} → ${steps.at(-1)?.place}`;
}

function factsFor(state: ModelSnapshot): ModelEvent[] {
  const types = new Set(getNextTransitions(state).map(({ eventType }) => eventType));
  return Object.entries(facts)
    .filter(([, { type }]) => types.has(type))
    .map(([name, event]) => ({ type: event.type, name, event }));
}

function delaysIn(state: ModelSnapshot): ModelEvent[] {
  const types = new Set(getNextTransitions(state).map(({ eventType }) => eventType));
  const delays = [...types].filter((type): type is `xstate.after.${string}` => type.startsWith('xstate.after.'));
  // A line is found stable long before its next heartbeat, and once is enough.
  const [stable, others] = [true, false].map((is) => delays.filter((type) => type.includes('stableAfter') === is));
  return ((state.context.attempt > 0 && stable?.length ? stable : others) ?? []).flatMap((type) => {
    const name = `after ${type.split('.')[2]}`;
    const inTime = { type, name, event: { type } };
    // Late limits are not believed, once.
    return name === 'after drain' && state.context.believableUntil < Infinity
      ? [inTime, { ...inTime, name: `${name} late` }]
      : [inTime];
  });
}

/** What of a node decides where it can go. */
function key({ machine, wire }: PathNode): string {
  const { serverClock, attempt, nextDial, believableUntil, settings } = machine.context;
  const place = placeOf(machine);
  const isOpen = /^(?:alive|stale)/.test(place);
  const isDated = isOpen && settings.heartbeat.maxAge < Infinity;
  return JSON.stringify([
    place,
    attempt > 0,
    nextDial.retriesLeft,
    /^(?:connecting|awaiting|stale)/.test(place) && believableUntil === Infinity,
    isDated && (typeof serverClock === 'object' ? Math.min(serverClock.samples, 2) : serverClock),
    wire,
  ]);
}

/** The model's time stands still, but where a limit is to fire late. */
class FrozenLine implements Line {
  isLate = false;

  now(): number {
    return 0;
  }

  wallTime(): number {
    return this.isLate ? longAgo : 0;
  }

  random(): number {
    return 0.5;
  }

  silentFor(): number {
    return longAgo;
  }

  obstacle(): undefined {}

  begin(): void {}
}

/** Where the machine rests, without the compound state around it. */
export function placeOf({ value }: Pick<ModelSnapshot, 'value'>): string {
  return pathOf(value).replace(/^socket\./, '');
}

function pathOf(value: StateValue): string {
  if (typeof value === 'string') return value;
  return Object.entries(value)
    .map(([state, within]) => `${state}.${pathOf(within!)}`)
    .join(' ');
}

/** Names of all transitions of the machine, as {@link transitionName} makes them. */
export function allTransitions(): string[] {
  const within = (node: typeof connectionMachine.root): string[] => [
    ...[...node.transitions.values()].flat().map(transitionName),
    ...(node.always ?? []).map(transitionName),
    ...Object.values(node.states).flatMap((child) => within(child as never)),
  ];
  return [...new Set(within(connectionMachine.root))];
}

export function transitionName({ source, eventType, target, guard }: AnyTransitionDefinition): string {
  const targets = target?.map(({ id }) => id).join(' ') ?? 'itself';
  const condition = typeof guard === 'string' ? ` [${guard}]` : '';
  return `${source.id} ${eventType.split('.').slice(0, 3).join('.')}${condition} → ${targets}`;
}

/** Names of the transitions that an inspected microstep has taken. */
export function transitionsIn(event: InspectionEvent): string[] {
  return event.type === '@xstate.microstep' ? event._transitions.map(transitionName) : [];
}
