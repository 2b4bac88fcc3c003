/** `npm run test:docs`: the site of the documentation, which the command has just built. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'docs',
    include: ['test/docs/site.test.ts'],
    testTimeout: 120_000,
  },
});
