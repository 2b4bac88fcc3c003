/** What a question has found: printed as a table, and kept in `results/`, where the documentation and the pictures take it from. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, type } from 'node:os';
import { fileURLToPath } from 'node:url';

import { isWhole } from './chosen.ts';
import type { Measured } from './measurement.ts';
import { aligned, rowsOf } from './text.ts';

export interface Results {
  /** The name of the file: `deadline`, for `results/deadline.json`. */
  question: string;
  /** Above the table. */
  title: string;
  /** How it was measured, in a sentence or two, with the settings. */
  how: string;
  columns: readonly Column[];
  rows: readonly Row[];
}

export interface Column {
  key: string;
  title: string;
  unit?: 'ms' | 's' | '×' | '%' | 'KiB' | 'kB' | 'B' | '';
  /** Behind the point. Default 0. */
  digits?: number;
}

export interface Row {
  /** As in `peers/index.mjs`. */
  peer: string;
  /** Where there are several of one. */
  settings?: string;
  /** It stands on `HeartbeatWebSocket`. */
  onSystole?: boolean;
  /** By the columns' keys. */
  cells: Readonly<Record<string, Cell>>;
}

/** A figure, one with its noise, words such as "never in 45 s", or nothing to be said. */
export type Cell = number | Figure | string | null;

export interface Figure {
  value: number;
  /** As in `measurement.ts`. */
  noise: number;
}

/** As it lies in `results/`. */
export interface Kept extends Results {
  measured: Circumstances;
}

export interface Circumstances {
  /** `2026-11-27` */
  date: string;
  /** `Linux x64, 2 cores of …`: as much as a figure depends on, and nothing that says whose it is. */
  machine: string;
  /** Of Node, of npm `ws`, of ours, and of each library in the rows. */
  versions: Readonly<Record<string, string>>;
}

/** With its noise. */
export function figureOf({ median, noise }: Measured): Figure {
  return { value: median, noise };
}

/** What did not come while somebody waited, s: `never in 45 s`. */
export function orNever(value: number, patience: number): number | string {
  return value < Infinity ? value : `never in ${patience} s`;
}

export function report(results: Results): void {
  const { title, how } = results;
  console.log(`\n${title}\n${how}\n\n${aligned(rowsOf(results), 1)}\n`);
  if (!isWhole) return;
  const kept: Kept = { ...results, measured: circumstancesOf(results) };
  const folder = new URL('results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(`${results.question}.json`, folder), `${JSON.stringify(kept, null, 2)}\n`);
}

function circumstancesOf({ rows }: Results): Circumstances {
  const libraries = rows.map(({ peer }) => [peer, versionOf(`peers/node_modules/${peer}`)] as const);
  const found = libraries.filter((library): library is [string, string] => library[1] !== undefined);
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${type()} ${arch()}, ${availableParallelism()} cores of ${cpus()[0]?.model.trim() ?? 'an unknown kind'}`,
    versions: {
      node: process.versions.node,
      ...Object.fromEntries(found),
      ws: versionOf('../node_modules/ws')!,
      systole: `${versionOf('..')!}${commit()}`,
    },
  };
}

/** Undefined: it is no package. */
function versionOf(folder: string): string | undefined {
  const file = new URL(`${folder}/package.json`, import.meta.url);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : undefined;
}

/** ` (d89fbd2)`, the last one that changed what is shipped, where there is a repository. */
function commit(): string {
  const folders = ['adapters', 'machines', 'push'];
  const options = { cwd: fileURLToPath(new URL('..', import.meta.url)), encoding: 'utf8', stdio: 'pipe' } as const;
  try {
    const hash = execFileSync('git', ['log', '-1', '--format=%h', '--', ...folders], options).trim();
    return hash === '' ? '' : ` (${hash})`;
  } catch {
    return '';
  }
}
