/**
 * Messages pass by the machine. What one costs is measured in bench/.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import { connect } from '../../adapters/connect.ts';
import { serveHeartbeats } from '../../adapters/server.ts';

test('no message passes through the machine, and send() hands it straight to the socket', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  serveHeartbeats(server);
  server.on('connection', (socket) =>
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  );
  await once(server, 'listening');

  const handed: unknown[] = [];
  class WatchedWebSocket extends WebSocket {
    override send(data: never, ...more: never[]): void {
      handed.push(data);
      super.send(data, ...more);
    }
  }
  let inspected = 0;
  const connection = connect(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    WebSocket: WatchedWebSocket,
    stableAfter: 0,
    inspect: () => (inspected += 1),
  });
  onTestFinished(() => connection[Symbol.asyncDispose]());
  await new Promise((resolve) => connection.on('open', resolve));
  // The attempts are forgotten: the machine has nothing more to do for a minute.
  await expect.poll(() => connection.actor.getSnapshot().context.attempt).toBe(0);
  expect(inspected).toBeGreaterThan(0);

  inspected = 0;
  const count = 1_000;
  const back: unknown[] = [];
  const echoed = new Promise<void>((resolve) => {
    connection.on('message', (data) => {
      back.push(data);
      if (back.length === count) resolve();
    });
  });
  const sent = Array.from({ length: count }, (_, i) => `message ${i}`);
  for (const [i, each] of sent.entries()) {
    expect(connection.send(each)).toBe(true);
    expect(handed.length, 'handed over before send() returns').toBe(i + 1);
  }
  await echoed;
  expect(handed).toEqual(sent);
  expect(back).toEqual(sent);
  expect(inspected, 'events of the machine while 1,000 messages went and came').toBe(0);
});
