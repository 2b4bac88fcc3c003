import { mkdtempSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

import { onNode } from '../../helpers/setup/on-node.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const cores = availableParallelism();
const tally = mkdtempSync(join(tmpdir(), 'systole-hours-'));

/** One process for each core, each with its share. */
export default defineConfig({
  root,
  test: {
    maxWorkers: cores,
    projects: Array.from({ length: cores }, (_, i) => ({
      resolve: onNode,
      test: {
        name: `core ${i + 1}`,
        include: ['test/always/hours/*.test.ts'],
        // Most of what a life makes is soon rubbish.
        execArgv: ['--max-semi-space-size=64'],
        env: { SHARE: `${i + 1}/${cores}`, TALLY: tally },
      },
    })),
  },
});
