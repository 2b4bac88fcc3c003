/** What can befall a line, be it real (fault-proxy.ts) or virtual (virtual-world.ts). */
import { callable, check, milliseconds, oneOf, type Rule } from '../../adapters/check.ts';

export type Direction = 'both' | 'to-server' | 'to-client';

/**
 * What can be done to a line. Faults combine, and of each what was said last holds. They change when things pass, and never what passes, nor in what
 * order.
 */
export interface Faults {
  /** Where nothing passes. */
  readonly silenced: Direction | 'none';
  /** Ms from one end to the other, jitter aside. */
  readonly delayed: number;
  /**
   * From now on nothing passes in that direction. Both ends stay open; what they send is held back, and when the buffers on the way are full, they feel
   * it. A dial hangs, as behind a dead router. `none`: what was held back passes, in order, as TCP would send it again; all other faults stay. Default
   * `both`.
   */
  silence(direction?: Direction | 'none'): void;
  /** From now on it takes `ms` from one end to the other: a round trip takes twice that. What is under way already arrives when it would have. */
  delay(ms: number, options?: DelayOptions): void;
  /** From now on no more than so many bytes a second pass, at least 1, in each direction by itself. Whoever sends more feels it. Infinity: any number. */
  throttle(bytesPerSecond: number): void;
  /** Ends the line, at both ends, without a word. What is under way is lost. */
  reset(): void;
  /** There is no fault any more. What was held back passes, in order. */
  heal(): void;
}

export interface DelayOptions {
  /** Up to so many ms more, for each piece its own; none overtakes another. Default 0. */
  jitter?: number;
  /** 0 ≤ x < 1. Default `Math.random`, or the chance of the virtual world. */
  random?: () => number;
}

export interface FaultSettings extends Required<DelayOptions> {
  silenced: Direction | 'none';
  delayed: number;
  bytesPerSecond: number;
  /** Of what is written at once; where there are bytes at all. */
  pieceSize: number;
}

export const healthy: FaultSettings = {
  silenced: 'none',
  delayed: 0,
  jitter: 0,
  random: Math.random,
  bytesPerSecond: Infinity,
  pieceSize: Infinity,
};

export abstract class FaultyLine implements Faults {
  settings: FaultSettings;
  /** How it is without a fault. */
  readonly healthy: FaultSettings;

  constructor(whenHealthy: FaultSettings, settings = whenHealthy) {
    this.healthy = whenHealthy;
    this.settings = settings;
  }

  get silenced(): Direction | 'none' {
    return this.settings.silenced;
  }

  get delayed(): number {
    return this.settings.delayed;
  }

  silence(direction: Direction | 'none' = 'both'): void {
    check({ direction }, { direction: oneOf('both', 'to-server', 'to-client', 'none') }, 'silence: ');
    this.adjust({ silenced: direction });
  }

  delay(ms: number, { jitter = 0, random = this.healthy.random }: DelayOptions = {}): void {
    check({ ms: ms ?? null, jitter, random }, { ms: milliseconds, jitter: milliseconds, random: callable }, 'delay: ');
    this.adjust({ delayed: ms, jitter, random });
  }

  throttle(bytesPerSecond: number): void {
    check({ bytesPerSecond: bytesPerSecond ?? null }, { bytesPerSecond: fromOne(Infinity) }, 'throttle: ');
    this.adjust({ bytesPerSecond });
  }

  heal(): void {
    this.adjust(this.healthy);
  }

  adjust(change: Partial<FaultSettings>): void {
    this.settings = { ...this.settings, ...change };
  }

  abstract reset(): void;
}

/** Nothing passes that way. */
export function isSilenced({ silenced }: FaultSettings, way: Direction): boolean {
  return silenced === 'both' || silenced === way;
}

export function fromOne(most: number): Rule {
  return (value) =>
    (Number.isInteger(value) || value === Infinity) && (value as number) >= 1 && (value as number) <= most
      ? undefined
      : `a whole number from 1${most === Infinity ? ', or Infinity' : ` to ${most}`}`;
}

/** At which to listen. */
export const anyPort: Rule = (value) => {
  const takes = value === 0 ? undefined : fromOne(65_535)(value);
  return takes && `0, or ${takes}`;
};
