/**
 * How long to wait before the next dial. Pure: chance comes in by parameter.
 */
import type { Cause, Loss } from './events.ts';

/** All in ms but `factor`. */
export interface Backoff {
  /** The ceiling of the wait after the first failed dial. Default 500. */
  initial: number;
  /** The ceiling of every wait, but for one the server asked for. Default 30,000. */
  max: number;
  /** What the ceiling is multiplied by after each further failed dial. Default 2. */
  factor: number;
  /** After a loss that was the server's doing, its clients come back spread over this time. 0: all at once. Default 1,000. */
  spread: number;
}

/** The app's own rule: ms to wait, given the dials since the line was last stable. What is not a finite number ≥ 0 falls back to the default. */
export type BackoffFunction = (attempt: number, loss: Loss & { random: number }) => number;

/**
 * `npm run bench -- storm herd` chose them, and tries others beside them (docs/BENCH.md has the table). In a storm, 300 clients whose server is away for two
 * seconds are to come back no more than 30 in 100 ms, and within two seconds. In a herd, 100,000 are to be back with a server that takes 1,000 a second
 * within 1.3 times what it needs for that.
 *
 * - `initial`: 99 % of the storm are back after 1.8 s; with 1,000 after 3.2 s. With 250 no sooner, and the herd dials a third more in its busiest second.
 * - `factor`: with 1.5 the storm comes back 38 in 100 ms, not 29; with 3 after 4.3 s.
 * - `max`: the herd is back in 1.2 times what the server needs; with 60,000 in 1.6. With 20,000 it is 1.05, but a server that stays away is dialled half
 *   as often again.
 * - `spread`: with none, 500 or 2,000 the storm comes back 35 or 36 in 100 ms; with 5,000 it is 23, after 3 s.
 */
export const defaultBackoff: Backoff = { initial: 500, max: 30_000, factor: 2, spread: 1_000 };

/** Within {@link paceOf} there are no more dials than this, whatever they were lost by. */
export const dialsPerPace = 10;

/** A delay the server asks for is honoured up to here. */
export const longestStatedDelay = 3_600_000;

/** 1013, "try again later" (IANA close code registry), waits at least this long. */
const tryAgainLater = 5_000;

/** Losses that say nothing of the server's health. */
const ours: ReadonlySet<Cause> = new Set<Cause>(['silent', 'outdated', 'network-changed', 'suspended']);

/**
 * Ms to wait before the next dial.
 *
 * - A line that we found dead ourselves: none. Finding it took long enough to keep any pace. From the second in a row on that has not answered once it is
 *   a dial that failed: what it carries may take longer to arrive than the line is given, and would be sent again and again.
 * - A stable line lost through the server: anywhere within `spread`.
 * - After failed dials: between half and all of `initial · factor^(attempt − 1)`, never above `max`. The lower half is the floor that keeps
 *   clients from dialling in a hot loop, the upper half the jitter that keeps them apart.
 * - Close code 1013: the same, from 5 s on, with the jitter above it.
 * - A delay stated by the server is a lower bound, up to an hour, with `spread` on top.
 *
 * @param random 0 ≤ x < 1
 */
export function wait(loss: Loss, policy: Backoff | BackoffFunction, random: number): number {
  const own = typeof policy === 'function' ? policy(loss.attempt, { ...loss, random }) : undefined;
  const waited =
    own !== undefined && own >= 0 && Number.isFinite(own) ? own : standardWait(loss, backoffOf(policy), random);
  return clamp(Math.max(waited, statedWait(loss, policy, random)), 0, longestTimer);
}

/**
 * Ms within which ten dials may begin, the user's own not counted: as long as ten refused ones wait at the least, 75.75 s by default. So neither a
 * server that takes its clients in and drops them, nor a network that comes and goes, is dialled faster than a server that refuses. The app's own rule
 * keeps its own pace.
 */
export function paceOf(policy: Backoff | BackoffFunction): number {
  if (typeof policy === 'function') return 0;
  let pace = 0;
  for (let attempt = 1; attempt <= dialsPerPace; attempt += 1) pace += ceilingOf(policy, attempt) / 2;
  return pace;
}

function ceilingOf({ initial, max, factor }: Backoff, attempt: number): number {
  const exponent = clamp(attempt - 1, 0, 100); // beyond, 0 · Infinity would make NaN
  return Math.min(max, initial * factor ** exponent);
}

function standardWait(loss: Loss, backoff: Backoff, random: number): number {
  const { unanswered = 0 } = loss;
  if (ours.has(loss.cause) && unanswered < 2) return 0;
  if (loss.code === 1013) {
    const patient = { ...backoff, initial: tryAgainLater, max: Math.max(backoff.max, tryAgainLater) };
    return ceilingOf(patient, loss.attempt) + random * backoff.spread;
  }
  const failed = Math.max(loss.attempt, unanswered - 1);
  if (failed === 0) return random * backoff.spread;
  const ceiling = ceilingOf(backoff, failed);
  return ceiling / 2 + (random * ceiling) / 2;
}

/** The part of {@link wait} that the server has asked for, ms. */
export function statedWait({ retryAfter }: Loss, policy: Backoff | BackoffFunction, random: number): number {
  if (retryAfter === undefined || !(retryAfter > 0)) return 0;
  return Math.min(retryAfter, longestStatedDelay) + random * backoffOf(policy).spread;
}

function backoffOf(policy: Backoff | BackoffFunction): Backoff {
  return typeof policy === 'function' ? defaultBackoff : policy;
}

/** The longest delay a timer takes; a longer one fires at once (HTML, Node: a signed 32-bit integer). */
export const longestTimer = 2 ** 31 - 1;

/** NaN becomes the least: as a delay it would fire at once, for ever. */
export function clamp(value: number, min: number, max: number): number {
  return value > min ? Math.min(value, max) : min;
}
