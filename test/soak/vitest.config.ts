/** `npm run test:soak`: minutes of faults, so not among the tests that everybody waits for. `SOAK_FAULTS=600` is the short one, `SOAK_SEED` repeats a plan. */
import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Node 22 has a WebSocket of its own, Node 20 behind a flag. */
const builtinFlags = Number(process.versions.node.split('.')[0]) < 22 ? ['--experimental-websocket'] : [];

export default defineConfig({
  resolve: { alias: { '#platform': here('../../adapters/platform.node.ts') } },
  test: {
    name: 'soak',
    include: ['test/soak/soak.test.ts'],
    pool: 'forks',
    execArgv: ['--expose-gc', ...builtinFlags],
  },
});
