/** What bundlers make of it for a page: without a warning, with nothing of npm `ws` and of Node, also where they ask as a page and as Node at once; and it lives. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { type Browser, remedies, starts } from './browsers.ts';
import { type Bundle, bundlers, next } from './bundlers.ts';
import { expectLifeInPage } from './page-server.ts';
import { newest, type Project, project, take } from './project.ts';
import { life, note, type Row, rowsOf } from './rows.ts';
import { versionIn } from './runtimes.ts';

let browser: Browser | undefined;
beforeAll(async () => {
  browser = await starts.Chromium();
});
afterAll(() => browser?.close());

const projects: Project[] = [];
afterAll(() => {
  for (const { remove } of projects) remove();
});

/** With the sources of a page. */
function projectOfPage(among?: string): string {
  const made = project(newest, among);
  projects.push(made);
  take(made, 'live.mjs', 'live-page.mjs', 'everything.mjs');
  return made.folder;
}

let folder: string;
beforeAll(() => {
  folder = projectOfPage();
});

const ofPages = rowsOf('bundlers').filter(({ what }) => what !== 'Next.js');

test.for(ofPages)('$what, for $where', async (row, context) => {
  const bundle: Bundle = bundlers[`${row.what}, ${row.where}`]!;
  const outdir = join(folder, `${row.what}, ${row.where}`);
  await bundle(folder, 'everything', join(outdir, 'everything'));
  expectPage(textsIn(join(outdir, 'everything')));
  await bundle(folder, 'live-page', join(outdir, 'page'));
  const texts = textsIn(join(outdir, 'page'));
  expectPage(texts);
  await lives(join(outdir, 'page'));
  note(context, row, { version: versionIn(row.what.toLowerCase()), shown: shownOf(row, texts) });
});

test.for(rowsOf('bundlers', 'Next.js'))('$what, for $where', async (row, context) => {
  // It wants itself within its root.
  const tools = dirname(inject('tools'));
  const app = projectOfPage(tools);
  mkdirSync(join(app, 'app'));
  const files = {
    'next.config.mjs': `export default { output: 'export', turbopack: { root: ${JSON.stringify(tools)} }, outputFileTracingRoot: ${JSON.stringify(tools)} };`,
    'app/layout.jsx': 'export default ({ children }) => <html lang="en"><body>{children}</body></html>;',
    'app/page.jsx': `'use client';
import { useEffect } from 'react';
export default function Page() {
  useEffect(() => void import('../live-page.mjs'), []);
  return <p>a life</p>;
}`,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(app, name), text);
  await next(app);
  // Beside Next's own, which know of Node.
  const texts = textsIn(join(app, 'out')).filter((text) => text.includes('systole'));
  expectPage(texts);
  await lives(join(app, 'out'));
  note(context, row, { version: versionIn('next'), shown: shownOf(row, texts) });
});

function expectPage(texts: readonly string[]): void {
  expect(texts.join('\n')).toContain('systole');
  expect(texts.flatMap((text) => text.match(/Sec-WebSocket|["'`]node:|require\(["'`]\w+["'`]\)/gi) ?? [])).toEqual([]);
}

function textsIn(place: string): string[] {
  const files = readdirSync(place, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'));
  return files.map((file) => readFileSync(join(place, file), 'utf8'));
}

async function lives(place: string): Promise<void> {
  if (browser !== undefined) await expectLifeInPage(browser.open, place, 'live-page.js');
}

function shownOf({ what }: Row, texts: readonly string[]): string {
  const size = texts.reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0);
  const where = browser === undefined ? `did not run, was built: ${remedies.Chromium}` : `${life} in Chromium`;
  const remark = what === 'Parcel' ? '; with `packageExports: true` for its resolver' : '';
  return `${where}; ${(size / 1_000).toFixed(1)} kB${remark}`;
}
