/** Every page tells the same story: news come; the cable is pulled, and the banner says so; it is back, the banner is gone, and news come again. */
import { beforeAll, expect, test } from 'vitest';

import { Example, examplesOf, executablePath, look } from './example.ts';

beforeAll(() => {
  if (executablePath !== undefined) return;
  console.warn(
    '\n*** SKIPPED: the examples that are pages, for want of a Chromium. Get one with `npx playwright install chromium`, on Debian with `apt-get install chromium`, or name yours in SYSTOLE_CHROMIUM. ***\n',
  );
});

/** Of each page: `role="status"` is the banner, and each message is an item of a list. */
test.skipIf(executablePath === undefined).each(examplesOf('page', 'static', 'app'))('%s', async (name) => {
  const example = new Example(name);
  const { page, complaints } = await look(await example.address());
  const banner = page.getByRole('status');
  const parcels = page.getByRole('listitem').filter({ hasText: 'A parcel has left' });

  await parcels.first().waitFor();
  await expect.poll(() => banner.filter({ visible: true }).count()).toBe(0);

  example.tell('cut');
  await banner.filter({ hasText: /offline/ }).waitFor();
  const before = await parcels.allTextContents();

  example.tell('heal');
  await expect.poll(() => banner.filter({ visible: true }).count()).toBe(0);
  await expect.poll(async () => (await parcels.allTextContents()).some((text) => !before.includes(text))).toBe(true);

  // Chromium complains of a dial that was given up, as it should.
  expect(complaints.filter((complaint) => !/WebSocket (?:connection to|is closed before)/.test(complaint))).toEqual([]);
  await example.quit();
});

test.skipIf(executablePath === undefined)('who renders on a server dials in the browser only', async () => {
  const example = new Example('next');
  const address = await example.address();
  expect(await (await fetch(address)).text()).toContain('<p>connecting …</p>');
  const { page } = await look(address);
  await page.getByRole('listitem').first().waitFor();
  // The first one that the server has counted, and the only one.
  expect(example.command.lines.filter((line) => line.includes('connected'))).toEqual(['server: 1 connected']);
  await example.quit();
});
