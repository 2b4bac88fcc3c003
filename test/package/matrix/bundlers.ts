/** Bundlers, each asked for a page as its users ask. Whatever one warns of is an error. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { expect, inject } from 'vitest';

import { Command, started } from '../../helpers/command.ts';
import { nodeOf } from './runtimes.ts';

const tools = inject('tools');
// As on a machine that is about to publish, and not in a test.
process.env['NODE_ENV'] = 'production';
process.env['NEXT_TELEMETRY_DISABLED'] = '1';

const require = createRequire(join(tools, 'x.js'));

/** Makes `outdir/NAME.js` of `folder/NAME.mjs`, minified. */
export type Bundle = (folder: string, name: string, outdir: string) => Promise<void>;

/** By what and for what, as the rows have it. */
export const bundlers: Record<string, Bundle> = {
  'Vite, a page': vite,
  'esbuild, a page': esbuild(['module']),
  'esbuild, a page, asked as Node as well': esbuild(['node', 'module']),
  'webpack, a page': webpack('web'),
  'webpack, a page of Electron': webpack('electron-renderer'),
  'Rollup, a page': rollup,
  'Parcel, a page': parcel,
  'Bun, a page': bun,
};

interface Logged {
  warnings: unknown[];
}

async function vite(root: string, name: string, outDir: string): Promise<void> {
  const { build, createLogger } = (await import(
    pathToFileURL(join(tools, 'vite/dist/node/index.js')).href
  )) as typeof import('vite');
  const warnings: string[] = [];
  const hear = (message: string) => void warnings.push(message);
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    customLogger: { ...createLogger('silent'), warn: hear, warnOnce: hear, error: hear },
    build: {
      outDir,
      emptyOutDir: true,
      rollupOptions: { input: join(root, `${name}.mjs`), output: { entryFileNames: '[name].js' } },
    },
  });
  expect(warnings).toEqual([]);
}

function esbuild(conditions: string[]): Bundle {
  return async (absWorkingDir, name, outdir) => {
    const { build } = require('esbuild') as { build: (options: object) => Promise<Logged & { errors: unknown[] }> };
    const { errors, warnings } = await build({
      absWorkingDir,
      entryPoints: [`${name}.mjs`],
      outdir,
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      conditions,
      logLevel: 'silent',
    });
    expect([...errors, ...warnings]).toEqual([]);
  };
}

interface Stats {
  toJson(what: object): Logged & { errors: unknown[] };
}
type Webpack = (options: object, done: (error: Error | null, stats: Stats) => void) => void;

function webpack(target: string): Bundle {
  return async (context, name, path) => {
    const run = require('webpack') as Webpack;
    const stats = await new Promise<Stats>((resolve, reject) => {
      const options = {
        context,
        entry: `./${name}.mjs`,
        mode: 'production',
        target,
        output: { path, filename: `${name}.js` },
      };
      run(options, (error, made) => (error ? reject(error) : resolve(made)));
    });
    const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
    expect([...errors, ...warnings]).toEqual([]);
  };
}

async function rollup(folder: string, name: string, dir: string): Promise<void> {
  const { rollup: begin } = require('rollup') as {
    rollup: (options: object) => Promise<{ write(options: object): Promise<unknown>; close(): Promise<void> }>;
  };
  const { nodeResolve } = require('@rollup/plugin-node-resolve') as { nodeResolve: (options: object) => unknown };
  const commonjs = require('@rollup/plugin-commonjs') as () => unknown;
  const terser = require('@rollup/plugin-terser') as () => unknown;
  const warnings: string[] = [];
  const bundle = await begin({
    input: join(folder, `${name}.mjs`),
    // What `systole/worker-clock` stands on has parts that are no modules.
    plugins: [nodeResolve({ browser: true }), commonjs()],
    onLog: (level: string, { message }: { message: string }) => void (level === 'warn' && warnings.push(message)),
  });
  await bundle.write({ dir, format: 'es', entryFileNames: '[name].js', plugins: [terser()] });
  await bundle.close();
  expect(warnings).toEqual([]);
}

async function parcel(folder: string, name: string, outdir: string): Promise<void> {
  // It looks at `exports` of packages where it is told to.
  const settings = { private: true, type: 'module', '@parcel/resolver-default': { packageExports: true } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(settings));
  const said = await ranQuietly(folder, process.execPath, [
    join(tools, 'parcel/lib/bin.js'),
    'build',
    `${name}.mjs`,
    '--dist-dir',
    outdir,
    '--no-source-maps',
    '--no-cache',
  ]);
  expect(said).toMatch(/Built in/);
}

async function bun(folder: string, name: string, outdir: string): Promise<void> {
  const args = [
    'build',
    `${name}.mjs`,
    '--target=browser',
    '--minify',
    '--outdir',
    outdir,
    '--entry-naming',
    '[name].js',
  ];
  await ranQuietly(folder, join(tools, '.bin/bun'), args);
}

/** Next.js makes whole sites. */
export async function next(folder: string): Promise<void> {
  // On a machine of CI it warns of a cache that nobody has kept.
  mkdirSync(join(folder, '.next/cache'), { recursive: true });
  await ranQuietly(folder, nodeOf('Node 20'), [join(tools, 'next/dist/bin/next'), 'build']);
}

/** All that it printed, none of which was a warning. */
async function ranQuietly(cwd: string, command: string, args: string[]): Promise<string> {
  const running = started(new Command(command, args, { cwd }));
  const { code } = await running.ended;
  const said = running.stdout + running.stderr;
  expect(said).not.toMatch(/warn|⚠|deprecat/i);
  if (code !== 0) throw new Error(`${command} ended with ${code}:\n${said}`);
  return said;
}
