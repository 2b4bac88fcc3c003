/** What tests of the page have in common: a Chromium, the demo, the page by itself. */
import { join } from 'node:path';

import { type Browser, chromium, type Page } from 'playwright';
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
  onTestFinished(async () => {
    faults.act({ do: 'close' });
    control.stop();
    inspection.stop();
    await server.close();
    await stage.close();
  });
  return { address: server.address, faults };
}

/** The page alone, as `systole visualize` serves it. */
export async function visualize(sources: string[] = []) {
  const files = readFiles(join(process.cwd(), built))!;
  const server = await PageServer.open({ port: 0, files, configFor: () => ({ sources, control: null }) });
  onTestFinished(() => server.close());
  return server.address;
}

export const stateIn = (page: Page) => page.locator('.state .now strong');
export const rowsIn = (page: Page) => page.locator('.rows .row').allInnerTexts();
export const word = (state: string) => new RegExp(`^${state}`);
