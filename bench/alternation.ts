/**
 * Two that do the same, by turns, in one process: `ws` alone, and systole.
 */
import { onTestFinished } from 'vitest';

import { Child } from '../test/helpers/children/start.ts';
import { quickOr } from './chosen.ts';
import { type Measured, measured } from './measurement.ts';

/** µs of processor time per message. */
interface Pair {
  bare: number;
  systole: number;
}

const processes = quickOr(9, 3);
/** In the first ones code is compiled. */
const warmUp = 4;
const pairs = 14;

/** Where the script is that a benchmark runs. */
export function script(name: string): string {
  return new URL(`children/${name}`, import.meta.url).href;
}

/** The server's URL. */
export async function trafficServer(): Promise<string> {
  const server = new Child(script('traffic-server.mjs'));
  onTestFinished(() => server.end());
  return `ws://127.0.0.1:${String((await server.until('listening'))['port'])}`;
}

/**
 * Systole's cost for one of `ws` alone. The script is told, behind `args`, how many pairs there are to be, and of how many messages. No two processes are
 * compiled alike, which differs by more than pairs of one process do: the median is that of processes.
 */
export async function ratioOf(name: string, args: readonly string[], messages: number): Promise<Measured> {
  const ratios: number[] = [];
  for (let process = 0; process < processes; process += 1) {
    const child = new Child(script(name), [...args, String(warmUp + pairs), String(messages)]);
    onTestFinished(() => child.end());
    await child.until('done');
    const told = child.said.filter(({ event }) => event === 'pair').slice(warmUp) as never as Pair[];
    const costs = (of: keyof Pair) => measured(told.map((pair) => pair[of])).median.toFixed(3);
    const { median } = measured(told.map(({ bare, systole }) => systole / bare));
    ratios.push(median);
    console.info(`${median.toFixed(3)} × bare: ${costs('systole')} µs, bare ${costs('bare')} µs`);
  }
  return measured(ratios);
}
