/** workerd's `EventTarget` calls what `on<type>` says by itself: each handler is called once all the same. */
import { copyFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { expect, inject, onTestFinished, test } from 'vitest';

import { Command, started } from '../../helpers/command.ts';
import { closedPort, listen, textOf } from '../../helpers/support.ts';
import { newest, project } from './project.ts';

const tools = inject('tools');
const require = createRequire(join(tools, 'x.js'));

test('workerd: handlers are called once, and a connection is what it is elsewhere', async () => {
  const { folder, remove } = project(newest);
  onTestFinished(remove);
  copyFileSync(new URL('worker.mjs', import.meta.url), join(folder, 'worker.mjs'));
  const esbuild = require('esbuild') as { build(options: object): Promise<unknown> };
  await esbuild.build({
    absWorkingDir: folder,
    entryPoints: ['worker.mjs'],
    outfile: join(folder, 'bundle.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'browser',
  });
  const port = await closedPort();
  writeFileSync(
    join(folder, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "bundle.mjs", esModule = embed "bundle.mjs")],
      compatibilityDate = "2026-01-01", globalOutbound = "loopback")),
    (name = "loopback", network = (allow = ["local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`,
  );
  const { port: server } = await listen((socket) => socket.on('message', (data) => socket.send(textOf(data))));
  started(new Command(join(tools, '.bin/workerd'), ['serve', join(folder, 'config.capnp')]));
  const ask = () => fetch(`http://127.0.0.1:${port}/?port=${server}`);
  const isThere = () =>
    ask().then(
      ({ ok }) => ok,
      () => false,
    );
  await expect.poll(isThere, { timeout: 20_000 }).toBe(true);
  expect(await (await ask()).json()).toEqual(['onopen 1', 'onmessage 1', 'hello', 'onclose 3', '3000 bye']);
});
