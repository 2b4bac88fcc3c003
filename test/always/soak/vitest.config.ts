/** `npm run test:soak`: minutes of faults, so not among the tests that everybody waits for. `SOAK_FAULTS=600` is the short one, `SOAK_SEED` repeats a plan. */
import { defineConfig } from 'vitest/config';

import { builtinFlags, onNode } from '../../helpers/setup/on-node.ts';

export default defineConfig({
  resolve: onNode,
  test: {
    name: 'soak',
    include: ['test/always/soak/**/*.test.ts'],
    // Nodes of push are what users run: the built package.
    globalSetup: 'test/helpers/setup/build.ts',
    fileParallelism: false,
    pool: 'forks',
    execArgv: ['--expose-gc', ...builtinFlags],
  },
});
