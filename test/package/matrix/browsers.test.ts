/** The whole life of a connection in browsers: in a window, and in each kind of worker; one bundle of the packed package, on the page's own WebSocket. */
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, inject, test } from 'vitest';

import { type Browser, remedies, starts } from './browsers.ts';
import { expectLifeInPage } from './page-server.ts';
import { newest, type Project, project, take } from './project.ts';
import { browsers, leaveOut, life, note, rowsOf } from './rows.ts';

const require = createRequire(join(inject('tools'), 'x.js'));

let place: Project;
beforeAll(async () => {
  place = project(newest);
  take(place, 'live.mjs', 'live-page.mjs');
  const { build } = require('esbuild') as { build: (options: object) => Promise<unknown> };
  await build({
    absWorkingDir: place.folder,
    entryPoints: ['live-page.mjs'],
    outdir: 'page',
    bundle: true,
    format: 'esm',
  });
});
afterAll(() => place.remove());

describe.each(browsers)('%s', (name) => {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await starts[name]();
  });
  afterAll(() => browser?.close());

  test.for(rowsOf('browsers', name))('$where', async (row, context) => {
    if (browser === undefined) leaveOut(context, row, remedies[name]);
    await expectLifeInPage(browser.open, join(place.folder, 'page'), 'live-page.js', row.where);
    note(context, row, { version: browser.version, shown: life });
  });
});
