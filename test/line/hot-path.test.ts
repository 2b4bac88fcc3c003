/**
 * What a message and an idle connection cost beside `ws` alone.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import { connect } from '../../adapters/connect.ts';
import { serveHeartbeats } from '../../adapters/server.ts';
import { Child } from '../helpers/children/start.ts';

/** 64 bytes each. */
const payloads = {
  text: 'x'.repeat(64),
  json: '{"type":"price","symbol":"ABCDEF","price":12345.67,"volume":987}',
};
const allowed = 1.05;
const pairs = 24;
const messages = 150_000;
/** In the first ones code is compiled. */
const warmUp = 4;
/** A noisy neighbour can spoil a round, and no neighbour makes us faster than we are. */
const rounds = 8;

test.for(Object.entries(payloads))(
  `receiving 64 bytes of %s costs at most ${allowed} of what it costs with ws alone`,
  { timeout: 300_000 },
  async ([name, payload]) => {
    expect(Buffer.byteLength(payload)).toBe(64);
    const server = new Child('traffic-server.mjs');
    onTestFinished(() => server.end());
    const url = `ws://127.0.0.1:${String((await server.until('listening'))['port'])}`;

    const ratios: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const child = new Child('receiving.mjs', [url, payload, String(warmUp + pairs), String(messages)]);
      onTestFinished(() => child.end());
      await child.until('done');
      const costs = child.said.filter(({ event }) => event === 'pair').slice(warmUp) as never as Cost[];
      const ratio = medianOf(costs.map(({ bare, systole }) => systole / bare));
      ratios.push(ratio);
      console.info(
        `${name}, round ${round}: ${ratio.toFixed(3)} × bare (medians of ${costs.length} pairs: ` +
          `${medianOf(costs.map(({ systole }) => systole)).toFixed(3)} µs, bare ${medianOf(costs.map(({ bare }) => bare)).toFixed(3)} µs)`,
      );
      if (ratio <= allowed) break;
    }
    expect(Math.min(...ratios), `ratios of ${ratios.length} rounds: ${ratios.join(', ')}`).toBeLessThanOrEqual(allowed);
  },
);

interface Cost {
  /** µs of processor time per message. */
  bare: number;
  systole: number;
}

function medianOf(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

test('an idle connection holds one timer, and little memory', async () => {
  const server = new Child('traffic-server.mjs');
  onTestFinished(() => server.end());
  const url = `ws://127.0.0.1:${String((await server.until('listening'))['port'])}`;
  const count = 1_000;
  const measured: Record<string, { bytes: number; timers: number }> = {};
  for (const kind of ['bare', 'systole']) {
    const child = new Child('idle.mjs', [url, kind, String(count)], { flags: ['--expose-gc'] });
    onTestFinished(() => child.end());
    measured[kind] = (await child.until('measured')) as never;
    expect(await child.exited).toBe(0);
  }
  const { bare, systole } = measured as { bare: { bytes: number; timers: number }; systole: typeof bare };
  const more = (systole.bytes - bare.bytes) / 1_024;
  console.info(
    `heap per idle connection: ${(systole.bytes / 1_024).toFixed(1)} KiB, ` +
      `ws alone ${(bare.bytes / 1_024).toFixed(1)} KiB: ${more.toFixed(1)} KiB more`,
  );
  expect(bare.timers).toBe(0);
  expect(systole.timers).toBe(count + 100);
  expect(more).toBeLessThan(mostHeap);
});

/** KiB above a bare `ws`, measured 13.0. The actor alone takes six; a machine provided per connection would take thirty more. */
const mostHeap = 16;

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
