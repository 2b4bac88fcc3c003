/** Who may import whom, types included: what ships stands without the tests, and imports run one way. */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

import { expect, test } from 'vitest';

/** What each folder may import besides packages. The tests stay at home, but for the kit, which is `systole/testing`: by its index, as others have it. */
const reach: Record<string, string[]> = {
  machines: ['machines/'],
  adapters: ['machines/', 'adapters/'],
  push: ['machines/', 'adapters/', 'push/'],
  'test/kit': ['machines/', 'adapters/', 'test/kit/'],
  bin: ['machines/', 'adapters/', 'push/', 'test/kit/index.ts', 'bin/'],
  visualizer: ['machines/', 'adapters/', 'test/kit/index.ts', 'bin/', 'visualizer/'],
};

const { imports: aliases } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  imports: Record<string, Record<string, string>>;
};

test.each(Object.entries(reach))('%s/ imports nothing that is out of its reach', (folder, within) => {
  const files = filesIn(folder);
  expect(files).not.toEqual([]);
  const strays = files.flatMap((file) =>
    importsOf(file)
      .filter((target) => !within.some((beginning) => target.startsWith(beginning)))
      .map((target) => `${file} imports ${target}`),
  );
  expect(strays).toEqual([]);
});

test('nothing imports what imports it', () => {
  const files = ['machines', 'adapters', 'push', 'test/kit', 'bin', 'visualizer'].flatMap(filesIn);
  expect(cyclesIn(new Map(files.map((file) => [file, importsOf(file)])))).toEqual([]);
});

test('no cycle is overlooked', () => {
  const graph = { z: ['a'], a: ['b', 'c'], b: ['c'], c: ['d', 'e'], d: ['b'], e: ['e', 'a'] };
  expect(cyclesIn(new Map(Object.entries(graph)))).toEqual(['a → c → e → a', 'b → c → d → b', 'e → e']);
});

test('no way to import is overlooked', () => {
  const source = `
import './a.ts';
import b from './b.ts';
import { c, type C } from './c.ts';
import type {
  D,
} from './d.ts';
import * as e from './e.ts';
export { f } from './f.ts';
export * from './g.ts';
export type { H } from './h.ts';
const i = await import('./i.ts');
type J = import('./j.ts').J;
export const said = 'import { it } from "./none.ts"';
`;
  expect(specifiersIn(source).join(' ')).toBe('./a.ts ./b.ts ./c.ts ./d.ts ./e.ts ./f.ts ./g.ts ./h.ts ./i.ts ./j.ts');
});

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => posix.join(folder, name))
    .filter((file) => /\.(?:ts|tsx|mjs)$/.test(file) && !file.includes('/node_modules/'));
}

/** The shortest way from each file back to itself, unless it passes a file that comes before; none, where nothing leads back. */
function cyclesIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  return [...graph.keys()].toSorted().flatMap((start) => {
    const way = wayBackTo(start, graph);
    return way?.every((file) => file >= start) ? [way.join(' → ')] : [];
  });
}

function wayBackTo(start: string, graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const seen = new Set<string>();
  const ways = [[start]];
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    for (const next of graph.get(way.at(-1) ?? '') ?? []) {
      if (next === start) return [...way, next];
      if (!seen.has(next)) ways.push([...way, next]);
      seen.add(next);
    }
  }
  return undefined;
}

/** The files of ours that a file imports. By its own name the package is out of everybody's reach. */
function importsOf(file: string): string[] {
  return specifiersIn(readFileSync(file, 'utf8')).flatMap((specifier) => {
    if (specifier.startsWith('.')) return [sourceOf(posix.join(posix.dirname(file), specifier))];
    if (specifier.startsWith('#'))
      return Object.values(aliases[specifier] ?? {}).map((built) => sourceOf(posix.normalize(built)));
    return /^systole(?:\/|$)/.test(specifier) ? [specifier] : [];
  });
}

function specifiersIn(source: string): string[] {
  const statements = /^(?:import|export)\b[^'";]*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm;
  return [...source.matchAll(statements)].map(([, from, bare, called]) => from ?? bare ?? called ?? '');
}

/** What was built is judged as what it was built from. */
function sourceOf(path: string): string {
  return path.replace(/^dist\/(.*)\.js$/, '$1.ts');
}
