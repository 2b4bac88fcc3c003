/**
 * What XState 5's inspection tells, as entries. Machines only: what they invoke besides is seen in their definition and their events.
 *
 * - An event is told when the machine has taken it, right before the `changed` that it led to. XState itself tells of it when it is sent, which may be
 *   in the middle of another one.
 * - Transient states are left out: a `changed` is where the machine has come to rest.
 * - Nothing leaves but what may be shown (`plain.ts`, `words.ts`), and nothing that goes wrong here reaches the machine.
 */
import { guarded } from '../../adapters/surface.ts';
import type { Definition, Delay, Entry, StateValue } from '../entry.ts';
import type { InspectionEvent, Observed } from './inspect.types.ts';
import { plain, shown } from './plain.ts';
import { checkObserved, type Naming } from './shared.ts';
import { type CountedLine, isCountedLine, Traffic } from './traffic.ts';
import { translate, dictionaryOf, isMachine, type Machine5 } from './translate.ts';
import { nameFor, type Vocabulary, vocabularyOf } from './words.ts';

export interface Observation extends Naming {
  /** Passes a page's event on. False: there is no such machine, or it does not know such an event. */
  send(session: string, event: { type: string }): boolean;
}

/** What is used of an actor of XState 5. */
interface Actor5 {
  readonly id: string;
  readonly sessionId: string;
  readonly logic?: unknown;
  readonly _parent?: Actor5 | undefined;
  readonly system: {
    getSnapshot(): { _scheduledEvents: Record<string, Scheduled> };
  };
  getSnapshot(): Snapshot5;
  send(event: { type: string }): void;
}

interface Scheduled {
  readonly source: unknown;
  readonly event: { readonly type: string };
  readonly delay: number;
  /** Epoch ms. */
  readonly startedAt: number;
}

interface Snapshot5 {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly value: unknown;
  readonly context: unknown;
  readonly output?: unknown;
}

type Event5 = Readonly<Record<string, unknown>> & { readonly type: string };

interface ObservedMachine {
  readonly session: string;
  readonly actor: Actor5;
  readonly logic: Machine5;
  readonly line: CountedLine | undefined;
  readonly traffic: Traffic | undefined;
  readonly chart: Chart;
  readonly vocabulary: Vocabulary;
  /** Sent to it, and not taken yet. */
  readonly waiting: Event5[];
  isChecked: boolean;
}

/** What is the same for all actors of one logic. */
interface Chart {
  readonly definition: Definition;
  /** The names of events in the terms of XState 4. */
  readonly word: (type: string) => string;
}

/** How often it is looked whether something has passed by, ms. */
const pace = 250;
/** Names that are counted; of more than these, those that were given longest ago are counted anew. */
const mostNames = 10_000;
/** Events that wait to be taken by one machine; of more than these, those that are never taken are not remembered. */
const mostWaiting = 1_000;

/** Sessions of one process, or one page, differ from those of the one before it, which the visualizer may still show. */
const run = Math.random().toString(36).slice(2, 8);
let sessions = 0;

const charts = new WeakMap<Machine5, Chart>();

function chartOf(logic: Machine5): Chart {
  const chart = charts.get(logic) ?? { definition: translate(logic), word: dictionaryOf(logic) };
  charts.set(logic, chart);
  return chart;
}

export function observe(tell: (entry: Entry) => void, options: Observed = {}): Observation {
  checkObserved(options);
  const { name: theirName, redact, send = true, now } = options;
  const time = now ?? Date.now;
  const sinceOf = startsOf(now);
  const machines = new Map<unknown, ObservedMachine>();
  const over = new WeakSet<object>();
  const named = new Map<string, number>();
  let timer: ReturnType<typeof setInterval> | undefined;
  let isStopped = false;

  const tellPlain = guarded((entry: Entry) => {
    const allowed = redact === undefined ? entry : plainEntry(redact(entry));
    if (allowed !== undefined) tell(allowed);
  });

  function register(actor: Actor5, logic: Machine5, name: string | undefined): ObservedMachine {
    const snapshot = actor.getSnapshot();
    const line = lineIn(snapshot);
    const chart = chartOf(logic);
    sessions += 1;
    const machine: ObservedMachine = {
      session: `${run}-${sessions}`,
      actor,
      logic,
      line,
      traffic: line && new Traffic(line),
      chart,
      vocabulary: vocabularyOf(chart.definition, line !== undefined),
      waiting: [],
      isChecked: false,
    };
    const parent = parentOf(actor);
    over.delete(actor);
    machines.set(actor, machine);
    tellPlain({
      type: 'registered',
      at: time(),
      session: machine.session,
      name: ownName(actor, parent) ?? numbered(name ?? logic.id),
      ...(parent !== undefined && { parent: parent.session }),
      definition: chart.definition,
      value: valueOf(snapshot),
      context: contextOf(machine, snapshot),
    });
    if (machine.traffic !== undefined) startTimer();
    return machine;
  }

  /** A number that was given is not given again: a name says which one it is as long as there are pages that remember it. */
  function numbered(name: string): string {
    const number = (named.get(name) ?? 0) + 1;
    named.delete(name);
    named.set(name, number);
    const [oldest = ''] = named.keys();
    if (named.size > mostNames) named.delete(oldest);
    return number === 1 ? name : `${name} ${number}`;
  }

  function parentOf({ _parent }: Actor5): ObservedMachine | undefined {
    for (let each = _parent; each !== undefined; each = each._parent) {
      const machine = machines.get(each);
      if (machine !== undefined) return machine;
    }
    return undefined;
  }

  function hear({ type, actorRef, ...rest }: InspectionEvent, name = theirName): void {
    const actor = actorRef as unknown as Actor5;
    const logic = actor.logic;
    if (isStopped || !isMachine(logic)) return;
    const { event } = rest as { event?: Event5 };
    if (type === '@xstate.event' && event !== undefined) {
      if (event.type === 'xstate.init') checkSoon(register(actor, logic, name));
      else expect(actor, event);
    } else if (type === '@xstate.snapshot' && event !== undefined && !over.has(actor)) {
      take(machines.get(actor) ?? register(actor, logic, name), event);
    }
  }

  function expect(actor: Actor5, event: Event5): void {
    const machine = machines.get(actor);
    if (machine === undefined) return;
    if (machine.waiting.length < mostWaiting) machine.waiting.push(event);
    checkSoon(machine);
  }

  /** XState does not tell of a machine that threw. */
  function checkSoon(machine: ObservedMachine): void {
    if (machine.isChecked) return;
    machine.isChecked = true;
    queueMicrotask(
      harmless(() => {
        machine.isChecked = false;
        if (machines.get(machine.actor) !== machine || isStopped) return;
        if (machine.actor.getSnapshot().status === 'error') take(machine, machine.waiting[0]);
      }),
    );
  }

  function take(machine: ObservedMachine, event: Event5 | undefined): void {
    const { actor, session, waiting } = machine;
    const snapshot = actor.getSnapshot();
    const at = time();
    if (event !== undefined) {
      waiting.splice(0, waiting.indexOf(event) + 1);
      if (event.type !== 'xstate.init' && event.type !== 'xstate.stop')
        tellPlain({ type: 'event', at, session, event: eventOf(machine, event) });
    }
    // What is over still has its timers at this moment.
    const delays = snapshot.status === 'active' ? delaysOf(machine, sinceOf) : undefined;
    tellPlain({
      type: 'changed',
      at,
      session,
      value: valueOf(snapshot),
      context: contextOf(machine, snapshot),
      ...(delays !== undefined && { delays }),
      done: snapshot.status === 'done',
    });
    if (snapshot.status !== 'active') end(machine, snapshot);
  }

  function end(machine: ObservedMachine, { output }: Snapshot5): void {
    const { actor, session, traffic, vocabulary } = machine;
    count(machine);
    traffic?.stop();
    machines.delete(actor);
    over.add(actor);
    const told = output === undefined ? undefined : shown(output, vocabulary.showText);
    tellPlain({ type: 'stopped', at: time(), session, ...(told !== undefined && { output: told }) });
    stopTimerIfIdle();
  }

  function count({ session, traffic }: ObservedMachine): void {
    const news = traffic?.news(time());
    if (news !== undefined) tellPlain({ type: 'counted', at: time(), session, ...news });
  }

  function startTimer(): void {
    timer ??= setInterval(
      harmless(() => {
        for (const machine of machines.values()) count(machine);
      }),
      pace,
    );
    // On Node: an inspector holds no process up.
    if (typeof timer === 'object') timer.unref?.();
  }

  function stopTimerIfIdle(): void {
    if ([...machines.values()].some(({ traffic }) => traffic !== undefined)) return;
    clearInterval(timer);
    timer = undefined;
  }

  return Object.assign(harmless(hear), {
    send(session: string, event: { type: string }): boolean {
      const machine = [...machines.values()].find((each) => each.session === session);
      if (!send || isStopped || machine === undefined || !knows(machine.logic, event.type)) return false;
      if (machine.actor.getSnapshot().status !== 'active') return false;
      guarded(() => machine.actor.send(event))();
      return true;
    },
    stop(): void {
      isStopped = true;
      for (const { traffic } of machines.values()) traffic?.stop();
      machines.clear();
      stopTimerIfIdle();
    },
  });
}

function ownName({ id, sessionId }: Actor5, parent: ObservedMachine | undefined): string | undefined {
  return id === sessionId ? undefined : nameFor(id, parent?.chart.definition);
}

/** A fault of ours is a warning: neither the machine nor the app is the worse for it. */
export function harmless<A extends unknown[]>(call: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    try {
      call(...args);
    } catch (error) {
      console.warn(`systole/inspect: ${placeOf(error)}`);
    }
  };
}

/** What it is and where it comes from. Its message is kept to ourselves: it may be the app's, with anything in it. */
function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const lines = error.stack?.split('\n').filter((line) => /^ +at |@.*:\d+:\d+$/.test(line)) ?? [];
  return [error.name, ...lines].join('\n');
}

/** Its own event types; what XState makes itself is nobody else's to send. */
function knows({ events }: Machine5, type: string): boolean {
  if (/^$|^init$|^(?:xstate|done|error)(?:\.|$)|\*/.test(type)) return false;
  return events.some((each) => each === type || each === '*' || (each.endsWith('.*') && isWithin(type, each)));
}

/** `user.closed` and `user` are within `user.*`. */
function isWithin(type: string, wildcard: string): boolean {
  return type === wildcard.slice(0, -2) || type.startsWith(wildcard.slice(0, -1));
}

/** What XState's system has scheduled for it: only delays of states that are active, as long as they really are. */
function delaysOf(
  { actor, chart: { word } }: ObservedMachine,
  sinceOf: (scheduled: Scheduled) => number,
): Record<string, Delay> | undefined {
  const running = Object.values(actor.system.getSnapshot()._scheduledEvents).filter(
    ({ source, event, delay }) => source === actor && event.type.startsWith('xstate.after.') && Number.isFinite(delay),
  );
  if (running.length === 0) return undefined;
  return Object.fromEntries(running.map((each) => [word(each.event.type), { ms: each.delay, since: sinceOf(each) }]));
}

/** XState notes the beginnings of delays by the platform's clock: by another one, they begin when they are first seen. */
function startsOf(now: (() => number) | undefined): (scheduled: Scheduled) => number {
  if (now === undefined) return ({ startedAt }) => startedAt;
  const seen = new WeakMap<Scheduled, number>();
  return (scheduled) => {
    const since = seen.get(scheduled) ?? now();
    seen.set(scheduled, since);
    return since;
  };
}

function valueOf({ value }: Snapshot5): StateValue {
  return (plain(value) ?? '') as StateValue;
}

function lineIn({ context }: Snapshot5): CountedLine | undefined {
  const line = typeof context === 'object' && context !== null && 'line' in context ? context.line : undefined;
  return isCountedLine(line) ? line : undefined;
}

function contextOf({ line, vocabulary: { showText } }: ObservedMachine, { context }: Snapshot5): unknown {
  if (line === undefined) return shown(context, showText) ?? null;
  const { line: _, settings, ...rest } = context as Record<string, unknown>;
  const { shouldReconnect: __, ...told } = { ...(settings as object | undefined) } as Record<string, unknown>;
  return shown({ ...rest, ...(settings !== undefined && { settings: told }) }, showText) ?? null;
}

function eventOf(
  { chart: { word }, vocabulary: { showText, eventType } }: ObservedMachine,
  event: Event5,
): { type: string } {
  return { ...(shown(event, showText) as object), type: eventType(word(event.type)) };
}

/** What the app's `redact` has answered, which may be anything. */
function plainEntry(entry: Entry | undefined): Entry | undefined {
  if (typeof entry?.type !== 'string') return undefined;
  if (entry.type === 'registered') {
    return { ...entry, value: valueOf(entry as never), context: plain(entry.context) ?? null };
  }
  return plain(entry) as unknown as Entry;
}
