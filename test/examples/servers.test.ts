/** Servers of apps that were there before: their routes, the feed on the same port, who may come, and how they go. */
import { connect as dialTcp } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';

import { connect, type Connection } from '../../adapters/index.ts';
import { Example, examplesOf } from './example.ts';

test.each(examplesOf('server'))('%s', async (name) => {
  const example = new Example(name);
  const feed = await example.feed();
  const base = feed.replace('ws:', 'http:');

  // The app is what it was.
  const answer = await fetch(new URL('/parcels', base));
  expect(answer.status).toBe(200);
  expect(await answer.json()).toBeInstanceOf(Array);
  expect((await fetch(new URL('/nowhere', base))).status).toBe(404);

  // Pages of others do not come in, nor does anyone anywhere else.
  expect(await refusal(feed, 'https://elsewhere.example')).toBe(403);
  expect(await refusal(new URL('/nowhere', feed).href)).toBe(404);
  expect(await refusal(feed, 'http://localhost:5173')).toBe(101);
  await survives(feed);

  // A cut and a return, as one of systole's own clients lives it; the one that was started beside is another.
  const connection = connect(feed, { heartbeat: { interval: 1_000, timeout: 1_000 } });
  onTestFinished(() => connection.close());
  await heard(connection, 'open');
  expect(JSON.parse((await heard(connection, 'message')) as string)).toMatchObject({ number: expect.any(Number) });
  example.tell('cut');
  expect(await heard(connection, 'lost')).toMatchObject({ cause: 'silent' });
  await example.command.line(/→ \S+ reconnecting/);
  const restored = heard(connection, 'restored');
  example.tell('heal');
  await restored;
  expect(JSON.parse((await heard(connection, 'message')) as string)).toMatchObject({ number: expect.any(Number) });

  // Its goodbye says that there will be another.
  const lost = heard(connection, 'lost');
  await example.quit();
  expect(await lost).toMatchObject({ cause: 'peer-closed', code: 1012 });
});

function heard(connection: Connection, type: Parameters<Connection['on']>[0]): Promise<unknown> {
  return new Promise((resolve) => connection.once(type, resolve));
}

/** The status with which a dial is answered. */
function refusal(url: string, origin?: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, origin === undefined ? {} : { origin });
    socket.on('unexpected-response', (request, { statusCode }) => {
      request.destroy();
      resolve(statusCode);
    });
    socket.on('open', () => {
      socket.terminate();
      resolve(101);
    });
    socket.on('error', reject);
  });
}

/** Who asks for an upgrade and is gone before the answer harms nobody. */
async function survives(feed: string): Promise<void> {
  const { hostname, port, host } = new URL(feed);
  await new Promise<void>((resolve) => {
    const socket = dialTcp(Number(port), hostname, () => {
      socket.write(
        `GET /nowhere HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
        () => socket.resetAndDestroy(),
      );
    });
    socket.on('close', () => resolve());
  });
}
