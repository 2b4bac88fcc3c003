/** The whole life of a connection under other runtimes: it hears, it notices a silent line, it comes back, it closes, and the process ends by itself. */
import { join } from 'node:path';

import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { Command, started } from '../../helpers/command.ts';
import { lowest, lowestNode, type Project, project, take } from './project.ts';
import { life, nodes, note, rowsOf } from './rows.ts';
import { nodeOf, versionOf } from './runtimes.ts';
import { doors, stage } from './stage.ts';

const tools = inject('tools');
// Whatever it needs lies beside it.
process.env['DENO_DIR'] ??= join(tools, '..', 'deno');
process.env['DENO_NO_UPDATE_CHECK'] = '1';

const runtimes: Record<string, string[]> = {
  ...Object.fromEntries(nodes.map((name) => [name, [nodeOf(name)]])),
  Bun: [join(tools, '.bin/bun')],
  Deno: [join(tools, '.bin/deno'), 'run', '--allow-all', '--node-modules-dir=manual'],
};

let place: Project;
beforeAll(() => {
  place = project(lowest);
  take(place, 'live.mjs', 'life.mjs');
});
afterAll(() => place.remove());

test('the lowest Node that is promised is the one that is tried', async () => {
  expect(await versionOf(nodeOf(nodes[0]))).toBe(lowestNode);
});

test.for(rowsOf('runtimes', ...Object.keys(runtimes)))('$what, on $where', async (row, context) => {
  const [command = '', ...args] = runtimes[row.what]!;
  await Promise.all(
    doors.map(async (door) => {
      const { url, lead } = await stage();
      const which = row.where === 'its own' ? 'own' : 'default';
      const process = started(new Command(command, [...args, join(place.folder, 'life.mjs'), url, door, which]));
      await lead(process);
      await expect(process.ended).resolves.toEqual({ code: 0, signal: null });
      expect(process.stderr).toBe('');
    }),
  );
  note(context, row, { version: await versionOf(command), shown: life });
});
