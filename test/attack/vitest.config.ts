/** `npm run test:attack`: a minute of floods for each server, so not among the tests that everybody waits for. `ATTACK_SECONDS=10` is the short one. */
import { defineConfig } from 'vitest/config';

import { onNode } from '../helpers/setup/on-node.ts';

export default defineConfig({
  resolve: onNode,
  test: {
    name: 'attack',
    include: ['test/attack/attack.test.ts'],
    globalSetup: 'test/helpers/setup/build.ts',
    testTimeout: 600_000,
  },
});
