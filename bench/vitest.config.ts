/** `npm run bench`: what is timed, or weighed against what was weighed beside it. Alone, one after the other: a neighbour would be measured too. */
import { defineConfig } from 'vitest/config';

import { onNode } from '../test/helpers/setup/on-node.ts';

export default defineConfig({
  resolve: onNode,
  test: {
    name: 'bench',
    include: ['bench/*.bench.ts'],
    globalSetup: 'test/helpers/setup/build.ts',
    fileParallelism: false,
    maxWorkers: 1,
    // Where nothing of a question was asked for.
    passWithNoTests: true,
    testTimeout: 600_000,
    hookTimeout: 60_000,
    reporters: ['default', './bench/table.ts'],
  },
});
