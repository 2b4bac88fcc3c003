/** The inbox in React: what it shows in each situation, and that an edit of its source leaves one connection. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { Example, executablePath, look } from './example.ts';

/** Where pictures of the situations are left: SCREENSHOTS, or a folder of the system's. */
const folder = process.env['SCREENSHOTS'] ?? mkdtempSync(join(tmpdir(), 'systole-inbox-'));

test.skipIf(executablePath === undefined)('the four situations', async () => {
  const example = new Example('react');
  const address = await example.address();
  const { page } = await look('about:blank');
  await page.setViewportSize({ width: 390, height: 700 });
  const banner = page.getByRole('status');
  const parcels = page.getByRole('listitem');
  const shoot = async (name: string) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`) });
    }
    // Nothing is cut off where the page is narrow.
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  };

  // Nobody answers yet.
  example.tell('cut');
  await page.goto(address);
  await banner.filter({ hasText: 'Connecting' }).waitFor();
  await expect.poll(() => page.getByText('Connecting').isVisible()).toBe(true);
  await shoot('1-connecting');

  example.tell('heal');
  await parcels.nth(4).waitFor();
  expect(await banner.textContent()).toBe('');
  await shoot('2-alive');

  example.tell('cut');
  await banner.filter({ hasText: 'Checking' }).waitFor();
  await shoot('3-in-doubt');
  await banner.filter({ hasText: 'You are offline' }).waitFor();
  // On a silent line a dial is under way most of the time; without a network each fails at once, and the next one is waited for.
  await page.context().setOffline(true);
  await page.waitForFunction(
    () => /Trying again in (?:[2-9]|\d\d) s/.test(document.querySelector('[role=status]')?.textContent ?? ''),
    undefined,
    { timeout: 120_000 },
  );
  await shoot('4-offline');

  example.tell('heal');
  await page.context().setOffline(false);
  await expect.poll(() => banner.textContent()).toBe('');
  await page.getByText('were missed').waitFor();
  await shoot('5-back');

  await page.getByRole('button', { name: 'Sign out everywhere' }).click();
  await banner.filter({ hasText: 'You have been signed out' }).waitFor();
  await shoot('6-signed-out');
  await page.getByRole('button', { name: 'Sign in again' }).click();
  await expect.poll(() => banner.textContent()).toBe('');
  await example.quit();
});

test.skipIf(executablePath === undefined)('an edit while it is open leaves one connection', async () => {
  const example = new Example('react');
  const address = await example.address();
  const { page } = await look(address);
  await page.getByRole('listitem').first().waitFor();

  for (const file of ['Inbox.tsx', 'Banner.tsx']) {
    const path = `examples/apps/react/${file}`;
    const source = readFileSync(path, 'utf8');
    onTestFinished(() => writeFileSync(path, source));
    const edited = page.waitForEvent('console', (message) => message.text() === `edited ${file}`);
    writeFileSync(path, `${source}\nconsole.log('edited ${file}');\n`);
    await edited;
    await page.getByRole('listitem').first().waitFor();
  }
  const counts = () => example.command.lines.filter((line) => /\d+ connected/.test(line));
  await expect.poll(() => counts().at(-1)).toMatch(/\b1 connected/);
  await page.close();
  await expect.poll(() => counts().at(-1)).toMatch(/\b0 connected/);
  await example.quit();
});
