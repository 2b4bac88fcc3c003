/**
 * Paths through the machine, drawn from the machine itself, its timers included: one to every edge of its graph.
 *
 * They cannot judge the machine (whatever it does is what they expect; the table judges it), but they judge everything that has to follow it: the
 * adapter, and the running actor.
 */
import { type AnyTransitionDefinition, getNextTransitions, type InputFrom, type SnapshotFrom } from 'xstate';
import { TestModel } from 'xstate/graph';

import { connectionMachine } from '../machines/connection.ts';
import type { Fact, Line } from '../machines/events.ts';
import type { PartialSettings } from '../machines/settings.ts';
import { placeOf } from './simulation.ts';

export type ModelSnapshot = SnapshotFrom<typeof connectionMachine>;

export interface ModelStep {
  /** What happens, in a word or two. */
  readonly name: string;
  readonly event: Fact | { readonly type: `xstate.after.${string}` };
  /** Where the machine is afterwards. */
  readonly place: string;
}

export interface ModelPath {
  readonly name: string;
  readonly steps: readonly ModelStep[];
  /** Every limit fires late, because the wall clock jumps. */
  readonly late: boolean;
  readonly settings: PartialSettings;
}

/** Beats older than this are outdated. */
const maxAge = 60_000;

/** Everything that can happen to a connection but time; where a fact has two meanings, both. The model's clocks stand at 0. */
export const facts: Record<string, Fact> = {
  'socket.opened': { type: 'socket.opened' },
  'socket.lost': { type: 'socket.lost', code: 1006, reason: '', wasClean: false },
  'socket.lost (fatal)': { type: 'socket.lost', code: 1008, reason: '', wasClean: true },
  'url.failed': { type: 'url.failed', reason: '' },
  'peer.named': { type: 'peer.named', id: 'a', serverTime: 0, receivedAt: 0 },
  'peer.beat': { type: 'peer.beat', serverTime: 0, receivedAt: 0 },
  'peer.beat (outdated)': { type: 'peer.beat', serverTime: -maxAge - 1, receivedAt: 0 },
  'peer.spoke': { type: 'peer.spoke' },
  'peer.refused': { type: 'peer.refused', reason: '' },
  'peer.refused (fatal)': { type: 'peer.refused', reason: '', fatal: true },
  'world.woke (sleep)': { type: 'world.woke', reason: 'sleep' },
  'world.woke (network)': { type: 'world.woke', reason: 'network' },
  'world.woke (visible)': { type: 'world.woke', reason: 'visible' },
  'world.wentOffline': { type: 'world.wentOffline' },
  'world.suspended': { type: 'world.suspended' },
  'user.reconnected': { type: 'user.reconnected' },
  'user.closed': { type: 'user.closed' },
};

const names = new Map<unknown, string>(Object.entries(facts).map(([name, fact]) => [fact, name]));

/** Short enough to be fired by itself in every state; waits long enough for a wake to shorten them. */
export const modelSettings: PartialSettings = {
  heartbeat: { interval: 60_000, timeout: 10_000, maxAge },
  stableAfter: 1_000,
  backoff: { initial: 10_000, max: 30_000, factor: 2, spread: 10_000 },
  retries: 1,
};

/**
 * One path to every edge that starts anywhere the machine can be; paths that are the beginning of others are left out. Of the late ones only
 * those that are granted something.
 */
export function pathsOf(liveness: 'ask' | 'none', late: boolean): ModelPath[] {
  const settings = { ...modelSettings, liveness };
  const model = new TestModel<ModelSnapshot, ModelStep['event'], InputFrom<typeof connectionMachine>>(
    connectionMachine as never,
    {
      input: { line: frozenLine(late), ...settings },
      events: (state) => [...Object.values(facts).filter((fact) => matters(state, fact)), ...delaysIn(state)],
      serializeState: (state) => key(state),
      serializeEvent: (event) => names.get(event) ?? event.type,
      limit: 5_000,
    },
  );
  const adjacency = Object.values<{ state: ModelSnapshot; transitions: object }>(model.getAdjacencyMap() as never);
  const toState = new Map(
    model.getShortestPaths({ allowDuplicatePaths: true }).map(({ state, steps }) => [key(state), steps.slice(1)]),
  );
  const paths = adjacency.flatMap(({ state, transitions }) =>
    Object.values<{ event: ModelStep['event']; state: ModelSnapshot }>(transitions as never).map((edge) => [
      ...(toState.get(key(state)) ?? []).map((step) => stepOf(step.event, step.state)),
      stepOf(edge.event, edge.state),
    ]),
  );
  const nameOf = (steps: ModelStep[]) => steps.map(({ name, place }) => `${name} → ${place}`).join(', ');
  const all = paths
    .filter((steps) => !late || steps.some(({ name, place }) => name === 'after drain' && place !== 'reconnecting'))
    .map((steps) => ({ name: nameOf(steps), steps, late, settings }));
  return all.filter(({ name }) => !all.some((other) => other.name !== name && other.name.startsWith(`${name}, `)));
}

function stepOf(event: ModelStep['event'], state: ModelSnapshot): ModelStep {
  const name = names.get(event) ?? `after ${event.type.split('.')[2]}`;
  return { name, event, place: placeOf(state) };
}

function matters(state: ModelSnapshot, fact: Fact): boolean {
  return getNextTransitions(state).some(({ eventType }) => eventType === fact.type);
}

function delaysIn(state: ModelSnapshot): { type: `xstate.after.${string}` }[] {
  const types = getNextTransitions(state).map(({ eventType }) => eventType);
  const delays = types.filter((type): type is `xstate.after.${string}` => type.startsWith('xstate.after.'));
  // The shortest one comes first: a line is stable long before its next heartbeat.
  const first = delays.filter((type) => type.includes('stableAfter') && state.context.attempt > 0);
  return [...new Set(first.length > 0 ? first : delays)].map((type) => ({ type }));
}

/** What of a snapshot decides where it can go. */
function key(state: ModelSnapshot): string {
  const { serverClock, attempt, retriesLeft, believableUntil, cause } = state.context;
  const samples = typeof serverClock === 'object' ? Math.min(serverClock.samples, 2) : serverClock;
  return [placeOf(state), samples, attempt > 0, retriesLeft, believableUntil === Infinity, cause === 'outdated'].join(
    ' ',
  );
}

/** The model's time stands still; where limits are to fire late, every look at the wall clock finds it an hour further on. */
function frozenLine(late: boolean): Line {
  let wallTime = 0;
  return {
    wallTime: () => (late ? (wallTime += 3_600_000) : 0),
    random: () => 0.5,
    silentFor: () => 100_000,
    obstacle: () => undefined,
    watchWorld: () => () => {},
    shut: () => {},
  };
}

/** Names of all transitions of the machine, as {@link transitionName} makes them. */
export function allTransitions(): string[] {
  const within = (node: typeof connectionMachine.root): string[] => [
    ...[...node.transitions.values()].flat().map(transitionName),
    ...(node.always ?? []).map(transitionName),
    ...Object.values(node.states).flatMap((child) => within(child as never)),
  ];
  return within(connectionMachine.root);
}

export function transitionName({ source, eventType, target, guard }: AnyTransitionDefinition): string {
  const targets = target?.map(({ id }) => id).join(' ') ?? 'itself';
  const condition = typeof guard === 'string' ? ` [${guard}]` : '';
  return `${source.id} ${eventType.split('.').slice(0, 3).join('.')}${condition} → ${targets}`;
}
