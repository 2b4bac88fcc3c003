/** `npm run test:firefox`: what is told of the class in Chromium, in Firefox: Debian's (`apt-get install firefox-esr`), or the one named in SYSTOLE_FIREFOX. */
import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

import { findFirefox, firefox } from './firefox.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

const executablePath = findFirefox();
if (executablePath === undefined) {
  throw new Error('there is no Firefox: `apt-get install firefox-esr`, or name yours in SYSTOLE_FIREFOX');
}

export default defineConfig({
  root,
  resolve: { alias: { '#platform': `${root}adapters/platform.ts` } },
  test: {
    name: 'firefox',
    include: ['test/websockets/firefox/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    globalSetup: 'test/websockets/rig/start-rig.ts',
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      api: { host: '127.0.0.1' },
      instances: [{ browser: 'firefox' }],
      provider: firefox(executablePath),
    },
  },
});
