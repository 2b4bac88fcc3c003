/**
 * When the next dial is due, what may hold it and what may not shorten the wait: a slice of the machine's context, and all that is done with it.
 * Pure: time, chance and obstacles come in by the line.
 *
 * What the server has asked for is counted on the monotonic clock, which no setting of a clock shortens and sleep only lengthens. Our own pace is
 * counted on the wall clock, which runs through sleep.
 */
import { clamp, defaultBackoff, dialsPerPace, longestTimer, paceOf, statedWait, wait } from './backoff.ts';
import type { Line, Loss } from './events.ts';
import type { Settings } from './settings.ts';

export interface NextDial {
  /** Dials that may fail before giving up. */
  readonly retriesLeft: number;
  /** Monotonic ms of this visit's dial, or of the last one's. */
  readonly dialledAt: number;
  /** How long the last dial that came to an open socket took, ms. */
  readonly took: number | undefined;
  /** Epoch ms of the last ten dials since the user's own one. */
  readonly dials: readonly number[];
  /** Epoch ms; undefined unless a dial is waiting. */
  readonly at: number | undefined;
  /** Monotonic ms. */
  readonly dueAt: number;
  /** Ms from the loss, or from the wake, to the dial. */
  readonly wait: number;
  /** Monotonic ms before which no wake dials, since the server has asked for it. */
  readonly notBefore: number;
}

/** What of the context is looked at. */
interface DialView {
  readonly nextDial: NextDial;
  readonly settings: Settings;
  readonly line: Line;
}

/** What of it is changed. */
interface Change {
  nextDial: NextDial;
}

/** Wakes dial at most this often, ms. */
const wakePace = 1_000;
/** Where growing dial timeouts end, ms. */
const longestConnectTimeout = 20_000;
/** The least that a dial is given on a line whose dials are quick, ms: what a round trip may take when the network is another. */
const shortestConnectTimeout = 1_000;
/** A dial that fails within this fails at once, ms: its wait is not shortened by what is noise. */
const atOnce = 100;

export function noDialYet({ retries }: Settings): NextDial {
  return {
    retriesLeft: retries,
    dialledAt: 0,
    took: undefined,
    dials: [],
    at: undefined,
    dueAt: 0,
    wait: 0,
    notBefore: 0,
  };
}

export function dialled({ nextDial, line }: DialView): Change {
  const dials = [...nextDial.dials, line.wallTime()].slice(-dialsPerPace);
  return { nextDial: { ...nextDial, at: undefined, dialledAt: line.now(), dials } };
}

export function opened({ nextDial, line }: DialView): Change {
  return { nextDial: { ...nextDial, took: line.now() - nextDial.dialledAt } };
}

/**
 * How long a dial may take, ms. Four times the last good one where that is less than the app's `connectTimeout`: a dial into a dead network is not
 * waited for when another one would find the way. Each failed dial adds half as much again.
 * @param attempt dials since the line was last stable, this one included
 */
export function connectTimeout({
  nextDial: { took = Infinity },
  settings,
  attempt,
}: DialView & { attempt: number }): number {
  const most = settings.connectTimeout;
  const first = Math.min(most, Math.max(4 * took, shortestConnectTimeout));
  return Math.min(first * 1.5 ** clamp(attempt - 1, 0, 100), Math.max(most, longestConnectTimeout));
}

/** All dials may fail again. */
export function retriesAnew({ nextDial, settings }: DialView): Change {
  return { nextDial: { ...nextDial, retriesLeft: settings.retries } };
}

/**
 * The wait that follows from a loss. What the server has asked for counts from there, and the app's own rule; ours counts from the beginning of the dial
 * that failed: one that hung for longer than its wait is followed at once (as gRPC has it, https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md).
 * @param hasLived there was a session: it is no dial that failed
 */
export function dialAfter(loss: Loss, hasLived: boolean, context: DialView): Change {
  const { nextDial, settings, line } = context;
  const now = line.now();
  const random = line.random();
  const stated = statedWait(loss, settings.backoff, random);
  const own = loss.cause === 'network-changed' ? wakeDelay(context) : wait(loss, settings.backoff, random);
  const hung = now - nextDial.dialledAt;
  const isOurs = !hasLived && loss.code !== 1013 && typeof settings.backoff !== 'function';
  const ms = isOurs && hung > atOnce ? own - hung : own;
  const change = due(context, Math.max(ms, 0, stated, restOfPace(context), hold(context)));
  return { nextDial: { ...change.nextDial, notBefore: now + stated, retriesLeft: nextDial.retriesLeft - 1 } };
}

/** The user's word beats retries, pace, waits and obstacles. */
export function dialAtOnce(context: DialView): Change {
  const { nextDial } = retriesAnew(context);
  return due({ ...context, nextDial: { ...nextDial, dials: [] } }, 0);
}

/** There is an obstacle. */
export function dialLater(context: DialView): Change {
  const { settings } = context;
  return due(context, Math.max(isUnseen(context) ? longestTimer : longestWait(settings), rest(context)));
}

export function dialSooner(context: DialView): Change {
  return due(context, soonest(context));
}

export function canDialSooner(context: DialView): boolean {
  return !isUnseen(context) && soonest(context) < rest(context);
}

export function isUnseen({ line }: Pick<DialView, 'line'>): boolean {
  return line.obstacle() === 'unseen';
}

/** Ms to the next dial, as users are told it: undefined where none will follow, Infinity where it waits until the page is seen. */
export function nextDialIn({ at, wait: ms }: NextDial): number | undefined {
  if (at === undefined) return undefined;
  return ms < longestTimer ? ms : Infinity;
}

/** The same as epoch ms. */
export function nextDialAt({ at, wait: ms }: NextDial): number | undefined {
  return ms < longestTimer ? at : Infinity;
}

function due({ nextDial, line }: DialView, ms: number): Change {
  const waits = Math.min(ms, longestTimer);
  return { nextDial: { ...nextDial, wait: waits, at: line.wallTime() + waits, dueAt: line.now() + waits } };
}

/** Ms until a wake may dial: what nothing but the user's word may shorten. */
function soonest(context: DialView): number {
  return Math.max(wakeDelay(context), context.nextDial.notBefore - context.line.now(), restOfPace(context));
}

function wakeDelay({ nextDial, line }: DialView): number {
  return clamp(nextDial.dialledAt + wakePace - line.now(), 0, wakePace);
}

/** Ms until the dial that waits, or more: where the clock runs through sleep, the timer may not have. */
function rest({ nextDial, line }: DialView): number {
  const left = nextDial.dueAt - line.now();
  return left < 0 ? nextDial.wait : left;
}

/** Ms until a dial would not be one too many. Dials of the future are of a clock that has been set back. */
function restOfPace({ nextDial: { dials }, settings, line }: DialView): number {
  if (dials.length < dialsPerPace) return 0;
  const elapsed = line.wallTime() - dials[0]!;
  return elapsed < 0 ? 0 : Math.max(0, paceOf(settings.backoff) - elapsed);
}

/** How long an obstacle holds a dial, ms. Being offline is a hint, so it does so no longer than a wait can be; being unseen, until a wake. */
function hold(context: DialView): number {
  if (isUnseen(context)) return longestTimer;
  return context.line.obstacle() === 'offline' ? longestWait(context.settings) : 0;
}

function longestWait({ backoff }: Settings): number {
  return typeof backoff === 'function' ? defaultBackoff.max : backoff.max;
}
