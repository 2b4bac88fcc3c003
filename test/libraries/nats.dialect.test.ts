/** `nats()` beneath nats-core, with a real nats-server. */
import { type NatsConnection, wsconnect } from '@nats-io/nats-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket as Ws } from 'ws';

import { nats } from '../../adapters/protocols/nats.ts';
import { silent } from '../../adapters/protocols/silent.ts';
import { type Engine, freePort, startNats } from '../helpers/engines.ts';
import { messagesOf, open, until, untilSo } from '../helpers/support.ts';
import { beneath, cableTo, quick } from './cabled.ts';

let server: Engine;
let port: number;

beforeAll(async () => {
  port = await freePort();
  // It asks its clients often, and gives up those that do not answer.
  server = await startNats(
    `websocket { host: "127.0.0.1", port: ${port}, no_tls: true }\nping_interval: "1s"\nping_max: 3`,
  );
});
afterAll(() => server.stop());

describe('nats-core', () => {
  test('data flows, and again after a silent cut', async () => {
    const { cable, url } = await cableTo(port);
    const app = await use(url, beneath(nats(), quick));
    const publisher = await dial(`ws://127.0.0.1:${port}`, Ws as unknown as typeof WebSocket);
    await app.client.flush();
    publisher.publish(app.subject, '1');
    await untilSo(() => app.news.length === 1);
    cable.silence();
    await untilSo(() => cable.accepted === 2);
    cable.heal();
    await untilSo(() => app.reconnects === 1);
    await app.client.flush();
    publisher.publish(app.subject, '2');
    await untilSo(() => app.news.length === 2);
    expect(app.news).toEqual(['1', '2']);
  });

  test('flush() and its own pings are answered beside ours, and much data flows both ways, on one line', async () => {
    const { cable, url } = await cableTo(port);
    const app = await use(url, beneath(nats(), { interval: 20, timeout: 20_000 }), 50);
    // What it says looks as if it were said to us, and is large enough for several WebSocket messages.
    const large = 'PONG\r\nPING\r\nMSG a 1 2\r\n'.repeat(10_000);
    for (let i = 0; i < 40; i += 1) {
      app.client.publish(app.subject, `${i}\r\n${large}`);
      if (i % 2 === 0) continue;
      // Answered when all that was said before has been heard, and the server has sent it back.
      await app.client.flush();
      expect(app.news).toHaveLength(i + 1);
    }
    expect(app.news.map((each) => Number.parseInt(each, 10))).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(app.news.every((each) => each.endsWith(large))).toBe(true);
    await untilSo(() => app.pings > 20);
    expect(app.pendings).toBe(1);
    expect(cable.accepted).toBe(1);
  });
});

describe('connect()', () => {
  test('is named by INFO, which it hears; asks when it has said CONNECT; and the PING of the server is answered', async () => {
    const { url } = await cableTo(port);
    const connection = open(url, { protocol: nats(), heartbeat: { interval: 60_000, timeout: 20_000 } });
    const messages = messagesOf(connection);
    const { id } = await until(connection, 'open');
    expect(id).toMatch(/^\d+$/);
    await untilSo(() => messages.length === 1);
    const said = () => messages.map((each) => Buffer.from(each as ArrayBuffer).toString()).join('');
    expect(said()).toMatch(/^INFO .*\r\n$/);
    connection.send('CONNECT {"verbose":false}\r\nSUB ticks 1\r\nPING\r\n');
    await untilSo(() => said().endsWith('PONG\r\n'));
    const unanswering = open(url, { protocol: silent(), retries: 0 });
    await until(unanswering, 'open');
    unanswering.send('CONNECT {"verbose":false}\r\nPING\r\n');
    await until(unanswering, 'closed');
    // So the server has asked this one as often.
    expect(connection.id).toBe(id);
    const publisher = await dial(`ws://127.0.0.1:${port}`, Ws as unknown as typeof WebSocket);
    publisher.publish('ticks', 'PING\r\n');
    await untilSo(() => said().endsWith('MSG ticks 1 6\r\nPING\r\n\r\n'));
    expect(said().match(/^P[IO]NG\r\n/gm)).toEqual(['PONG\r\n', 'PING\r\n']);
  });
});

async function dial(
  url: string,
  WebSocket: typeof globalThis.WebSocket,
  pingInterval = 60_000,
): Promise<NatsConnection> {
  const client = await wsconnect({
    servers: url,
    wsFactory: async (to) => ({ socket: new WebSocket(to), encrypted: false }),
    pingInterval,
    // Two would be too few on a busy machine.
    maxPingOut: 100,
    reconnectTimeWait: 50,
    reconnectJitter: 0,
    maxReconnectAttempts: -1,
  });
  onTestFinished(() => client.close());
  return client;
}

/** What an app has of it. All of it grows. */
async function use(url: string, WebSocket: typeof globalThis.WebSocket, pingInterval?: number) {
  const client = await dial(url, WebSocket, pingInterval);
  const app = {
    client,
    subject: `news.${url.length}${Math.random()}`.replace('0.', ''),
    news: [] as string[],
    reconnects: 0,
    pings: 0,
    pendings: 0,
  };
  client.subscribe(app.subject, { callback: (_, message) => void app.news.push(message.string()) });
  void (async () => {
    for await (const status of client.status()) {
      if (status.type === 'reconnect') app.reconnects += 1;
      if (status.type !== 'ping') continue;
      app.pings += 1;
      app.pendings = Math.max(app.pendings, status.pendingPings);
    }
  })();
  return app;
}
