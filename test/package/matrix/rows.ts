/** The rows of docs/RUNTIMES.md, in its order. A test stands behind each, and notes what it saw; `table.ts` makes tables of that. */
import type { TestContext } from 'vitest';

declare module 'vitest' {
  export interface TaskMeta {
    row?: Row & Seen;
  }
}

export interface Row {
  readonly part: keyof typeof parts;
  /** The tool, and what of it. */
  readonly what: string;
  readonly where: string;
}

export interface Seen {
  /** As the tool states it. */
  version: string;
  shown: string;
}

/** The tables, and the columns of each. */
export const parts = {
  runtimes: ['runtime', 'version', 'its WebSocket', 'shown'],
  browsers: ['browser', 'version', 'in', 'shown'],
  bundlers: ['bundler', 'version', 'for', 'shown'],
  projects: ['project', 'version', 'on', 'shown'],
} as const;

export const life = 'a whole life';

export const nodes = ['Node 20, the lowest', 'Node 20', 'Node 22', 'Node 24', 'Node 26'] as const;
export const browsers = ['Chromium', 'Firefox', 'WebKitGTK'] as const;
export const places = ['window', 'dedicated worker', 'shared worker', 'service worker'] as const;

export const rows: readonly Row[] = [
  ...nodes.flatMap((what) => [
    rowOf('runtimes', what, 'npm `ws`'),
    // Node has had one of its own since 22.
    ...(what.startsWith('Node 20') ? [] : [rowOf('runtimes', what, 'its own')]),
  ]),
  ...['Bun', 'Deno'].flatMap((what) => ['npm `ws`', 'its own'].map((where) => rowOf('runtimes', what, where))),
  rowOf('runtimes', 'workerd', 'its own'),
  ...browsers.flatMap((what) => places.map((where) => rowOf('browsers', what, where))),
  ...['Vite', 'esbuild', 'webpack', 'Rollup', 'Parcel', 'Bun'].map((what) => rowOf('bundlers', what, 'a page')),
  rowOf('bundlers', 'esbuild', 'a page, asked as Node as well'),
  rowOf('bundlers', 'webpack', 'a page of Electron'),
  rowOf('bundlers', 'Next.js', 'a component of the client'),
  ...nodes.map((what) => rowOf('projects', 'TypeScript, CommonJS', what)),
  ...['ESM', 'CommonJS'].map((where) => rowOf('projects', 'Jest with jsdom', where)),
];

export function rowsOf(part: Row['part'], ...whats: readonly string[]): Row[] {
  return rows.filter((each) => each.part === part && (whats.length === 0 || whats.includes(each.what)));
}

export function keyOf({ part, what, where }: Row): string {
  return `${part}: ${what}, ${where}`;
}

export function note({ task }: Pick<TestContext, 'task'>, row: Row, seen: Seen): void {
  task.meta.row = { ...row, ...seen };
}

/** Here it cannot run, and the row says so. */
export function leaveOut(context: TestContext, row: Row, why: string): never {
  context.task.meta.row = { ...row, version: '–', shown: `did not run: ${why}` };
  context.skip(why);
}

function rowOf(part: Row['part'], what: string, where: string): Row {
  return { part, what, where };
}
