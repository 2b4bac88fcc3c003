import { fileURLToPath } from 'node:url';

import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';

import { findChromium, quietly } from './test/page/chromium.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Node 22 has a WebSocket of its own, Node 20 behind a flag. */
const builtinFlags = Number(process.versions.node.split('.')[0]) < 22 ? ['--experimental-websocket'] : [];

const onNode = { alias: { '#platform': here('adapters/platform.node.ts') } };
const build = here('test/setup/build.ts');
const rig = here('test/setup/rig.ts');

const chromium = await findChromium();
if (chromium === undefined) {
  console.warn(
    '\n*** SKIPPED: all that is told in Chromium (the adapter suite, the life of a page), for want of one. Get it with `npx playwright install chromium`, on Debian with `apt-get install chromium`, or name yours in SYSTOLE_CHROMIUM. ***\n',
  );
}

export default defineConfig({
  test: {
    // Generous: these machines are shared. What is measured is asserted against what was measured beside it.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // The one error that a test throws on purpose to see it surface.
    onUnhandledError: ({ message }) => message !== 'thrown by a listener of the adapter suite',
    projects: [
      {
        extends: true,
        resolve: onNode,
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/adapter/**',
            'test/browser/**',
            // These have configurations of their own, beside them.
            'test/bite/**',
            'test/hours/**',
            'test/soak/**',
            ...(chromium === undefined ? ['test/page/**'] : []),
          ],
          globalSetup: build,
        },
      },
      {
        extends: true,
        resolve: onNode,
        test: {
          name: 'adapter',
          include: ['test/adapter/**/*.test.ts'],
          globalSetup: rig,
          execArgv: builtinFlags,
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
    test: {
      name: 'chromium',
      include: ['test/browser/**/*.test.ts'],
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
