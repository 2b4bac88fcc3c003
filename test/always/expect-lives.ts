/** Random lives, judged; and what becomes of one that breaks an invariant. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import * as fc from 'fast-check';
import type { InspectionEvent } from 'xstate';

import { header } from '../../bin/recording.ts';
import { observe } from '../../visualizer/bridge/observe.ts';
import type { Entry } from '../../visualizer/entry.ts';
import type { VirtualWorld } from '../kit/virtual-world.ts';
import { type Balance, Breach, type Extent, type Judge, type Life, live, lives } from './life.ts';

/** What the environment has chosen, or all. */
export function chosen({ name }: Judge): boolean {
  return (process.env.INVARIANT ?? name) === name;
}

export interface Tally {
  lives: number;
  hours: number;
  beats: number;
  dials: number;
  faults: number;
}

/** @param again the command that runs the same lives, given SEED @throws {Error} with the story of the shortest life found that breaks an invariant, and what to do to see it again */
export async function expectLives(
  judges: readonly Judge[],
  extent: Extent,
  runs: number,
  again: string,
  seed = process.env.SEED === undefined ? undefined : Number(process.env.SEED),
): Promise<Tally> {
  const tally: Tally = { lives: 0, hours: 0, beats: 0, dials: 0, faults: 0 };
  const property = fc.asyncProperty(lives(extent), async (life) => count(tally, await live(life, judges)));
  const details = await fc.check(property, { numRuns: runs, ...(seed !== undefined && { seed }) });
  if (!details.failed) return tally;
  const [life] = details.counterexample ?? [];
  const breach = details.errorInstance;
  if (!(breach instanceof Breach) || life === undefined) throw new Error(fc.defaultReportMessage(details) ?? 'failed');
  const file = await record(life, breach);
  throw new Error(
    `${breach.message}\n\nAgain: SEED=${details.seed} ${again}\nSee it: npx systole visualize, and load ${file}\nThe life: ${JSON.stringify(life)}`,
  );
}

function count(tally: Tally, { ms, beats, dials, faults }: Balance): void {
  tally.lives += 1;
  tally.hours += ms / 3_600_000;
  tally.beats += beats;
  tally.dials += dials;
  tally.faults += faults;
}

/** As `systole watch --record` writes it, but for the clock, which is that of the virtual world. */
export async function recordingOf(life: Life): Promise<string> {
  const entries: Entry[] = [];
  const inspect = (world: VirtualWorld): ((event: InspectionEvent) => void) =>
    observe((entry) => entries.push(entry), { now: () => world.options.clock.wallTime() });
  await live(life, [], inspect);
  return [header, ...entries].map((each) => `${JSON.stringify(each)}\n`).join('');
}

/** Answers with the file's name. */
async function record(life: Life, { invariant }: Breach): Promise<string> {
  const folder = fileURLToPath(new URL('../failures', import.meta.url));
  const file = `${folder}/${invariant.replaceAll(' ', '-')}-${life.seed}.jsonl`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, await recordingOf(life));
  return file;
}
