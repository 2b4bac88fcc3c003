/**
 * `npm run screenshots`: pictures of the page, light and dark, of what one would show around, into visualizer/screenshots/. Some of them stand in the README; git ignores the others.
 * Needs the built package, and a Chromium: `npx playwright install chromium`, or yours in SYSTOLE_CHROMIUM.
 */
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright';
import { WebSocketServer } from 'ws';

import { connect } from '../dist/adapters/index.js';
import { plain } from '../dist/adapters/protocols/plain.js';
import { openStage } from '../dist/bin/demo/cable-stage.js';
import { Control } from '../dist/bin/demo/control-server.js';
import { openPage } from '../dist/bin/demo/demo.js';
import { Stagehand } from '../dist/bin/demo/stagehand.js';
import { PageServer, readFiles } from '../dist/bin/page.js';
import { noPaint } from '../dist/bin/terminal.js';
import { faultProxy } from '../dist/test/kit/index.js';
import { inspect, serveInspection } from '../dist/visualizer/inspect.node.js';
import { smaller } from './small-png.mjs';

/** Of one file, bytes: whoever reads the README fetches two. */
const largest = 250_000;
const folder = fileURLToPath(new URL('screenshots/', import.meta.url));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const chosen = [process.env.SYSTOLE_CHROMIUM, '/usr/bin/chromium'].find(
  (path) => path !== undefined && existsSync(path),
);
const browser = await chromium.launch({
  ...(chosen && { executablePath: chosen }),
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});

/** The same page four times. */
async function openTabs(address) {
  const wide = { viewport: { width: 1280, height: 720 }, deviceScaleFactor: 1.5 };
  const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 };
  const tabs = {};
  for (const colorScheme of ['light', 'dark']) {
    tabs[colorScheme] = await browser.newPage({ ...wide, colorScheme });
    tabs[`phone-${colorScheme}`] = await browser.newPage({ ...phone, colorScheme });
  }
  for (const tab of Object.values(tabs)) await tab.goto(address);
  return tabs;
}

/** @param ready fulfilled when a page shows what the picture is about */
function shoot(name, tabs, ready) {
  return Promise.all(
    Object.entries(tabs).map(async ([how, tab]) => {
      await ready(tab);
      const png = smaller(await tab.screenshot());
      if (png.length > largest) console.warn(`${name}-${how}.png has ${png.length} bytes`);
      writeFileSync(`${folder}${name}-${how}.png`, png);
    }),
  );
}

const inState = (state) => (tab) =>
  tab
    .locator('.state .now strong')
    .filter({ hasText: new RegExp(`^${state}`) })
    .waitFor();

/** One connection, its cable pulled and plugged. */
async function shootOne() {
  const inspection = serveInspection({ name: 'orders' });
  const stage = await openStage({ interval: 2_000, timeout: 12_000 }, 0, inspection.inspect);
  const stagehand = new Stagehand(stage, { print: () => {}, paint: noPaint });
  const control = new Control(stagehand);
  const server = await openPage(readFiles(), 0, inspection, control);
  const tabs = await openTabs(server.address);
  stagehand.act({ do: 'delay', ms: 40 });
  stagehand.begin();
  const pushes = setInterval(() => stagehand.act({ do: 'push' }), 1_700);
  await sleep(13_000);
  await shoot('alive', tabs, inState('alive'));

  clearInterval(pushes);
  stagehand.act({ do: 'pull' });
  await shoot('stale', tabs, async (tab) => {
    await inState('stale')(tab);
    await tab.waitForTimeout(2_000);
  });
  await shoot('connecting', tabs, inState('connecting'));
  stagehand.act({ do: 'refuse', retryAfter: 20 });
  stagehand.act({ do: 'plug' });
  await shoot('reconnecting', tabs, inState('reconnecting'));

  stagehand.act({ do: 'accept' });
  stagehand.act({ do: 'reconnect' });
  await shoot('returned', tabs, async (tab) => {
    await inState('alive')(tab);
    await tab.waitForTimeout(1_500);
  });

  inspection.stop();
  await shoot('source-lost', tabs, async (tab) => {
    await tab.locator('main.asof').waitFor();
    await tab.waitForTimeout(3_000);
  });
  stagehand.act({ do: 'close' });
  control.stop();
  await server.close();
  await stage.close();
}

const names = ['orders', 'prices', 'stock', 'chat', 'presence', 'alerts', 'tickets', 'routes', 'billing', 'audit'];

/** Many connections of one process, a few of them in trouble. */
async function shootMany() {
  const peer = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  peer.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data) => {
      if (Buffer.from(data).toString() === 'ping') setTimeout(() => socket.send('pong'), 20 + 60 * Math.random());
    });
  });
  await once(peer, 'listening');
  const cable = await faultProxy(peer.address().port);
  const port = await freePort();
  const connections = [];
  const dial = (name, to, heartbeat) => {
    const protocol = plain({ heartbeat: 'ping', reply: 'pong' });
    const connection = connect(`ws://127.0.0.1:${to}`, {
      protocol,
      heartbeat,
      inspect: inspect({ name, port }),
      backoff: { initial: 4_000, max: 20_000 },
    });
    connections.push(connection);
    return connection;
  };
  const well = { interval: 1_500, timeout: 10_000 };
  for (let i = 0; i < 40; i += 1) dial(names[i % names.length], peer.address().port, well);
  for (const name of ['orders', 'prices']) dial(`${name} in Lisbon`, cable.port, { interval: 1_000, timeout: 16_000 });
  const restarted = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(restarted, 'listening');
  dial('search', restarted.address().port, well);
  const over = dial('import', peer.address().port, well);

  const files = readFiles();
  const server = await PageServer.open({
    port: 0,
    files,
    frameable: false,
    configFor: () => ({ sources: [`ws://127.0.0.1:${port}`], control: null }),
  });
  const tabs = await openTabs(server.address);
  await sleep(12_000);
  for (const socket of restarted.clients) socket.terminate();
  restarted.close();
  over.close();
  cable.silence();
  await sleep(11_000);
  await shoot('overview', tabs, async (tab) => {
    const all = tab.locator('.to-all');
    if (await all.isVisible()) await all.click();
    await tab.locator('.overview .list .machine').first().waitFor();
    await tab.waitForTimeout(1_500);
  });
  for (const each of connections) each.close();
  inspect({ port }).stop();
  await server.close();
  await cable.close();
  for (const socket of peer.clients) socket.terminate();
  peer.close();
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

mkdirSync(folder, { recursive: true });
try {
  await shootOne();
  await shootMany();
} finally {
  await browser.close();
}
