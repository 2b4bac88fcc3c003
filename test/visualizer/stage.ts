/** What tests of the page have in common: a Chromium, the demo, the page by itself. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { type Browser, chromium, type Page } from 'playwright';
import { build } from 'vite';
import { afterAll, beforeAll, onTestFinished } from 'vitest';

import { openStage } from '../../bin/demo/cable-stage.ts';
import { Control } from '../../bin/demo/control-server.ts';
import { openPage } from '../../bin/demo/demo.ts';
import { Stagehand } from '../../bin/demo/stagehand.ts';
import { PageServer, readFiles } from '../../bin/page.ts';
import { noPaint } from '../../bin/terminal.ts';
import { serveInspection } from '../../visualizer/bridge/inspect.node.ts';
import { findChromium, quietly } from '../helpers/find-chromium.ts';

/** How long anything here may take before it counts as never, ms. */
export const patience = 20_000;
export const built = 'dist/visualizer/page';

let browser: Browser;

/** For the whole of a file of tests: called at its top. */
export function useBrowser(): void {
  beforeAll(async () => {
    const executablePath = await findChromium();
    browser = await chromium.launch({ args: [...quietly], ...(executablePath && { executablePath }) });
  });
  afterAll(() => browser.close());
}

/** A page, all errors and requests of which the test hears. */
export async function openTab(
  address: string,
  viewport = { width: 1280, height: 720 },
  colorScheme: 'light' | 'dark' = 'light',
) {
  const context = await browser.newContext({ viewport, colorScheme });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const requests: string[] = [];
  const errors: string[] = [];
  context.on('page', (other) => attend(other));
  const attend = (each: Page) => {
    each.on('request', (request) => requests.push(request.url()));
    each.on('websocket', (socket) => requests.push(socket.url()));
    each.on('pageerror', (error) => errors.push(String(error)));
  };
  attend(page);
  await page.goto(address);
  return { page, context, requests, errors };
}

/** The demo, without a terminal: its page, and what is done to it. */
export async function demo(heartbeat = { interval: 600, timeout: 600 }) {
  const inspection = serveInspection();
  const stage = await openStage(heartbeat, 0, inspection.inspect);
  const faults = new Stagehand(stage, { print: () => {}, paint: noPaint });
  const control = new Control(faults);
  const server = await openPage(readFiles(join(process.cwd(), built))!, 0, inspection, control);
  faults.begin();
  const end = async () => {
    faults.act({ do: 'close' });
    control.stop();
    inspection.stop();
    await server.close();
    await stage.close();
  };
  onTestFinished(end);
  return { address: server.address, faults, end };
}

/** The page alone, as `systole visualize` serves it. */
export async function visualize(sources: string[] = []) {
  const files = readFiles(join(process.cwd(), built))!;
  const server = await PageServer.open({
    port: 0,
    files,
    frameable: true,
    configFor: () => ({ sources, control: null }),
  });
  onTestFinished(() => server.close());
  return server.address;
}

export const stateIn = (page: Page) => page.locator('.state .now strong');
export const rowsIn = (page: Page) => page.locator('.rows .row').allInnerTexts();
export const word = (state: string) => new RegExp(`^${state}`);

/** An app whose page opens the visualizer, or has it in a frame. */
export async function app(visualizer: string, socket: string) {
  const output = await build({
    root: process.cwd(),
    logLevel: 'silent',
    configFile: false,
    define: { 'process.env.NODE_ENV': '"production"' },
    resolve: { alias: { '#platform': join(process.cwd(), 'adapters/platform.ts') } },
    build: {
      write: false,
      minify: false,
      target: 'es2022',
      rollupOptions: { input: 'test/visualizer/inspected.ts', output: { entryFileNames: 'app.js' } },
    },
  });
  const chunks = [output].flat().flatMap((each) => ('output' in each ? each.output : []));
  const script = chunks.map((chunk) => ('code' in chunk ? chunk.code : '')).join('\n');
  const server = createServer(({ url = '' }, response) => {
    if (url === '/app.js') response.setHeader('Content-Type', 'text/javascript').end(script);
    else {
      response.setHeader('Content-Type', 'text/html').end(
        `<!doctype html><title>app</title><button>inspect</button><iframe width="1200" height="700"></iframe>
         <script>var visualizer = ${JSON.stringify(visualizer)}, socket = ${JSON.stringify(socket)};</script>
         <script type="module" src="/app.js"></script>`,
      );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** A process that is inspected: this one. */
export async function inspected() {
  const inspection = serveInspection();
  const server = createServer();
  server.on('upgrade', (...upgraded) => inspection.upgrade(...upgraded));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    inspection.stop();
    server.closeAllConnections();
    server.close();
  });
  return { inspection, source: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}
