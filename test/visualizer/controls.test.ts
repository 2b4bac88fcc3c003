/** The demo's controls in a real Chromium: two nodes, what was caught up, a line of their own that may be lost; and nothing moves when something happens. */
import { type Page } from 'playwright';
import { describe, expect, onTestFinished, test } from 'vitest';

import { openStage } from '../../bin/demo/cable-stage.ts';
import { Stagehand, type Status } from '../../bin/demo/stagehand.ts';
import { noPaint } from '../../bin/terminal.ts';
import { until, untilSo, untilState } from '../helpers/support.ts';
import { faultProxy } from '../kit/fault-proxy.ts';
import { demo, openTab, patience, stateIn, useBrowser, word } from './stage.ts';

describe('what the page is told', () => {
  async function playing() {
    const stage = await openStage({ interval: 400, timeout: 400 }, 0);
    const faults = new Stagehand(stage, { print: () => {}, paint: noPaint });
    onTestFinished(() => stage.close());
    const told: Status[] = [];
    faults.onStatus((status) => told.push(status));
    faults.begin();
    await untilState(faults.connection!, 'alive');
    return { stage, faults, told };
  }

  test('what is missed, how it is caught up, and what was lost of it', async () => {
    const { stage, faults, told } = await playing();
    await untilSo(() => stage.ticker.last > 1);
    expect(faults.status).toMatchObject({ missed: 0, catchingUp: 0, returned: null, keeper: 'memory' });
    faults.act({ do: 'pull' });
    await untilSo(() => told.at(-1)!.missed > 2);
    await untilSo(() => !['alive', 'stale'].includes(faults.connection!.state));
    faults.act({ do: 'plug' });
    await untilSo(() => faults.status.returned);
    const { missed, catchingUp, returned } = faults.status;
    expect([missed, catchingUp, returned]).toEqual([
      0,
      0,
      { caughtUp: expect.any(Number), lost: 0, twice: 0, gaps: 0 },
    ]);
    expect(returned!.caughtUp).toBeGreaterThan(2);
    await untilSo(() => told.at(-1)!.returned);
    // While it is caught up, all of it is either heard or missed.
    faults.act({ do: 'close' });
    await untilState(faults.connection!, 'closed');
    await untilSo(() => told.at(-1)!.client === 'closed');
    const { last } = stage.ticker;
    await untilSo(() => stage.ticker.last > last + 2);
    // Nobody listens any more.
    expect(faults.status).toMatchObject({ missed: 0, client: 'closed' });
    faults.act({ do: 'dial' });
    expect(faults.status).toMatchObject({ client: 'there', returned: null });
  });

  test('either node can be killed, and both; dials are led to who is there', async () => {
    const { faults, told } = await playing();
    const moved = (change: Partial<Status>) =>
      untilSo(() => JSON.stringify({ ...told.at(-1), ...change }) === JSON.stringify(told.at(-1)));
    faults.act({ do: 'kill', node: 'B' });
    await moved({ killed: 'B', node: 'A' });
    expect(faults.connection!.state).toBe('alive');
    faults.act({ do: 'revive', node: 'B' });
    await moved({ killed: 'none', node: 'A' });

    let restored = until(faults.connection!, 'restored');
    faults.act({ do: 'kill', node: 'A' });
    await moved({ killed: 'A', node: 'B' });
    expect((await restored).id).toMatch(/B\d$/);
    faults.act({ do: 'kill', node: 'B' });
    await moved({ killed: 'both' });
    restored = until(faults.connection!, 'restored');
    faults.act({ do: 'revive', node: 'A' });
    await moved({ killed: 'B', node: 'A' });
    expect((await restored).id).toMatch(/A\d$/);
  });
});

describe('in a browser', () => {
  useBrowser();

  const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

  /** Where everything is that can be pressed, and what lies below. */
  const places = (page: Page) =>
    page.evaluate(() =>
      [...document.querySelectorAll('.controls button, .teller, .log')].map((each) => {
        const { x, y, width } = each.getBoundingClientRect();
        return [x, y, width].map(Math.round).join(' ');
      }),
    );
  const clipped = (page: Page) =>
    page.evaluate(() =>
      [...document.querySelectorAll('.controls *')]
        .filter(({ scrollWidth, clientWidth }) => clientWidth > 0 && scrollWidth > clientWidth + 1)
        .map(({ textContent }) => textContent),
    );

  test.each([
    { width: 1280, height: 720 },
    { width: 390, height: 844 },
  ])('%o: whatever happens, no button moves, and nothing is clipped', async (viewport) => {
    const { address, faults } = await demo({ interval: 400, timeout: 400 });
    const { page, errors } = await openTab(address, viewport);
    const told = page.locator('.told');
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));
    await expect.poll(() => told.innerText(), { timeout: patience }).toContain('kept in memory');
    // Below the panel of the state, whose height is not of this.
    await page.addStyleTag({ content: '.state { flex: none; height: 300px; overflow: hidden }' });
    const before = await places(page);
    expect(before.length).toBeGreaterThan(9);
    const same = async () => {
      expect(await places(page)).toEqual(before);
      expect(await clipped(page)).toEqual([]);
    };
    await button(page, 'Pull the cable').click();
    await expect.poll(() => told.innerText(), { timeout: patience }).toMatch(/^\d+ not heard yet/);
    // Plugged any sooner, it would be the same line.
    await untilSo(() => !['alive', 'stale'].includes(faults.connection!.state));
    await same();
    await button(page, 'Plug the cable').click();
    await expect.poll(() => told.innerText(), { timeout: patience }).toMatch(/^\d+ caught up, 0 lost\n/);
    await same();
    await button(page, 'Kill node B').click();
    await page.getByRole('group', { name: 'Node B: gone' }).waitFor();
    await button(page, 'Kill node A').click();
    await page.getByRole('group', { name: 'Node A: gone' }).waitFor();
    await same();
    await button(page, 'Revive node B').click();
    await page.getByRole('group', { name: 'Node B: in use' }).waitFor();
    await button(page, 'Mute beats').click();
    await button(page, 'Answer beats').waitFor();
    await button(page, 'Refuse dials').click();
    await button(page, 'Accept dials').waitFor();
    await same();
    faults.act({ do: 'close' });
    await button(page, 'Dial anew').waitFor();
    expect(await button(page, 'Reconnect').isDisabled()).toBe(true);
    await same();
    expect(errors).toEqual([]);
  });

  test('each word is explained, also to fingers', async () => {
    const { address } = await demo();
    const { page } = await openTab(address, { width: 390, height: 844 });
    await button(page, 'What these words mean').click();
    const meanings = page.getByLabel('What these words mean').locator('dt');
    await expect
      .poll(() => meanings.allInnerTexts())
      .toEqual(expect.arrayContaining(['Mute beats', 'Refuse dials', 'Forget the id', 'server clock', 'attempt']));
    await page.keyboard.press('Escape');
    await expect.poll(() => meanings.first().isVisible()).toBe(false);
  });

  test('its line goes silent: the controls say so and cannot be pressed; what may not have come is told; they come back by themselves', async () => {
    const { address } = await demo();
    const proxy = await faultProxy(Number(new URL(address).port));
    onTestFinished(() => proxy.close());
    const { page, errors } = await openTab(`http://127.0.0.1:${proxy.port}/`);
    const told = page.locator('.told');
    await expect.poll(() => told.innerText(), { timeout: patience }).toContain('kept in memory');
    proxy.silence();
    await button(page, 'Refuse dials').click();
    await expect.poll(() => told.innerText(), { timeout: patience }).toContain('The demo is not heard of.');
    expect(await told.innerText()).toContain('“Refuse dials” may not have come');
    expect(await page.locator('.controls button:enabled').count()).toBe(0);
    proxy.heal();
    await expect.poll(() => button(page, 'Reconnect').isEnabled(), { timeout: patience }).toBe(true);
    // Still to be read, until something else is ordered; and what has come is in no doubt.
    expect(await told.innerText()).toContain('“Refuse dials” may not have come');
    await button(page, 'Mute beats').click();
    await button(page, 'Answer beats').waitFor();
    expect(await told.innerText()).toContain('kept in memory');
    proxy.silence();
    await expect.poll(() => told.innerText(), { timeout: patience }).toContain('The demo is not heard of.');
    expect(await told.innerText()).not.toContain('may not have come');
    expect(errors).toEqual([]);
  });
});
