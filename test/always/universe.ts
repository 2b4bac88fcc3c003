/**
 * Everywhere the machine can be, and every way from there: breadth first over its pure transition function, without a running actor. Time is abstract:
 * of the timers that are armed, any may be the next to fire, which is more than can happen.
 */
import { type ExecutableActionsFrom, fromCallback, initialTransition, type SnapshotFrom, transition } from 'xstate';

import { connectionMachine, stateOf } from '../../machines/connection.ts';
import type { Fact, Line, Liveness, Order, Report, State } from '../../machines/events.ts';
import type { PartialSettings } from '../../machines/settings.ts';
import { placeOf } from '../kit/paths.ts';

/** The machine at rest. */
export interface Rest {
  readonly snapshot: SnapshotFrom<typeof connectionMachine>;
  readonly state: State;
  readonly place: string;
  /** Armed, by id: ms. */
  readonly timers: ReadonlyMap<string, number>;
  /** WebSockets that were dialled and not left. */
  readonly sockets: number;
  /** Steps from the beginning, in words. */
  readonly story: readonly string[];
}

/** One step, of whatever happens or of time. */
export interface Step {
  readonly from: Rest;
  readonly event: Fact | { readonly type: `xstate.after.${string}` };
  readonly to: Rest;
  readonly orders: readonly Order[];
  readonly reports: readonly Report[];
  /** Delays of the timers that it armed, ms. */
  readonly armed: readonly number[];
  /** WebSockets dialled and left, in their order. */
  readonly visits: readonly ('dial' | 'leave')[];
}

export interface Universe {
  readonly settings: PartialSettings & { liveness: Liveness };
  readonly rests: readonly Rest[];
  readonly steps: readonly Step[];
  /** What follows from a rest, whatever happens. */
  readonly after: (rest: Rest, event: Step['event']) => Step;
}

const heartbeat = { interval: 60_000, timeout: 10_000, maxAge: 60_000 };

/** @param late every limit fires late, by a wall clock that leaps at each look */
export function universe(liveness: Liveness, late: boolean, retries: number): Universe {
  const settings = { liveness, heartbeat, retries };
  const first = begin(lineOf(late), settings);
  const known = new Map([[keyOf(first), first]]);
  const steps: Step[] = [];
  for (const rest of known.values()) {
    if (rest.snapshot.status !== 'active') continue;
    const times = [...rest.timers.keys()].map((type) => ({ type }) as Step['event']);
    for (const event of [...everyFact, ...times]) {
      const step = take(rest, event);
      steps.push(step);
      const key = keyOf(step.to);
      if (!known.has(key)) known.set(key, step.to);
    }
  }
  return { settings, rests: [...known.values()], steps, after: take };
}

const machine = connectionMachine.provide({ actors: { socket: fromCallback(() => {}) } });

function begin(line: Line, settings: PartialSettings): Rest {
  const [snapshot, actions] = initialTransition(machine, { line, ...settings });
  return restOf(snapshot, effectsOf(actions), { timers: new Map(), sockets: 0, story: [] });
}

function take(from: Rest, event: Step['event']): Step {
  const [snapshot, actions] = transition(machine, from.snapshot, event as Fact);
  const effects = effectsOf(actions);
  const timers = new Map(from.timers);
  if (event.type.startsWith('xstate.after.')) timers.delete(event.type);
  const story = [...from.story, wordsOf(event)];
  const to = restOf(snapshot, effects, { timers, sockets: from.sockets, story });
  const { orders, reports, armed, visits } = effects;
  return { from, event, to, orders, reports, armed: armed.map(([, ms]) => ms), visits };
}

interface Effects extends Pick<Step, 'orders' | 'reports' | 'visits'> {
  armed: readonly (readonly [id: string, ms: number])[];
  /** In their order. */
  timers: readonly ((timers: Map<string, number>) => void)[];
}

type AnyAction = ExecutableActionsFrom<typeof connectionMachine> | { type: string; params: unknown };

function effectsOf(actions: readonly AnyAction[]): Effects {
  const orders: Order[] = [];
  const reports: Report[] = [];
  const visits: ('dial' | 'leave')[] = [];
  const armed: [string, number][] = [];
  const timers: ((timers: Map<string, number>) => void)[] = [];
  for (const { type, params } of actions) {
    const given = params as Record<string, unknown>;
    if (type === 'xstate.raise') {
      const timer: [string, number] = [given.id as string, given.delay as number];
      armed.push(timer);
      timers.push((all) => all.set(...timer));
    } else if (type === 'xstate.cancel') timers.push((all) => all.delete(given.sendId as string));
    else if (type === 'xstate.sendTo') orders.push(given.event as Order);
    else if (type === 'xstate.emit') reports.push(given.event as Report);
    else if (type === 'xstate.spawnChild' && given.id === 'socket') visits.push('dial');
    else if (type === 'xstate.stopChild' && (params as { id?: unknown }).id === 'socket') visits.push('leave');
  }
  return { orders, reports, visits, armed, timers };
}

function restOf(
  snapshot: Rest['snapshot'],
  { visits, timers: changes }: Effects,
  before: Pick<Rest, 'timers' | 'sockets' | 'story'>,
): Rest {
  const timers = new Map(before.timers);
  for (const change of changes) change(timers);
  // XState takes the timers of what is done along with it.
  if (snapshot.status !== 'active') timers.clear();
  const sockets = before.sockets + visits.reduce((sum, visit) => sum + (visit === 'dial' ? 1 : -1), 0);
  return { snapshot, state: stateOf(snapshot), place: placeOf(snapshot), timers, sockets, story: before.story };
}

/** What of a rest decides where it can go. */
function keyOf({ snapshot, place, timers, sockets }: Rest): string {
  const { serverClock, attempt, nextDial, believableUntil, session } = snapshot.context;
  const samples = typeof serverClock === 'object' ? Math.min(serverClock.samples, 2) : serverClock;
  const known = [attempt > 0, nextDial.retriesLeft, believableUntil === Infinity, session.outage === undefined];
  return [place, samples, ...known, ...timers.keys(), sockets].join(' ');
}

function lineOf(late: boolean): Line {
  let wallTime = 0;
  return {
    now: () => 0,
    wallTime: () => (late ? (wallTime += 3_600_000) : 0),
    random: () => 0.5,
    silentFor: () => 100_000,
    obstacle: () => undefined,
    begin: () => {},
  };
}

const absurd = [undefined, 0, -1, 5_000, 1e9, Infinity, Number.NaN];
const old = -heartbeat.maxAge - 1;

/** Everything that can be told, and in numbers what nobody should tell. */
export const everyFact: readonly Fact[] = [
  { type: 'socket.opened' },
  ...[1000, 1006, 1008, 1013].map(
    (code) => ({ type: 'socket.lost', code, reason: '', wasClean: code !== 1006 }) as const,
  ),
  ...absurd.map(
    (retryAfter) => ({ type: 'socket.lost', code: 1006, reason: '', wasClean: false, retryAfter }) as const,
  ),
  { type: 'url.failed', reason: '' },
  ...absurd.map((interval) => ({ type: 'peer.named', id: 'a', serverTime: 0, receivedAt: 0, interval }) as const),
  ...[undefined, Number.NaN, Infinity].map(
    (serverTime) => ({ type: 'peer.named', serverTime, receivedAt: 0 }) as const,
  ),
  ...[0, old, undefined, Number.NaN, -Infinity].map(
    (serverTime) => ({ type: 'peer.beat', serverTime, receivedAt: 0 }) as const,
  ),
  { type: 'peer.spoke' },
  { type: 'peer.refused', reason: '' },
  { type: 'peer.refused', reason: '', fatal: true },
  ...absurd.map((retryAfter) => ({ type: 'peer.refused', reason: '', retryAfter }) as const),
  ...(['sleep', 'freeze', 'network', 'visible'] as const).map((reason) => ({ type: 'world.woke', reason }) as const),
  { type: 'world.wentOffline' },
  { type: 'world.suspended' },
  { type: 'user.reconnected' },
  { type: 'user.closed' },
];

export function wordsOf(event: Step['event']): string {
  const { type, ...fields } = event as Record<string, unknown> & { type: string };
  if (type.startsWith('xstate.after.')) return `after ${type.split('.')[2]}`;
  const told = Object.entries(fields).filter(([, value]) => value !== undefined && value !== '');
  return `${type}${told.length > 0 ? ` (${told.map(([name, value]) => `${name} ${String(value)}`).join(', ')})` : ''}`;
}
