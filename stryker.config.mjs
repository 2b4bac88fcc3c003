/** How test/mutation/run.mjs breaks things. */

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
  plugins: ['@stryker-mutator/vitest-runner'],
  // There is no such file: what it would be rewritten with, TypeScript's JS API, is not in TypeScript 7. Vite takes the types away.
  tsconfigFile: 'none',
  coverageAnalysis: 'perTest',
  ignorePatterns: ['/dist', '/docs/site', '/visualizer', '/examples', '/bin', '/coverage', '/reports'],
  tempDirName: '.stryker-tmp',
  reporters: ['json', 'progress-append-only'],
  jsonReporter: { fileName: 'reports/mutation.json' },
  concurrency: 2,
  timeoutMS: 10_000,
  timeoutFactor: 1.5,
};
