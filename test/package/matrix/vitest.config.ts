/**
 * `npm run test:matrix`: the packed package in projects of their own, on other runtimes, in browsers, and with other tools than ours, of which
 * `docs/RUNTIMES.md` is made; and our own tests on the lowest versions that our ranges admit. What it is tried with comes from the registry, once;
 * browsers are those of the machine.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

import { onNode } from '../../helpers/setup/on-node.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** `node_modules` with all that tools.json names. */
    tools: string;
  }
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const [folder = ''] = execFileSync(process.execPath, [here('tools.mjs')], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
}).split('\n');
const tools = join(folder, 'node_modules');

const onLowest = ['ws', 'xstate'].map((name) => ({
  find: new RegExp(`^${name}(?=$|/)`),
  replacement: join(tools, `lowest-${name}`),
}));

export default defineConfig({
  test: {
    // Most tests wait for something most of the time.
    maxWorkers: availableParallelism() + 1,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    reporters: ['default', here('table.ts')],
    projects: [
      {
        extends: true,
        resolve: onNode,
        test: {
          name: 'matrix',
          include: ['test/package/matrix/*.test.ts'],
          globalSetup: here('../../helpers/setup/build.ts'),
          provide: { tools },
        },
      },
      {
        extends: true,
        resolve: {
          alias: [...onLowest, ...Object.entries(onNode.alias).map(([find, replacement]) => ({ find, replacement }))],
        },
        test: {
          name: 'lowest',
          include: ['test/machine/**/*.test.ts', 'test/websockets/node/ws.test.ts'],
          globalSetup: here('../../websockets/rig/start-rig.ts'),
        },
      },
    ],
  },
});
