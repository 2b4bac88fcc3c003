/**
 * What stands on the page can be read: in each state, at each size, light and dark. Nothing is clipped, crossed or too small, nothing lies on anything else, what is pressed stays where it
 * is, and axe has nothing to say.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import axe from 'axe-core';
import { type Page } from 'playwright';
import { expect, onTestFinished, test } from 'vitest';
import { createActor, createMachine } from 'xstate';

import { connect } from '../../adapters/connect.ts';
import { openStage, type Stage } from '../../bin/demo/cable-stage.ts';
import { Control } from '../../bin/demo/control-server.ts';
import { openPage } from '../../bin/demo/demo.ts';
import { Stagehand } from '../../bin/demo/stagehand.ts';
import { readFiles } from '../../bin/page.ts';
import { noPaint } from '../../bin/terminal.ts';
import { connectPush } from '../../push/index.ts';
import { serveInspection } from '../../visualizer/bridge/inspect.node.ts';
import { closedPort, listen, open } from '../helpers/support.ts';
import { faultsOn, placesOn } from './boxes.ts';
import { built, openTab, patience, stateIn, useBrowser, visualize, word } from './stage.ts';

useBrowser();

const sizes = [
  { width: 1440, height: 900 },
  { width: 1280, height: 720 },
  { width: 390, height: 844 },
];
const schemes = ['light', 'dark'] as const;

/** The demo on a line that asks often and believes in silence late: a doubt, and a dial that hangs, last for as long as it takes to look at them. */
async function slowDemo() {
  const heartbeat = { interval: 2_000, timeout: 240_000 };
  const inspection = serveInspection();
  const stage = await openStage(heartbeat, 0);
  const slow: Stage = Object.assign(Object.create(stage) as Stage, {
    dial: () => {
      const push = connectPush(`ws://127.0.0.1:${stage.cable.port}`, {
        heartbeat,
        connectTimeout: 120_000,
        inspect: inspection.inspect,
      });
      return { connection: push.connection, ticks: push.topic(stage.ticker.topic) };
    },
  });
  const faults = new Stagehand(slow, { print: () => {}, paint: noPaint });
  const control = new Control(faults);
  const server = await openPage(readFiles(join(process.cwd(), built))!, 0, inspection, control);
  const leave = async () => {
    faults.act({ do: 'close' });
    control.stop();
    inspection.stop();
    await server.close();
    await stage.close();
  };
  onTestFinished(leave);
  return { address: server.address, faults, inspection, cable: stage.cable };
}

/** Where pictures go of all that is measured, and what is wrong; usually nowhere. */
const shots = process.env['BOXES'];

/** Rules of axe that are asked. */
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'];

async function violationsOn(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate(
    (values) =>
      (window as unknown as { axe: typeof axe }).axe.run(document, {
        runOnly: { type: 'tag', values },
        resultTypes: ['violations'],
        preload: false,
      }),
    tags,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, any, all, none }) => {
      const why = [...any, ...all, ...none].map(({ message }) => message).join('; ');
      return `axe ${id}: ${target.join(' ')}: ${why}`;
    }),
  );
}

test('in each state, at each size, light and dark', { timeout: 600_000 }, async () => {
  const { address, faults, inspection, cable } = await slowDemo();
  const pages = new Map<string, Page>();
  const broken: string[] = [];
  for (const size of sizes) {
    for (const scheme of schemes) {
      const { page, errors } = await openTab(address, size, scheme);
      await page.evaluate(axe.source);
      const name = `${size.width} × ${size.height} ${scheme}`;
      pages.set(name, page);
      onTestFinished(() => void broken.push(...errors.map((error) => `${name}: ${error}`)));
    }
  }
  const everywhere = (act: (page: Page, name: string) => Promise<unknown>) =>
    Promise.all([...pages].map(([name, page]) => act(page, name)));
  const shown = (state: string | RegExp) =>
    everywhere(async (page) => {
      await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(state);
    });
  const wake = () => faults.connection!.actor.send({ type: 'world.woke', reason: 'visible' } as never);

  /** By what is wrong, whatever the numbers: what it is the first time, and where it is. */
  const faulty = new Map<string, { fault: string; where: string[] }>();
  const places = new Map<string, { state: string; places: Record<string, string> }>();
  const note = (fault: string, where: string) => {
    const kind = fault.replaceAll(/\d+/g, '0');
    const known = faulty.get(kind);
    if (known === undefined) faulty.set(kind, { fault, where: [where] });
    else known.where.push(where);
  };
  const foundSoFar = () =>
    [...faulty.values()].map(
      ({ fault, where }) =>
        `${fault} (${where.length} times: ${where.slice(0, 3).join('; ')}${where.length > 3 ? ' …' : ''})`,
    );
  const look = async (state: string, { stays = false } = {}) => {
    await everywhere(async (page, name) => {
      const where = `${state}, ${name}`;
      for (const fault of await faultsOn(page)) note(fault, where);
      for (const violation of await violationsOn(page)) note(violation, where);
      if (stays) {
        const now = await placesOn(page);
        const first = places.get(name);
        if (first === undefined) places.set(name, { state, places: now });
        for (const [what, place] of Object.entries(now)) {
          const before = first?.places[what];
          if (before !== undefined && before !== place)
            note(`moved: ${what}: at ${before} when ${first!.state}, now at ${place}`, where);
        }
      }
      if (shots !== undefined)
        await page.screenshot({
          path: join(shots, `${state.replaceAll(/\W+/g, '-')} ${name}.png`.replaceAll(' ', '-')),
        });
    });
    if (shots !== undefined) writeFileSync(join(shots, 'faults.txt'), foundSoFar().join('\n'));
  };

  await everywhere((page) => page.getByText('No machine yet').waitFor());
  await look('no machine yet');

  const nobody = await listen();
  const unnamed = connect(nobody.url, { inspect: inspection.inspect, idTimeout: 120_000 });
  await shown(word('awaiting-id'));
  await look('awaiting-id');
  unnamed.close();
  await shown(word('closed'));

  faults.act({ do: 'pull' });
  faults.begin();
  await shown(word('connecting'));
  await look('connecting, the first dial', { stays: true });

  faults.act({ do: 'plug' });
  await shown(word('alive'));
  for (let beats = 0; beats < 2; beats += 1) {
    wake();
    faults.act({ do: 'push' });
  }
  faults.act({ do: 'send', text: 'hello' });
  await look('alive', { stays: true });

  faults.act({ do: 'flood', count: 1_000 });
  const received = (page: Page) => page.locator('.figures div', { hasText: 'received' }).first();
  await everywhere(async (page) => {
    await expect.poll(() => received(page).textContent(), { timeout: patience }).toMatch(/[1-9],\d\d\d/);
  });
  await look('alive, a flood', { stays: true });

  faults.act({ do: 'pull' });
  const doubted = setInterval(wake, 500);
  await shown(word('stale'));
  clearInterval(doubted);
  await look('stale', { stays: true });

  // All that was on the line is gone, and the next dial hangs.
  cable.reset();
  faults.act({ do: 'pull' });
  cable.silence();
  await shown(word('connecting'));
  await look('connecting, after a loss', { stays: true });

  faults.act({ do: 'refuse', retryAfter: 3_600 });
  faults.act({ do: 'plug' });
  await shown(word('reconnecting'));
  await look('reconnecting, the server asks to wait', { stays: true });

  faults.act({ do: 'accept' });
  faults.act({ do: 'reconnect' });
  await shown(word('alive'));
  await look('alive again', { stays: true });

  await everywhere(async (page) => {
    const filter = page.getByLabel('Filter the log');
    await filter.fill('reconnecting');
    await page.locator('.rows').press('ArrowUp');
    await page.getByRole('button', { name: 'return to live' }).waitFor();
    await filter.fill('');
    await page.locator('.detail summary').click();
  });
  await look('looking back');
  await everywhere(async (page) => {
    await page.getByRole('button', { name: 'return to live' }).click();
    await page.getByText('more', { exact: true }).click();
  });
  await look('alive, more buttons');
  await everywhere((page) => page.getByText('more', { exact: true }).click());

  faults.act({ do: 'close' });
  await shown(word('closed'));
  await look('closed', { stays: true });

  await everywhere((page) =>
    page.locator('input[type=file]').setInputFiles({ name: 'notes.jsonl', mimeType: '', buffer: Buffer.from('{}\n') }),
  );
  await everywhere((page) => page.getByRole('alert').waitFor());
  await look('a recording that is none');
  await everywhere((page) => page.getByRole('button', { name: 'Dismiss' }).click());

  const stranger = createActor(strange, { inspect: inspection.inspect }).start();
  onTestFinished(() => void stranger.stop());
  stranger.send({ type: 'HEAT' });
  await everywhere(async (page) => {
    const select = page.locator('.machines select');
    const option = select.locator('option', { hasText: 'kettle' });
    await expect.poll(() => option.count(), { timeout: patience }).toBeGreaterThan(0);
    await select.selectOption(await option.first().getAttribute('value'));
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toContain('warming');
  });
  await look("a stranger's machine");

  // In trouble, each of them in its way; and one that is over.
  const port = await closedPort();
  for (let i = 0; i < 3; i += 1)
    open(`ws://127.0.0.1:${port}`, { inspect: inspection.inspect, backoff: { initial: 60_000, max: 60_000 } });
  await everywhere(async (page) => {
    await page.locator('.to-all').click();
    await page.locator('.overview .list .machine').first().waitFor();
  });
  await look('all machines');

  faults.act({ do: 'dial' });
  await everywhere(async (page) => {
    const alive = page.locator('.overview .list .machine', { hasText: 'alive' });
    await alive.first().getByRole('button').click();
  });
  await shown(word('alive'));
  await look('another life', { stays: true });
  inspection.stop();
  await everywhere((page) => page.locator('main.asof').waitFor());
  await look('the source is lost', { stays: true });

  expect(foundSoFar()).toEqual([]);
  expect(broken).toEqual([]);
});

test('what is planted is found, and nothing else', async () => {
  const { page } = await openTab(await visualize());
  await page.getByText('No machine yet').waitFor();
  await page.evaluate(axe.source);
  const everything = async () => [...(await faultsOn(page)), ...(await violationsOn(page))];
  expect(await everything()).toEqual([]);
  const at = 'position: absolute; top: 300px; left: 20px;';
  const planted: [fault: RegExp, html: string][] = [
    [
      /^clipped: "too long for it".* px of its width/,
      `<p style="width: 60px; overflow: hidden; white-space: nowrap">too long for it</p>`,
    ],
    [
      /^clipped: "too long for it".*: it is \d+ px wide/,
      `<p style="width: 60px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis">too long for it</p>`,
    ],
    [
      /^clipped: "two lines".* px of its height/,
      `<p style="height: 20px; overflow: clip; line-height: 20px">one line<br>two lines</p>`,
    ],
    [
      /^clipped: "a choice that is long"/,
      `<select style="width: 80px" aria-label="a"><option>a choice that is long</select>`,
    ],
    [/^clipped: "what may be written"/, `<input style="width: 80px" aria-label="a" placeholder="what may be written">`],
    [/^overlap: "below".* and "above"/, `<p style="${at}">below</p><p style="${at}"><b>above</b></p>`],
    [
      /^struck: "words".* an arrow runs through it, of svg > g.arrow/,
      `<svg width="100" height="40"><text x="10" y="24">words</text><g class="arrow"><path class="line" d="M0 19H100" /></g></svg>`,
    ],
    [
      /^struck: "too wide".* the edge of svg > g.box .* runs through it/,
      `<div class="statechart"><svg width="100" height="40"><g class="box"><rect class="frame" width="30" height="30" /></g><text x="10" y="24">too wide</text></svg></div>`,
    ],
    [/^small: "tiny".*: 9\.0 px/, `<p style="font-size: 9px">tiny</p>`],
    [
      /^small: "far away".*: 6\.0 px/,
      `<svg viewBox="0 0 200 40" width="100" height="20"><text y="20" font-size="12">far away</text></svg>`,
    ],
    [/^small: "shrunk".*: 7\.0 px/, `<p style="font-size: 14px; transform: scale(0.5); width: 100px">shrunk</p>`],
    [/^wide: the page is \d+ px, and the window 1280: .*wider/, `<p class="wider" style="width: 1300px">wide</p>`],
    [
      /^wide: .*sideways/,
      `<p class="sideways" tabindex="0" style="width: 90px; overflow: auto; white-space: nowrap">more than is seen</p>`,
    ],
    [/^axe color-contrast/, `<p style="color: #999; background: #fff">pale</p>`],
  ];
  const plant = (html: string) =>
    page.evaluate((inner) => {
      const plot = document.querySelector('#plot') ?? document.createElement('div');
      plot.id = 'plot';
      plot.innerHTML = inner;
      document.querySelector('main')!.append(plot);
    }, html);
  for (const [fault, html] of planted) {
    await plant(html);
    expect({ html, found: await everything() }).toEqual({
      html,
      found: expect.arrayContaining([expect.stringMatching(fault)]),
    });
  }
  const labels = JSON.stringify([
    { text: 'one', x: 0, width: 40 },
    { text: 'two', x: 30, width: 40 },
    { text: 'three', x: 80, width: 40 },
  ]);
  await plant(`<div data-labels='${labels}' style="width: 100px; height: 20px"></div>`);
  expect(await everything()).toEqual([
    expect.stringMatching(/^clipped: "three"/),
    expect.stringMatching(/^overlap: "one".* and "two"/),
  ]);

  await plant(`
    <p class="hidden">for ears alone, and long enough not to fit</p>
    <div tabindex="0" style="height: 40px; overflow: auto"><p>in sight</p><p style="margin-top: 80px">to be scrolled to</p></div>
    <p style="${at}">what is covered</p>
    <p style="${at} background: var(--panel)">what covers it, all of it</p>
    <p style="visibility: hidden; font-size: 5px">not there</p>`);
  expect(await everything()).toEqual([]);
});

const strange = createMachine({
  id: 'kettle',
  type: 'parallel',
  states: {
    water: {
      initial: 'cold',
      states: {
        cold: { on: { HEAT: 'hot' } },
        hot: {
          initial: 'warming',
          after: { 90_000: 'cold' },
          states: { warming: { on: { LIFT: 'poured' } }, poured: {} },
        },
      },
    },
    lid: { initial: 'shut', states: { shut: { on: { OPEN: 'open' } }, open: { on: { SHUT: 'shut' } } } },
  },
});
