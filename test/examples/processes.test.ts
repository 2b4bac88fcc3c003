/** Examples that are processes, by what they print. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';

import { serveHeartbeats } from '../../adapters/server.ts';
import { Command, started } from '../helpers/command.ts';
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
  await example.quit();
});

test('the worker consumes more than it could hold', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => server.close());
  serveHeartbeats(server);
  await once(server, 'listening');
  const address = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const arrived = once(server, 'connection') as Promise<[WebSocket]>;
  // What it prints goes nowhere: only the loop is to be seen.
  const command = `${process.execPath} --max-old-space-size=24 examples/worker.mjs ${address} | grep -v message:`;
  const worker = started(new Command('bash', ['-o', 'pipefail', '-c', command], { detached: true }));
  const [client] = await arrived;
  await worker.line(/^listening$/);
  const message = `${'x'.repeat(9_999)}`;
  for (let i = 0; i < 20_000; i += 1) await new Promise<unknown>((resolve) => client.send(message, resolve));
  client.close(1008);
  expect(await worker.line(/^ended/)).toBe('ended after 20000 messages');
  expect(await worker.ended).toEqual({ code: 1, signal: null });
});
