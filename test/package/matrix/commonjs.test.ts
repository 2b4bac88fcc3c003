/** In a TypeScript project whose modules are CommonJS: `import` is compiled to `require()`, which takes modules since Node 20.19 and 22.12. Before, it takes `await import()`. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { Command, started } from '../../helpers/command.ts';
import { newest, type Project, project } from './project.ts';
import { life, nodes, note, rowsOf } from './rows.ts';
import { nodeOf, versionIn } from './runtimes.ts';
import { doors, stage } from './stage.ts';

const options = {
  module: 'nodenext',
  target: 'es2022',
  lib: ['es2022'],
  types: ['node'],
  strict: true,
  skipLibCheck: true,
  allowJs: true,
  rootDir: '.',
  outDir: 'built',
};

/** Each is a process that lives and ends, by its URL and its door. */
const sources = {
  'required.ts': `
import { type ConnectOptions, detectionBound } from 'systole';
import { live } from './live.js';

const [, , url = '', door] = process.argv;
const heartbeat = { interval: 300, timeout: 3_000 } satisfies ConnectOptions['heartbeat'];
if (detectionBound(heartbeat) !== 3_300) throw new Error('this is another systole');
void live(door as Parameters<typeof live>[0], url, console.log);
`,
  'imported.ts': `
import type { ConnectOptions } from 'systole';

async function main([, , url = '', door]: string[]): Promise<void> {
  const { detectionBound } = await import('systole');
  const { live } = await import('./live.mjs');
  const heartbeat = { interval: 300, timeout: 3_000 } satisfies ConnectOptions['heartbeat'];
  if (detectionBound(heartbeat) !== 3_300) throw new Error('this is another systole');
  await live(door as Parameters<typeof live>[0], url, console.log);
}
void main(process.argv);
`,
};

let place: Project;
const run = (node: string, script: string, ...args: string[]) =>
  started(new Command(node, [join(place.folder, 'built', script), ...args]));

beforeAll(async () => {
  place = project({ ...newest, '@types/node': '^20' });
  const at = (name: string) => join(place.folder, name);
  writeFileSync(at('package.json'), '{ "private": true }');
  writeFileSync(at('tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['*'] }));
  for (const file of ['live.js', 'live.mjs']) copyFileSync(new URL('live.mjs', import.meta.url), at(file));
  for (const [file, text] of Object.entries(sources)) writeFileSync(at(file), text);
  const tsc = new Command(join(inject('tools'), 'typescript-7/bin/tsc'), ['-p', place.folder]);
  const { code } = await tsc.ended;
  expect({ code, said: tsc.stdout }).toEqual({ code: 0, said: '' });
});
afterAll(() => place.remove());

test('what is imported is required', () => {
  for (const file of ['required.js', 'live.js'])
    expect(readFileSync(join(place.folder, 'built', file), 'utf8')).toMatch(/require\("systole"\)/);
});

test.for(rowsOf('projects', 'TypeScript, CommonJS'))('$where', async (row, context) => {
  const isLowest = row.where === nodes[0];
  const node = nodeOf(row.where as (typeof nodes)[number]);
  await Promise.all(
    doors.map(async (door) => {
      const { url, lead } = await stage();
      const running = run(node, isLowest ? 'imported.js' : 'required.js', url, door);
      await lead(running);
      await expect(running.ended).resolves.toEqual({ code: 0, signal: null });
      expect(running.stderr).toBe('');
    }),
  );
  if (isLowest) {
    const refused = run(node, 'required.js');
    expect(await refused.ended).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('ERR_REQUIRE_ESM');
  }
  const how = isLowest ? '`await import()`; its `require()` takes no modules' : '`require()`';
  note(context, row, { version: versionIn('typescript-7'), shown: `${life}, by ${how}` });
});
