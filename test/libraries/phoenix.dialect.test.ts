/** `phoenix()` beneath phoenix.js and Supabase's client, and above a server that both prove right. */
import { REALTIME_SUBSCRIBE_STATES, RealtimeClient } from '@supabase/realtime-js';
import { Socket } from 'phoenix';
import { describe, expect, onTestFinished, test } from 'vitest';

import { phoenix, type PhoenixOptions } from '../../adapters/protocols/phoenix.ts';
import { messagesOf, open, until, untilSo } from '../helpers/support.ts';
import { beneath, cabled, eager, quick } from './cabled.ts';
import { PhoenixServer } from './servers/phoenix.ts';

type Vsn = NonNullable<PhoenixOptions['vsn']>;

/** What an app has of it. It grows. */
interface App {
  news: unknown[];
  /** Joins that the server has confirmed. */
  joins: number;
  /** Answers to questions of the library's own. */
  answers: number;
}

interface Library {
  topic: string;
  /** As the server broadcasts it. */
  event: string;
  payload: (news: number) => unknown;
  use: (url: string, transport: typeof WebSocket, heartbeatIntervalMs: number) => App;
}

const libraries: [name: string, vsn: Vsn, library: Library][] = [
  ['phoenix.js', '2.0.0', phoenixJs({})],
  ['phoenix.js, vsn 1.0.0', '1.0.0', phoenixJs(firstSerializer())],
  ['@supabase/realtime-js', '2.0.0', supabase('2.0.0')],
  ['@supabase/realtime-js, vsn 1.0.0', '1.0.0', supabase('1.0.0')],
];

describe.each(libraries)('%s', (_, vsn, { topic, event, payload, use }) => {
  test('data flows, and again after a silent cut', async () => {
    const server = new PhoenixServer();
    const { cable, url } = await cabled(server.serve);
    const app = use(url, beneath(phoenix({ vsn }), quick), 30_000);
    await untilSo(() => app.joins === 1);
    server.broadcast(topic, event, payload(1));
    await untilSo(() => app.news.length === 1);
    cable.silence();
    await untilSo(() => cable.accepted === 2);
    cable.heal();
    await untilSo(() => app.joins === 2);
    server.broadcast(topic, event, payload(2));
    await untilSo(() => app.news.length === 2);
    expect(app.news).toEqual([1, 2]);
  });

  test('its own heartbeats are answered beside ours, on one line', async () => {
    const server = new PhoenixServer();
    const { cable, url } = await cabled(server.serve);
    const app = use(url, beneath(phoenix({ vsn }), eager), 100);
    const ours = () => server.heartbeats.filter((ref) => ref === 'systole').length;
    await untilSo(() => app.answers > 4 && ours() > 4);
    expect(server.heartbeats.length - ours()).toBeGreaterThanOrEqual(app.answers);
    expect(cable.accepted).toBe(1);
  });
});

describe('connect()', () => {
  test.each<Vsn>(['1.0.0', '2.0.0'])('is named by the first reply, vsn %s, and hears what is its own', async (vsn) => {
    const server = new PhoenixServer();
    const { url } = await cabled(server.serve);
    const connection = open(`${url}/socket/websocket?vsn=${vsn}`, { protocol: phoenix({ vsn }), heartbeat: eager });
    const messages = messagesOf(connection);
    await until(connection, 'open');
    expect(server.heartbeats).toEqual(['systole']);
    const asks =
      vsn === '1.0.0'
        ? { topic: 'phoenix', event: 'heartbeat', payload: {}, ref: '1' }
        : [null, '1', 'phoenix', 'heartbeat', {}];
    connection.send(JSON.stringify(asks));
    await untilSo(() => server.heartbeats.filter((ref) => ref === 'systole').length > 3);
    expect(connection.roundTripTime).toBeDefined();
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain('"1"');
  });
});

function phoenixJs(serializer: object): Library {
  return {
    topic: 'room',
    event: 'news',
    payload: (news) => ({ news }),
    use(url, transport, heartbeatIntervalMs) {
      const app: App = { news: [], joins: 0, answers: 0 };
      const socket = new Socket(`${url}/socket`, {
        transport,
        heartbeatIntervalMs,
        rejoinAfterMs: () => 50,
        ...serializer,
      });
      onTestFinished(() => socket.disconnect());
      socket.onMessage(({ topic, event, ref }: Record<string, unknown>) => {
        expect(ref).not.toBe('systole');
        app.answers += Number(topic === 'phoenix' && event === 'phx_reply');
      });
      socket.connect();
      const channel = socket.channel('room');
      channel.on('news', ({ news }: { news: unknown }) => app.news.push(news));
      channel.join().receive('ok', () => (app.joins += 1));
      return app;
    },
  };
}

/** phoenix.js brings the second one alone. */
function firstSerializer(): object {
  return {
    vsn: '1.0.0',
    encode: (message: unknown, done: (text: string) => void) => done(JSON.stringify(message)),
    decode: (text: string, done: (message: unknown) => void) => done(JSON.parse(text)),
  };
}

function supabase(vsn: Vsn): Library {
  return {
    topic: 'realtime:room',
    event: 'broadcast',
    payload: (news) => ({ type: 'broadcast', event: 'news', payload: { news } }),
    use(url, transport, heartbeatIntervalMs) {
      const app: App = { news: [], joins: 0, answers: 0 };
      const client = new RealtimeClient(`${url}/realtime/v1`, {
        transport,
        vsn,
        heartbeatIntervalMs,
        params: { apikey: 'none' },
        reconnectAfterMs: () => 50,
        disconnectOnEmptyChannelsAfterMs: 60_000,
        heartbeatCallback: (status) => (app.answers += Number(status === 'ok')),
      });
      onTestFinished(async () => {
        await client.removeAllChannels();
        await client.disconnect();
      });
      client
        .channel('room')
        .on('broadcast', { event: 'news' }, ({ payload }) => app.news.push(payload.news))
        .subscribe((status) => (app.joins += Number(status === REALTIME_SUBSCRIBE_STATES.SUBSCRIBED)));
      return app;
    },
  };
}
