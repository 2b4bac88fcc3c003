/**
 * The server's clock against ours: a slice of the machine's context, and all that is done with it. Pure.
 */

export interface ServerClock {
  /** Server's clock minus our monotonic one, ms. */
  readonly offset: number;
  /** Monotonic ms of the last sample. */
  readonly at: number;
  readonly samples: number;
}

/** What is held of it. Undefined until the server states a time. */
export type Reckoning = ServerClock | 'distrusted' | undefined;

/** A time that the server has stated, as a fact tells of it. */
export interface Stated {
  /** Epoch ms by the server's clock. */
  serverTime?: number | undefined;
  /** Monotonic ms by ours. */
  receivedAt: number;
  /** Ms from the question, where there was one. */
  roundTripTime?: number | undefined;
}

/** Two steady clocks drift apart by less than this, ms per ms: five times what quartz does, twice what NTP slews by. */
const clockDrift = 0.001;

/**
 * The offset after one more sample. A sample never overstates it (the message took time to arrive), so the highest one is the best; but it may
 * sink as fast as two clocks drift apart, lest a connection of weeks be called outdated.
 */
export function sampled(clock: Reckoning, { serverTime, receivedAt: at }: Stated): Reckoning {
  if (serverTime === undefined || Number.isNaN(serverTime) || clock === 'distrusted') return clock;
  const offset = serverTime - at;
  if (clock === undefined) return { offset, at, samples: 1 };
  return { offset: Math.max(offset, clock.offset - (at - clock.at) * clockDrift), at, samples: clock.samples + 1 };
}

/** Nothing but the session's name has stated a time yet. */
export function isUntested(clock: Reckoning): boolean {
  return typeof clock === 'object' && clock.samples === 1;
}

/** Whether that was said more than `maxAge` ms ago. An answer is no older than its question, however late it is read: a page may have been frozen. */
export function isOlder(
  clock: Reckoning,
  { serverTime, receivedAt, roundTripTime = 0 }: Stated,
  maxAge: number,
): boolean {
  if (serverTime === undefined || typeof clock !== 'object') return false;
  return receivedAt - roundTripTime + clock.offset - serverTime > maxAge;
}
