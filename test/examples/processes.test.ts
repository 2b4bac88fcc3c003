/** Examples that are processes, by what they print. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';

import { serveHeartbeats } from '../../adapters/server.ts';
import { Example, examplesOf } from './example.ts';

/** What each says, in this order, with anything in between. What is said to it is a move. */
const stories: Record<string, (RegExp | 'cut' | 'heal')[]> = {
  machine: [
    /^signed in$/,
    /^open: /,
    /^message: /,
    /^sent away: the token has run out$/,
    /^signed in$/,
    /^message: /,
    'cut',
    /^lost: silent$/,
    'heal',
    /^(?:back$|sent away: )/, // by now its token may have run out
    /^message: /,
  ],
  worker: [/^listening$/, /^message: /, 'cut', /^lost \(silent\)/, 'heal', /^back after \d+ ms$/, /^message: /],
};

test('every process has a story', () => {
  expect(examplesOf('node').toSorted()).toEqual(Object.keys(stories).toSorted());
});

test.each(Object.entries(stories))('%s', async (name, story) => {
  const example = new Example(name);
  let from = 0;
  for (const step of story) {
    if (typeof step === 'string') example.tell(step);
    else from = (await example.command.indexOf(step, from)) + 1;
  }
  expect(from).toBeGreaterThan(0);
  await example.quit();
});

test('the worker consumes more than it could hold', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => server.close());
  serveHeartbeats(server);
  await once(server, 'listening');
  const address = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;

  // To a file, which takes what is printed at once: nothing of it waits in the worker.
  const folder = mkdtempSync(join(tmpdir(), 'systole-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const output = openSync(join(folder, 'output'), 'w');
  const arrived = once(server, 'connection') as Promise<[WebSocket]>;
  const worker = spawn(process.execPath, ['--max-old-space-size=24', 'examples/worker.mjs', address], {
    stdio: ['ignore', output, 'inherit'],
  });
  onTestFinished(() => void worker.kill('SIGKILL'));
  const ended = once(worker, 'close');
  closeSync(output);

  const [client] = await arrived;
  const message = 'x'.repeat(9_999);
  for (let i = 0; i < 8_000; i += 1) await new Promise<unknown>((resolve) => client.send(message, resolve));
  client.close(1008);
  expect(await ended).toEqual([1, null]); // nobody told it to end
  const lines = readFileSync(join(folder, 'output'), 'utf8').trimEnd().split('\n');
  expect(lines[0]).toBe('listening');
  expect(lines.at(-1)).toBe('ended after 8000 messages');
});
