/**
 * The numbers of a connection: their defaults, their limits, and the promise that follows from them. Pure.
 */
import { type Backoff, type BackoffFunction, defaultBackoff } from './backoff.ts';
import type { Liveness, Loss } from './events.ts';

export interface Heartbeat {
  /** Ms from the last beat (the id, or the last answer) to the next heartbeat. Pushed messages do not postpone it. Default 60,000. */
  interval: number;
  /** Ms a heartbeat may stay unanswered, by any frame at all, before the line is given up. Halfway it is asked once more. Default 10,000. */
  timeout: number;
  /** Ms that an answer's clock may lag behind, after correction for skew. Infinity: answers are not dated. Default 60,000. */
  maxAge: number;
}

/** What the machine is set to. All durations in ms. */
export interface Settings {
  liveness: Liveness;
  /** When the peer is asked for a sign of life, and how long its answer may take. */
  heartbeat: Heartbeat;
  /** For the first dial; later ones get half as much again each, up to 20 s. Default 5,000. */
  connectTimeout: number;
  /** From the open socket to the session's name. Default 5,000. */
  idTimeout: number;
  /** For the peer's close frame after `close()`. Default 2,000. */
  closeTimeout: number;
  /** A line that lasted this long has its failed attempts forgotten. Default 5,000. */
  stableAfter: number;
  /** How long to wait before the next dial: numbers, or a function of them. */
  backoff: Backoff | BackoffFunction;
  /** Dials after the first one, or after a loss, that may fail in a row. 0: never dial again. Default Infinity. */
  retries: number;
  /** Asked at every loss. True: dial again, even after a fatal code; false: never; undefined: the default rule. */
  shouldReconnect: ((loss: Loss) => boolean | undefined) | undefined;
}

export const defaultSettings: Settings = {
  liveness: 'ask',
  heartbeat: { interval: 60_000, timeout: 10_000, maxAge: 60_000 },
  connectTimeout: 5_000,
  idTimeout: 5_000,
  closeTimeout: 2_000,
  stableAfter: 5_000,
  backoff: defaultBackoff,
  retries: Infinity,
  shouldReconnect: undefined,
};

/** Settings as an app gives them: what is left out is the default. */
export type PartialSettings = Partial<Omit<Settings, 'heartbeat' | 'backoff'>> & {
  /** When the peer is asked for a sign of life, and how long its answer may take. Default 60 s and 10 s. */
  heartbeat?: Partial<Heartbeat>;
  /** How long to wait before the next dial: numbers, or `(attempt, loss) => ms`. Default from 0.5 s, doubled up to 30 s. */
  backoff?: Partial<Backoff> | BackoffFunction;
};

export function settle(given: PartialSettings): Settings {
  const { heartbeat, backoff, ...rest } = given;
  return {
    ...defaultSettings,
    ...definedOf(rest),
    heartbeat: completed(defaultSettings.heartbeat, heartbeat),
    backoff: typeof backoff === 'function' ? backoff : completed(defaultBackoff, backoff),
  };
}

/** Where nothing was chosen, the defaults themselves: a thousand connections share them. */
export function completed<T extends object>(defaults: T, given: Partial<T> | undefined): T {
  return given === undefined ? defaults : { ...defaults, ...definedOf(given) };
}

/**
 * The longest a dead line can go unnoticed, in ms from its last sign of life to the moment it is given up; the next dial follows at once.
 * It holds also where the socket never fires `close`, while this process runs.
 */
export function detectionBound(heartbeat: Pick<Heartbeat, 'interval' | 'timeout'>): number {
  return heartbeat.interval + heartbeat.timeout;
}

export function definedOf<T extends object>(value: T): Partial<{ [K in keyof T]: Exclude<T[K], undefined> }> {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as never;
}
