import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Node 22 has a WebSocket of its own, Node 20 behind a flag. */
const builtinFlags = Number(process.versions.node.split('.')[0]) < 22 ? ['--experimental-websocket'] : [];

const onNode = { alias: { '#platform': here('adapters/platform.node.ts') } };
const build = here('test/setup/build.ts');
const rig = here('test/setup/rig.ts');

const chromium = await findChromium();
if (chromium === undefined) {
  console.warn(
    '\n*** SKIPPED: the adapter suite in Chromium, for want of one. Get it with `npx playwright install chromium`, on Debian with `apt-get install chromium`, or name yours in SYSTOLE_CHROMIUM. ***\n',
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
          exclude: ['test/adapter/**', 'test/browser/**'],
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
            args: [
              '--no-first-run',
              '--disable-background-networking',
              '--disable-component-update',
              '--disable-sync',
              '--disable-quic',
              // Chromium's sandbox does not start as root.
              ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
            ],
          },
        }),
      },
    },
  };
}

async function findChromium(): Promise<string | undefined> {
  const chosen = process.env['SYSTOLE_CHROMIUM'];
  if (chosen !== undefined) return existsSync(chosen) ? chosen : undefined;
  const usual = [
    '/usr/bin/chromium',
    '/usr/bin/google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ];
  const installed = usual.find((path) => existsSync(path));
  if (installed !== undefined) return installed;
  const { chromium: bundled } = await import('playwright');
  return existsSync(bundled.executablePath()) ? bundled.executablePath() : undefined;
}
