import { existsSync } from 'node:fs';

/** A Chromium to test with: the one named in SYSTOLE_CHROMIUM, else one where they usually are, else Playwright's own. */
export async function findChromium(): Promise<string | undefined> {
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

/** What both the browser mode and the stage start it with: silent towards the world. */
export const quietly: readonly string[] = [
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  // Chromium's sandbox does not start as root.
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
];
