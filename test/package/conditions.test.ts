/**
 * Where the package stands on the page's WebSocket, and where on npm `ws`: by the conditions with which whoever resolves it asks. Some ask as a page
 * and as Node at once; what runs there is a page. The tools themselves are asked in matrix/.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type Packed, packed } from './packed.ts';

type Target = string | { readonly [condition: string]: Target };

const { exports, imports } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
  'exports' | 'imports',
  Record<string, Target>
>;

/** Node's algorithm (https://nodejs.org/api/esm.html#resolution-algorithm-specification): the first key that is asked for, or `default`. */
function resolved(target: Target, conditions: readonly string[]): string | undefined {
  if (typeof target === 'string') return target;
  for (const [condition, then] of Object.entries(target)) {
    const found = condition === 'default' || conditions.includes(condition) ? resolved(then, conditions) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

const page = { '#platform': './dist/adapters/platform.js', './inspect': './dist/visualizer/inspect.browser.js' };
const onNode = { '#platform': './dist/adapters/platform.node.js', './inspect': './dist/visualizer/inspect.node.js' };

/** As their documentation has it. */
const askers: [who: string, conditions: string[], gets: typeof page][] = [
  ['Node', ['node', 'import', 'module-sync', 'node-addons'], onNode],
  ['Node with --conditions=browser', ['browser', 'node', 'import', 'module-sync', 'node-addons'], page],
  ['Bun', ['bun', 'node', 'module-sync', 'import'], onNode],
  ['Deno', ['deno', 'node', 'import'], onNode],
  ['Vite for a page', ['module', 'browser', 'production', 'import'], page],
  ['Vite for a server', ['module', 'node', 'production', 'import'], onNode],
  ['esbuild for a page', ['browser', 'module', 'import'], page],
  ['esbuild for Node', ['node', 'module', 'import'], onNode],
  ['webpack for a page', ['webpack', 'production', 'browser', 'module', 'import'], page],
  ['webpack for Node', ['webpack', 'production', 'node', 'module', 'import'], onNode],
  ["webpack for Electron's pages", ['webpack', 'production', 'node', 'browser', 'electron', 'module', 'import'], page],
  ['Jest in jsdom', ['browser', 'require'], page],
  ["Jest in jsdom, with Node's conditions added", ['node', 'node-addons', 'browser', 'require'], page],
  ['Jest in Node', ['node', 'node-addons', 'require'], onNode],
  ['React Native', ['react-native', 'require'], page],
  ["Cloudflare's workers", ['workerd', 'worker', 'browser', 'import'], page],
];

test.each(askers)('%s', (_, conditions, gets) => {
  const all = { ...imports, ...exports };
  const branching = Object.keys(all).filter((name) => typeof all[name] === 'object');
  // Nothing else depends on who asks.
  expect(branching.toSorted()).toEqual(Object.keys(page));
  expect(Object.fromEntries(branching.map((name) => [name, resolved(all[name]!, conditions)]))).toEqual(gets);
});

test.each(askers)('%s finds every entry', (_, conditions) => {
  const paths = Object.values(exports).map((target) => resolved(target, conditions) ?? 'none');
  expect(paths.filter((path) => !path.includes('*') && !existsSync(path))).toEqual([]);
});

describe('asked in earnest', () => {
  let installation: Packed;
  beforeAll(() => {
    installation = packed();
  });
  afterAll(() => installation.remove());

  const foundBy = (...flags: string[]): unknown => {
    const script = `
      import { createRequire } from 'node:module';
      const inspect = import.meta.resolve('systole/inspect');
      const platform = createRequire(import.meta.resolve('systole')).resolve('#platform');
      console.log(JSON.stringify([platform, inspect].map((path) => path.split('/').at(-1))));
    `;
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', script], {
      cwd: installation.folder,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  };

  test('Node', () => {
    expect(foundBy()).toEqual(['platform.node.js', 'inspect.node.js']);
  });

  test('Node with --conditions=browser', () => {
    expect(foundBy('--conditions=browser')).toEqual(['platform.js', 'inspect.browser.js']);
  });

  test.each([[['browser']], [['node', 'browser']], [['browser', 'node']]])('Vite, asked for %j', async (conditions) => {
    const entry = join(installation.folder, 'page.js');
    writeFileSync(
      entry,
      "export { connect } from 'systole'; export * from 'systole/websocket'; export * from 'systole/inspect';",
    );
    const output = await build({
      root: installation.folder,
      logLevel: 'silent',
      configFile: false,
      resolve: { conditions: [...conditions, 'module', 'import'] },
      build: { write: false, minify: false, target: 'es2022', lib: { entry, formats: ['es'], fileName: 'page' } },
    });
    const code = [output].flat().flatMap((each) => ('output' in each ? each.output : []));
    const text = code.map((chunk) => ('code' in chunk ? chunk.code : '')).join('');
    expect(text.match(/Sec-WebSocket|["']node:/)?.[0]).toBeUndefined();
  });
});
