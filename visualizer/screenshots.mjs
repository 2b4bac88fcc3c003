/**
 * `npm run screenshots`: pictures of the page, light and dark, in each state, into visualizer/screenshots/. Two of them stand in the README.
 * Needs the built package, and a Chromium: `npx playwright install chromium`, or yours in SYSTOLE_CHROMIUM.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright';

import { openStage } from '../dist/bin/demo/cable-stage.js';
import { Control } from '../dist/bin/demo/control-server.js';
import { openPage } from '../dist/bin/demo/demo.js';
import { Stagehand } from '../dist/bin/demo/stagehand.js';
import { readFiles } from '../dist/bin/page.js';
import { noPaint } from '../dist/bin/terminal.js';
import { serveInspection } from '../dist/visualizer/inspect.node.js';

const folder = fileURLToPath(new URL('screenshots/', import.meta.url));
mkdirSync(folder, { recursive: true });

const inspection = serveInspection();
const stage = await openStage({ interval: 2_000, timeout: 12_000 }, 0, inspection.inspect);
const stagehand = new Stagehand(stage, { print: () => {}, paint: noPaint });
const control = new Control(stagehand);
const server = await openPage(readFiles(), 0, inspection, control);

const chosen = [process.env.SYSTOLE_CHROMIUM, '/usr/bin/chromium'].find(
  (path) => path !== undefined && existsSync(path),
);
const browser = await chromium.launch({
  ...(chosen && { executablePath: chosen }),
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
const open = async (colorScheme, viewport, deviceScaleFactor = 1) => {
  const page = await browser.newPage({ viewport, colorScheme, deviceScaleFactor });
  await page.goto(server.address);
  return page;
};
const wide = { width: 1280, height: 720 };
const pages = {
  light: await open('light', wide, 1.5),
  dark: await open('dark', wide, 1.5),
  'phone-light': await open('light', { width: 390, height: 844 }, 2),
  'phone-dark': await open('dark', { width: 390, height: 844 }, 2),
};

const shoot = (state) =>
  Promise.all(
    Object.entries(pages).map(async ([name, page]) => {
      await page
        .locator('.state .now strong')
        .filter({ hasText: new RegExp(`^${state}`) })
        .waitFor();
      await page.screenshot({ path: `${folder}${state}-${name}.png` });
    }),
  );
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const pushes = setInterval(() => stagehand.act({ do: 'push' }), 700);
stagehand.act({ do: 'delay', ms: 40 });
stagehand.begin();
await sleep(13_000);
await shoot('alive');
stagehand.act({ do: 'pull' });
await shoot('stale');
await shoot('connecting');
stagehand.act({ do: 'refuse', retryAfter: 20 });
stagehand.act({ do: 'plug' });
await shoot('reconnecting');
stagehand.act({ do: 'accept' });
stagehand.act({ do: 'reconnect' });
await sleep(3_000);
stagehand.act({ do: 'close' });
await shoot('closed');

clearInterval(pushes);
await browser.close();
control.stop();
inspection.stop();
await server.close();
await stage.close();
