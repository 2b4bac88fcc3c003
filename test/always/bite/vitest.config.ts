import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

import { onNode } from '../../helpers/setup/on-node.ts';
import { rules } from './mutations.push.ts';
import { type Mutation, mutations } from './mutations.ts';

declare module 'vitest' {
  interface ProvidedContext {
    mutation: Pick<Mutation, 'invariant' | 'judges' | 'what'>;
  }
}

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** One project for each mutation; its sources are changed on their way into the test. */
export default defineConfig({
  root,
  test: {
    maxWorkers: availableParallelism(),
    projects: [...mutations, ...rules].map((mutation, i) => {
      const { invariant, judges, what } = mutation;
      return {
        resolve: onNode,
        plugins: [breaking(mutation)],
        test: {
          name: `${i + 1}`,
          include: ['test/always/bite/*.test.ts'],
          testTimeout: 600_000,
          provide: { mutation: { invariant, judges, what } },
        },
      };
    }),
  },
});

function breaking({ file, edits, what }: Mutation): Plugin {
  return {
    name: 'breaking',
    enforce: 'pre',
    transform(source, id) {
      if (id !== root + file) return undefined;
      let code = source;
      for (const [find, replace] of edits) {
        if (code.split(find).length !== 2) this.error(`${what}: ${file} does not have once: ${find}`);
        code = code.replace(find, () => replace);
      }
      return { code, map: null };
    },
  };
}
