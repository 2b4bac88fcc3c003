/** `mqtt()` beneath mqtt.js, with the broker aedes, which speaks 3.1.1, and writes a packet in several WebSocket messages. */
import { Aedes } from 'aedes';
import mqttJs from 'mqtt';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createWebSocketStream, type WebSocketServer } from 'ws';

import { mqtt } from '../../adapters/protocols/mqtt.ts';
import { messagesOf, open, until, untilSo } from '../helpers/support.ts';
import { beneath, cabled, quick } from './cabled.ts';

describe('mqtt.js', () => {
  test('data flows, and again after a silent cut', async () => {
    const broker = await Broker.start();
    const { cable, url } = await cabled(broker.serve);
    const app = use(url, beneath(mqtt(), quick), 60);
    await untilSo(() => app.joins === 1);
    broker.tell('1');
    await untilSo(() => app.news.length === 1);
    cable.silence();
    await untilSo(() => cable.accepted > 1);
    cable.heal();
    await untilSo(() => app.joins > 1);
    // On a busy machine the next line may be taken for dead as well, and what was told on it is lost.
    await untilSo(() => (broker.tell('2'), app.news.includes('2')));
    expect([...new Set(app.news)]).toEqual(['1', '2']);
  });

  test('its own pings are answered beside ours, and much data flows both ways, on one line', async () => {
    const broker = await Broker.start();
    const { cable, url } = await cabled(broker.serve);
    const app = use(url, beneath(mqtt(), { interval: 20, timeout: 20_000 }), 1);
    await untilSo(() => app.joins === 1);
    // Large enough for several reads, and to be on its way when we ask.
    const large = 'x'.repeat(300_000);
    for (let i = 0; i < 20; i += 1) app.publish(`${i}${large}`);
    await untilSo(() => app.news.length === 20);
    expect(app.news.map((each) => Number.parseInt(each, 10))).toEqual(Array.from({ length: 20 }, (_, i) => i));
    await untilSo(() => app.pings > 2 && app.pongs === app.pings && broker.pings > 10 * app.pings);
    expect(cable.accepted).toBe(1);
  });
});

describe('connect()', () => {
  test('asks once the broker has acknowledged CONNECT, and the app hears all but our answers', async () => {
    const broker = await Broker.start();
    const { url } = await cabled(broker.serve);
    const connection = open(url, { protocol: mqtt(), heartbeat: { interval: 1_000, timeout: 20_000 } });
    const messages = messagesOf(connection);
    await until(connection, 'open');
    // MQTT 3.1.1, clean session, keep alive 60 s, client id "me".
    connection.send(Uint8Array.of(0x10, 14, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, 2, 0x6d, 0x65));
    await untilSo(() => connection.roundTripTime !== undefined);
    expect(broker.pings).toBe(1);
    connection.send(Uint8Array.of(0xc0, 0));
    const heard = () => messages.flatMap((each) => [...new Uint8Array(each as ArrayBuffer)]);
    await untilSo(() => heard().length === 6);
    expect(heard()).toEqual([0x20, 2, 0, 0, 0xd0, 0]);
  });
});

class Broker {
  readonly #aedes: Aedes;
  pings = 0;

  private constructor(aedes: Aedes) {
    this.#aedes = aedes;
    aedes.on('ping', () => (this.pings += 1));
  }

  /** It is gone with the test. */
  static async start(): Promise<Broker> {
    const aedes = await Aedes.createBroker();
    onTestFinished(() => new Promise<void>((resolve) => aedes.close(resolve)));
    return new Broker(aedes);
  }

  readonly serve = (server: WebSocketServer): void => {
    server.on('connection', (socket) => {
      const stream = createWebSocketStream(socket);
      // Of a line that was cut off.
      stream.on('error', () => {});
      this.#aedes.handle(stream);
    });
  };

  tell(payload: string): void {
    this.#aedes.publish({ cmd: 'publish', topic: 'news', payload, qos: 0, retain: false, dup: false }, () => {});
  }
}

/** What an app has of it. All of it grows. */
function use(url: string, WebSocket: typeof globalThis.WebSocket, keepalive: number) {
  const client = mqttJs.connect(url, {
    protocolVersion: 4,
    keepalive,
    forceNativeWebSocket: true,
    createWebsocket: (to: string, protocols: string[]) => new WebSocket(to, protocols),
    reconnectPeriod: 50,
    // Otherwise it asks whenever it has sent nothing for so long.
    reschedulePings: false,
  });
  onTestFinished(async () => {
    await client.endAsync(true);
  });
  const app = {
    news: [] as string[],
    joins: 0,
    pings: 0,
    pongs: 0,
    publish: (payload: string) => client.publish('news', payload),
  };
  client.on('error', () => {});
  client.on('connect', () => client.subscribe('news', () => (app.joins += 1)));
  client.on('message', (_, payload) => app.news.push(payload.toString()));
  client.on('packetsend', ({ cmd }) => (app.pings += Number(cmd === 'pingreq')));
  client.on('packetreceive', ({ cmd }) => (app.pongs += Number(cmd === 'pingresp')));
  return app;
}
