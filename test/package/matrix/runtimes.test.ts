/** The whole life of a connection under other runtimes: it hears, it notices a silent line, it comes back, it closes, and the process ends by itself. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';

import { serveHeartbeats } from '../../../adapters/server.ts';
import { Command, started } from '../../helpers/command.ts';
import { listen } from '../../helpers/support.ts';
import { faultProxy } from '../../kit/index.ts';
import { lowest, lowestNode, type Project, project } from './project.ts';

const tools = inject('tools');
// Whatever it needs lies beside it.
process.env['DENO_DIR'] ??= join(tools, '..', 'deno');
process.env['DENO_NO_UPDATE_CHECK'] = '1';

const runtimes = {
  [`Node ${lowestNode}`]: [join(tools, 'node/bin/node')],
  Bun: [join(tools, '.bin/bun')],
  Deno: [join(tools, '.bin/deno'), 'run', '--allow-all', '--node-modules-dir=manual'],
};
/** Node has had one of its own since 22. */
const classes = Object.keys(runtimes).flatMap((name) =>
  (name.startsWith('Node') ? ['default'] : ['default', 'own']).map((which) => [name, which] as const),
);

let place: Project;
beforeAll(() => {
  place = project(lowest);
  copyFileSync(new URL('life.mjs', import.meta.url), join(place.folder, 'life.mjs'));
});
afterAll(() => place.remove());

test('the lowest Node that is promised is the one that is tried', async () => {
  const command = started(new Command(join(tools, 'node/bin/node'), ['--version']));
  await command.line(/^v/);
  expect(command.lines).toContain(`v${lowestNode}`);
});

describe.each(['connect', 'HeartbeatWebSocket'])('%s', (door) => {
  test.each(classes)('under %s, on its %s class', async (name, which) => {
    const [command = '', ...args] = runtimes[name]!;
    const { server, port } = await listen();
    serveHeartbeats(server);
    const proxy = await faultProxy(port);
    onTestFinished(() => proxy.close());
    const life = new Command(command, [
      ...args,
      join(place.folder, 'life.mjs'),
      `ws://127.0.0.1:${proxy.port}`,
      door,
      which,
    ]);
    started(life);
    await life.line(/^open/);
    for (const client of server.clients) client.send('news');
    await life.line(/^message/);
    proxy.silence();
    await life.line(/^lost/);
    proxy.heal();
    await expect(life.ended).resolves.toEqual({ code: 0, signal: null });
    expect(life.lines.slice(0, -1)).toEqual([
      'open string',
      'message news',
      'lost silent',
      'restored',
      'closed user-closed true',
    ]);
    expect(life.stderr).toBe('');
  });
});
