import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';

import { findChromium, quietly } from './test/helpers/find-chromium.ts';
import { type EngineName, findEngine } from './test/helpers/find-engines.ts';
import { findReference, packagesFor, type ReferenceName } from './test/helpers/find-references.ts';
import { builtinFlags, isUnexpected, onNode } from './test/helpers/setup/on-node.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const build = here('test/helpers/setup/build.ts');
const rig = here('test/websockets/rig/start-rig.ts');

const chromium = await findChromium();
if (chromium === undefined) {
  console.warn(
    '\n*** SKIPPED: all that is told in Chromium (the adapter suite, the life of a page), for want of one. Get it with `npx playwright install chromium`, on Debian with `apt-get install chromium`, or name yours in SYSTOLE_CHROMIUM. ***\n',
  );
}

/** Told with a real engine. */
const withEngines: Record<EngineName, string> = {
  'redis-server': 'test/**/*.redis.test.ts',
  'nats-server': 'test/**/*.nats.test.ts',
};
const missing = (Object.keys(withEngines) as EngineName[]).filter((name) => findEngine(name) === undefined);
if (missing.length > 0) {
  console.warn(
    `\n*** SKIPPED: all that is told of logs in engines (${missing.map((name) => withEngines[name]).join(', ')}), for want of ${missing.join(' and ')}. Get both with \`apt-get install redis-server nats-server\`. ***\n`,
  );
}

/** Told of servers in other languages. */
const withReferences: Record<ReferenceName, string> = {
  python: 'test/check/references.python.test.ts',
  go: 'test/check/references.go.test.ts',
};
const unread = (Object.keys(withReferences) as ReferenceName[]).filter((name) => findReference(name) === undefined);
for (const name of unread) {
  console.warn(
    `\n*** SKIPPED: all that is told of the reference server in ${name} (${withReferences[name]}), for want of its packages. Get them with \`apt-get install ${packagesFor[name]}\`. ***\n`,
  );
}

/** Told in real pages. */
const inPages = [
  'test/line/real-page/**',
  'test/push/real-page/**',
  'test/visualizer/*.browser.test.ts',
  'test/visualizer/{boxes,controls,ending,line,log,many,overview,panel,recording,visualizer}.test.ts',
];

/** What views are written with. */
const frameworks = [
  'react',
  'react/jsx-dev-runtime',
  'react-dom',
  'react-dom/client',
  'react-dom/server',
  'vue',
  'vue/server-renderer',
  'alpinejs',
  'rxjs',
  'solid-js',
  'svelte/store',
];

/** A process that stands still is not told beside others. */
const alone = ['test/line/stalls.test.ts'];

export default defineConfig({
  test: {
    // Most tests wait for something most of the time.
    maxWorkers: availableParallelism() + 1,
    // Generous: these machines are shared. What is measured is asserted against what was measured beside it.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    onUnhandledError: isUnexpected,
    projects: [
      {
        extends: true,
        resolve: onNode,
        test: {
          name: 'node',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: [
            'test/websockets/**',
            'test/views/browser/**',
            // These have configurations of their own, beside them.
            'test/libraries/**',
            'test/docs/**',
            'test/examples/**',
            'test/always/bite/**',
            'test/always/hours/**',
            'test/always/soak/**',
            'test/package/matrix/**',
            'test/attack/**',
            ...alone,
            ...(chromium === undefined ? inPages : []),
            ...missing.map((name) => withEngines[name]),
            ...unread.map((name) => withReferences[name]),
          ],
          globalSetup: build,
        },
      },
      {
        extends: true,
        resolve: onNode,
        test: {
          name: 'adapter',
          include: ['test/websockets/node/**/*.test.ts'],
          globalSetup: rig,
          execArgv: builtinFlags,
        },
      },
      {
        extends: true,
        resolve: onNode,
        test: {
          name: 'alone',
          include: alone,
          // After all others.
          sequence: { groupOrder: 1 },
          maxWorkers: 1,
        },
      },
      ...(chromium === undefined ? [] : [inChromium(chromium)]),
    ],
  },
});

function inChromium(executablePath: string) {
  return {
    extends: true as const,
    resolve: { alias: { '#platform': here('adapters/platform.ts') } },
    // Found one by one, they would have the page load anew in the middle of a test.
    optimizeDeps: { include: [...frameworks] },
    test: {
      name: 'chromium',
      include: ['test/websockets/browser/**/*.test.ts', 'test/views/browser/**/*.test.{ts,tsx}'],
      globalSetup: rig,
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        api: { host: '127.0.0.1' },
        instances: [{ browser: 'chromium' as const }],
        provider: playwright({
          launchOptions: {
            executablePath,
            args: [...quietly],
          },
        }),
      },
    },
  };
}
