/** What a question has found: printed as a table, and kept in `results/`, where the documentation and the pictures take it from. */
import { mkdirSync, writeFileSync } from 'node:fs';

import { isWhole } from './chosen.ts';

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
  unit?: 'ms' | 's' | '×' | 'KiB' | 'kB' | 'B' | '';
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

export function report(results: Results): void {
  console.table(
    results.rows.map(({ peer, settings = '', onSystole = false, cells }) => ({ peer, settings, onSystole, ...cells })),
  );
  if (!isWhole) return;
  const folder = new URL('results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(`${results.question}.json`, folder), `${JSON.stringify(results, null, 2)}\n`);
}
