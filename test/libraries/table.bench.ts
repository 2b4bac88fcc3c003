/**
 * `npm run bench:libraries`: for how long an app hears nothing when its line is cut in silence and another way is there, on the class that its library
 * would have used, and on ours; with everything else as it usually is. Writes the table of `docs/LIBRARIES.md`.
 */
import { readFileSync, writeFileSync } from 'node:fs';

import { expect, test } from 'vitest';
import { WebSocket as Ws } from 'ws';

import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import { detectionBound } from '../../machines/settings.ts';
import { untilSo } from '../helpers/support.ts';
import { openApp } from './app.ts';
import type { Library, StandardClass } from './library.ts';
import { cut, Stage } from './stage.ts';
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
  const rows = await Promise.all(
    Object.entries(libraries).map(async ([name, library]): Promise<Row> => {
      const [bare, ours] = await silencesOf(library, [
        Ws as unknown as StandardClass,
        HeartbeatWebSocket.with({ retries: 0, heartbeat }),
      ]);
      return { name, library, bare, ours };
    }),
  );
  const table = [
    '| library | by itself | on `HeartbeatWebSocket` | |',
    '| --- | --- | --- | --- |',
    ...rows.map(
      ({ name, library, bare, ours }) =>
        `| ${name} (\`${library.packages[0]}\` ${versionOf(library.packages[0])}) | ${told(bare)} | ${told(ours)} | ${library.remark ?? ''} |`,
    ),
  ].join('\n');
  write(
    'node',
    `Measured on ${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, npm \`ws\` ${versionOf('ws')}, interval 5 s and timeout 2.5 s.\n\n${table}`,
  );
  console.log(table);
  for (const { name, bare = Infinity, ours = Infinity } of rows) {
    // What a heart finds out, half as much again for a busy machine, and the library's own first delay.
    expect.soft(ours, name).toBeLessThan((1.5 * detectionBound(heartbeat)) / 1_000 + 10);
    expect.soft(ours, name).toBeLessThanOrEqual(bare);
  }
});

/** One app on each class, all cut off in the same moment. */
async function silencesOf(library: Library, classes: readonly StandardClass[]): Promise<Silence[]> {
  const stage = await Stage.open(library);
  const seats = await Promise.all(
    classes.map(async (WebSocket) => {
      const cable = await stage.cable();
      const app = await openApp(library, { url: `ws://127.0.0.1:${cable.port}`, WebSocket });
      await untilSo(() => app.heard.length > 0);
      return { cable, app };
    }),
  );
  for (const { cable } of seats) cut(cable);
  const from = performance.now();
  const { told: last } = stage;
  const silences = await Promise.all(
    seats.map(async ({ app }) => {
      while ((app.heard.at(-1) ?? 0) <= last) {
        if (performance.now() - from > patience * 1_000) return undefined;
        await new Promise((resolve) => setTimeout(resolve, 20));
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

function told(silence: Silence): string {
  return silence === undefined ? `never in ${patience} s` : `${silence.toFixed(1)} s`;
}

function versionOf(name: string): string {
  const file = new URL(`node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** Between the markers. */
function write(part: string, text: string): void {
  const [begin, end] = [`<!-- ${part} -->\n`, `\n<!-- end of ${part} -->`];
  const page = readFileSync(document, 'utf8');
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/LIBRARIES.md has no place for ${part}`);
  writeFileSync(document, page.slice(0, from + begin.length) + text + page.slice(to));
}
