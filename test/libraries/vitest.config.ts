/**
 * `npm run test:libraries`: client libraries above the class, with their servers. Their packages are this folder's own, and are installed by the command.
 * `-- -t mqtt`: one of them.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

import { onNode } from '../helpers/setup/on-node.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: {
      ...onNode.alias,
      // As bundlers for pages take it: the global class, rather than npm `ws`.
      'isomorphic-ws': here('node_modules/isomorphic-ws/browser.js'),
    },
  },
  test: {
    // Some libraries tell the console all that they do.
    silent: 'passed-only',
    // Most tests wait for something most of the time.
    maxWorkers: availableParallelism(),
    testTimeout: 60_000,
    hookTimeout: 60_000,
    setupFiles: [here('stand-in.ts')],
    server: { deps: { inline: ['@automerge/automerge-repo-network-websocket'] } },
    projects: [
      { extends: true, test: { name: 'libraries', include: ['test/libraries/*.test.ts'] } },
      { extends: true, test: { name: 'table', include: ['test/libraries/table.bench.ts'], testTimeout: 300_000 } },
    ],
  },
});
