/**
 * What messages cost a client, as a ratio to `ws` alone in the same process: both ways, as text and as bytes, small and large.
 */
import { onTestFinished } from 'vitest';

import { Child } from '../test/helpers/children/start.ts';
import { script } from './alternation.ts';
import { type Measured, measured } from './measurement.ts';

export interface Exchange {
  direction: 'in' | 'out';
  kind: 'text' | 'binary' | 'json';
  bytes: number;
}

export interface Effort {
  /** No two are compiled alike, which differs by more than pairs of one process do: the figure is the median of theirs. */
  processes: number;
  /** In the first ones code is compiled. */
  warmUp: number;
  /** Of two turns each. */
  pairs: number;
  /** Of the messages of a turn, which are so many that `ws` alone takes some 40 ms of processor time. */
  share: number;
}

export const sizes: [what: string, bytes: number][] = [
  ['64 B', 64],
  ['1 KiB', 1_024],
  ['64 KiB', 65_536],
];

/** All twelve. */
export const exchanges: Exchange[] = (['in', 'out'] as const).flatMap((direction) =>
  (['text', 'binary'] as const).flatMap((kind) => sizes.map(([, bytes]) => ({ direction, kind, bytes }))),
);

/** Both servers, in one process. Ends with the test. */
export async function exchangeServer(library: string): Promise<{ bare: number; port: number }> {
  const server = new Child(script('exchange-server.mjs'), [library]);
  onTestFinished(() => server.end());
  return (await server.until('listening')) as never;
}

/** In the order of `asked`. `ports`: of `exchangeServer()`. */
export async function ratiosOf(
  library: string,
  { bare, port }: { bare: number; port: number },
  asked: readonly Exchange[],
  { processes, warmUp, pairs, share }: Effort,
): Promise<Measured[]> {
  const figures = asked.map((each) => ({ ...each, ...amountOf(each, share) }));
  const ratios: number[][] = figures.map(() => []);
  for (let i = 0; i < processes; i += 1) {
    const args = [library, String(bare), String(port), String(warmUp + pairs), figures];
    const child = new Child(script('exchange.mjs'), args, { flags: ['--expose-gc'] });
    onTestFinished(() => child.end());
    await child.until('done');
    for (const [figure, each] of ratios.entries()) {
      const told = child.said.filter((said) => said['figure'] === figure).slice(warmUp) as never as Pair[];
      each.push(measured(told.map((pair) => pair.library / pair.bare)).median);
    }
    console.info(`${library}: ${ratios.map((each) => each.at(-1)!.toFixed(3)).join(', ')} × bare`);
  }
  return ratios.map(measured);
}

/** µs of processor time, of two messages. */
interface Pair {
  bare: number;
  library: number;
}

const counts: Record<Exchange['direction'], Record<number, number>> = {
  in: { 64: 100_000, 1_024: 40_000, 65_536: 1_600 },
  out: { 64: 20_000, 1_024: 12_000, 65_536: 800 },
};

/** Half of what `connect()` lets wait, which is the least that anyone of them does. */
const burstBytes = 524_288;

function amountOf({ direction, bytes }: Exchange, share: number): { count: number; burst: number } {
  const burst = Math.min(200, burstBytes / bytes);
  const bursts = Math.ceil((counts[direction][bytes]! * share) / burst);
  return { count: bursts * burst, burst };
}
