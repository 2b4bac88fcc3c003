/** What our ranges admit at the least is what is tried, and it bounds what a peer can make it hold. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';

import { Command, started } from '../../helpers/command.ts';
import { lowest, type Project, project } from './project.ts';

let place: Project;
beforeAll(() => {
  place = project(lowest);
  copyFileSync(new URL('flooded.mjs', import.meta.url), join(place.folder, 'flooded.mjs'));
});
afterAll(() => place.remove());

test.each(['ws', 'xstate'])('our own tests run on the lowest %s', (name) => {
  const { version } = JSON.parse(readFileSync(join(inject('tools'), `lowest-${name}`, 'package.json'), 'utf8')) as {
    version: string;
  };
  expect(version).toBe(lowest[name]);
});

const ping = Buffer.alloc(127, 0);
ping.set([0x89, 125]);
const beginning = Buffer.from([0x01, 1, 0x61]);
const emptyContinuation = Buffer.from([0x00, 0]);

test.each([
  ['pings, and reads no pong', { first: [], frame: ping, times: 400_000 }, /^lost 1006 $/],
  [
    'pieces of a message that does not end',
    { first: [beginning], frame: emptyContinuation, times: 100_000, ends: true },
    /^lost 1006 WS_ERR_TOO_MANY_BUFFERED_PARTS$/,
  ],
])('a peer that sends %s is left', async (_, how, lost) => {
  const server = createServer((peer) => void harm(peer, how)).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = started(new Command(process.execPath, [join(place.folder, 'flooded.mjs'), url]));
  await client.line(/^open/);
  expect(await client.line(/^lost/)).toMatch(lost);
});

interface Harm {
  first: Buffer[];
  frame: Buffer;
  times: number;
  /** In the end it goes: `ws` would wait half a minute for its close frame. */
  ends?: boolean;
}

/** Opens the line, names the session, and then sends the same frame for as long as it is read. */
async function harm(peer: Socket, { first, frame, times, ends }: Harm): Promise<void> {
  onTestFinished(() => void peer.destroy());
  peer.on('error', () => {});
  const [request] = (await once(peer, 'data')) as [Buffer];
  peer.pause();
  const key = /^sec-websocket-key: *(\S+)/im.exec(request.toString())?.[1];
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  peer.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  const name = Buffer.from(JSON.stringify({ id: 'harm', now_time: Date.now() }));
  peer.write(Buffer.concat([Buffer.from([0x81, name.length]), name, ...first]));
  const many = 1_000;
  const chunk = Buffer.concat(Array.from({ length: many }, () => frame));
  for (let sent = 0; sent < times && !peer.destroyed; sent += many) {
    if (!peer.write(chunk)) await Promise.race([once(peer, 'drain'), once(peer, 'close')]).catch(() => {});
  }
  if (ends) peer.resetAndDestroy();
}
