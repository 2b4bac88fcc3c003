/**
 * `npm run bench:libraries`: for how long an app hears nothing when its line is cut in silence and another way is there, on the class that its library
 * would have used, and on ours; with everything else as it usually is. Writes the table of `docs/LIBRARIES.md`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect, onTestFinished, test } from 'vitest';

import { detectionBound } from '../../machines/settings.ts';
import { LibraryPage } from './in-chromium.ts';
import type { Library } from './library.ts';
import { openOnNode } from './on-node.ts';
import { cut, Stage } from './stage.ts';
import type { OpenApp } from './stories.ts';
import { inPages } from './suite/in-pages.ts';
import { libraries } from './suite/index.ts';

const heartbeat = { interval: 5_000, timeout: 2_500 };
/** Longer than that counts as never, s. */
const patience = Number(process.env['PATIENCE'] ?? 120);
const document = new URL('../../docs/LIBRARIES.md', import.meta.url);

/** s; undefined: never. */
type Silence = number | undefined;

interface Row {
  name: string;
  library: Library;
  bare: Silence;
  ours: Silence;
}

test('seconds of silence after a silent cut', async () => {
  const page = await LibraryPage.open();
  onTestFinished(() => page.close());
  const [onNode, inChromium] = await Promise.all([rowsOf(libraries, openOnNode), rowsOf(inPages, page.openApp)]);
  write('node', `Node ${process.versions.node}, npm \`ws\` ${versionOf('ws')}`, onNode);
  write('chromium', `Chromium ${page.version}`, inChromium);
  for (const { name, library, bare = Infinity, ours = Infinity } of [...onNode, ...inChromium]) {
    if (library.isSlower === true) continue;
    expect.soft(ours, name).toBeLessThanOrEqual(bare);
    // What a heart finds out, half as much again for a busy machine, and the library's own first delay.
    expect.soft(ours, name).toBeLessThan((1.5 * detectionBound(heartbeat)) / 1_000 + 8);
  }
});

function rowsOf(all: Readonly<Record<string, Library>>, open: OpenApp): Promise<Row[]> {
  return Promise.all(
    Object.entries(all).map(async ([name, library]) => {
      const [bare, ours] = await silencesOf(name, library, open);
      return { name, library, bare, ours };
    }),
  );
}

/** Without and with ours, both cut off in the same moment. */
async function silencesOf(name: string, library: Library, open: OpenApp): Promise<Silence[]> {
  const stage = await Stage.open(library);

  const seats = await Promise.all(
    [undefined, heartbeat].map(async (chosen) => {
      const cable = await stage.cable();
      const app = await open(name, { url: `ws://127.0.0.1:${cable.port}`, heartbeat: chosen });
      while ((await app.look()).newest === 0) await sleep(20);
      return { cable, app };
    }),
  );

  for (const { cable } of seats) cut(cable);
  const from = performance.now();
  const { told } = stage;
  const silences = await Promise.all(
    seats.map(async ({ app }) => {
      while ((await app.look()).newest <= told) {
        if (performance.now() - from > patience * 1_000) return undefined;
        await sleep(50);
      }
      return (performance.now() - from) / 1_000;
    }),
  );
  for (const { cable, app } of seats) {
    cable.reset();
    await app.end();
  }

  await stage.close();

  return silences;
}

function said(silence: Silence): string {
  return silence === undefined ? `never in ${patience} s` : `${silence.toFixed(1)} s`;
}

function versionOf(name: string): string {
  const file = new URL(`node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** Between the markers. */
function write(part: string, where: string, rows: readonly Row[]): void {
  const lines = rows.map(({ name, library: { packages, remark = '' }, bare, ours }) => {
    const [library] = packages;
    return `| ${name} | \`${library}\` ${versionOf(library)} | ${said(bare)} | ${said(ours)} | ${remark} |`;
  });
  const table = ['| | package | by itself | on `HeartbeatWebSocket` | |', '| --- | --- | --- | --- | --- |', ...lines];
  const text = [`${where}, ${new Date().toISOString().slice(0, 10)}:`, '', ...table].join('\n');
  console.log(text);
  const [begin, end] = [`<!-- ${part} -->\n`, `\n<!-- end of ${part} -->`];
  const page = readFileSync(document, 'utf8');
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/LIBRARIES.md has no place for ${part}`);
  writeFileSync(document, page.slice(0, from + begin.length) + text + page.slice(to));
}
