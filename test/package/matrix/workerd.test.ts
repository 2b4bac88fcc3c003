/** workerd: a whole life; and its `EventTarget` calls what `on<type>` says by itself: each handler is called once all the same. */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';

import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { Command } from '../../helpers/command.ts';
import { closedPort, listen, textOf } from '../../helpers/support.ts';
import { answering } from './answering.ts';
import { newest, project, take } from './project.ts';
import { life, note, rowsOf } from './rows.ts';
import { versionOf } from './runtimes.ts';
import { doors, stage, Told } from './stage.ts';

const tools = inject('tools');
const require = createRequire(join(tools, 'x.js'));
const executable = join(tools, '.bin/workerd');
const removers: (() => unknown)[] = [];

/** Where it is. */
let address: string;
let workerd: Command;

beforeAll(async () => {
  const { folder, remove } = project(newest);
  removers.push(remove);
  take({ folder }, 'live.mjs', 'worker.mjs');
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
  workerd = new Command(executable, ['serve', join(folder, 'config.capnp')]);
  removers.unshift(() => workerd.process.kill('SIGKILL'));
  address = `http://127.0.0.1:${port}`;
  await answering(`${address}/here`);
});
afterAll(() => {
  for (const remove of removers) remove();
});

test.for(rowsOf('runtimes', 'workerd'))('a whole life', async (row, context) => {
  await Promise.all(
    doors.map(async (door) => {
      const { url, lead } = await stage();
      const told = new Told();
      const led = lead(told);
      const { body } = await fetch(`${address}/life?${new URLSearchParams({ door, url })}`);
      for await (const line of createInterface({ input: Readable.fromWeb(body as ReadableStream) })) told.tell(line);
      await led;
    }),
  );
  expect(workerd.stderr).toBe('');
  note(context, row, { version: await versionOf(executable), shown: life });
});

test('handlers are called once, and a connection is what it is elsewhere', async () => {
  const { port } = await listen((socket) => socket.on('message', (data) => socket.send(textOf(data))));
  const heard = await (await fetch(`${address}/heard?port=${port}`)).json();
  expect(heard).toEqual(['onopen 1', 'onmessage 1', 'hello', 'onclose 3', '3000 bye']);
});
