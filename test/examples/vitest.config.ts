/**
 * `npm run test:examples`: every app of `examples/apps`, started by its command, through a cut and a return. Their packages are a project of their own,
 * and are installed by the command. `-- -t react`: one of them.
 */
import { defineConfig } from 'vitest/config';

import { onNode } from '../helpers/setup/on-node.ts';

export default defineConfig({
  resolve: onNode,
  test: {
    name: 'examples',
    include: ['test/examples/*.test.ts'],
    // Each test is a command, mostly with a page; and two of one example would share what Vite keeps, and its sources.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
