/** What bundlers make of it for a page: nothing of npm `ws` and of Node, also where they ask as a page and as Node at once. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { newest, type Project, project } from './project.ts';

const require = createRequire(join(inject('tools'), 'x.js'));
const outfile = () => join(place.folder, 'bundle.js');

let place: Project;
beforeAll(() => {
  place = project(newest);
  writeFileSync(
    join(place.folder, 'page.js'),
    "export { connect } from 'systole'; export * from 'systole/websocket'; export * from 'systole/inspect'; export * from 'systole/worker-clock';",
  );
});
afterAll(() => place.remove());

interface Esbuild {
  build(options: object): Promise<{ errors: unknown[]; warnings: unknown[] }>;
}

interface Stats {
  toJson(what: object): { errors: unknown[]; warnings: unknown[] };
}
type Webpack = (options: object, done: (error: Error | null, stats: Stats) => void) => void;

function expectPage(): void {
  const text = readFileSync(outfile(), 'utf8');
  expect(text).toContain('systole');
  expect(text.match(/Sec-WebSocket|["']node:|require\(["']\w+["']\)/)?.[0]).toBeUndefined();
}

test.each([[['module']], [['node', 'module']]])('esbuild for a page, asked for %j', async (conditions) => {
  const esbuild = require('esbuild') as Esbuild;
  const { errors, warnings } = await esbuild.build({
    absWorkingDir: place.folder,
    entryPoints: ['page.js'],
    outfile: outfile(),
    bundle: true,
    format: 'esm',
    platform: 'browser',
    conditions,
    logLevel: 'silent',
  });
  expect([...errors, ...warnings]).toEqual([]);
  expectPage();
});

test.each([['web'], ['electron-renderer']])('webpack for %s', async (target) => {
  const webpack = require('webpack') as Webpack;
  const stats = await new Promise<Stats>((resolve, reject) => {
    const options = {
      context: place.folder,
      entry: './page.js',
      mode: 'development',
      devtool: false,
      target,
      output: { path: place.folder, filename: 'bundle.js' },
    };
    webpack(options, (error, made) => (error ? reject(error) : resolve(made)));
  });
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  expect([...errors, ...warnings]).toEqual([]);
  expectPage();
});
