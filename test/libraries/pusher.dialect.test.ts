/** `pusher()` beneath pusher-js, above a server that it proves right. */
import Pusher from 'pusher-js';
import { describe, expect, onTestFinished, test } from 'vitest';

import { pusher } from '../../adapters/protocols/pusher.ts';
import { messagesOf, open, until, untilSo } from '../helpers/support.ts';
import { beneath, cabled, eager, quick } from './cabled.ts';
import { PusherServer } from './servers/pusher.ts';
import { optionsFor } from './suite/pusher.ts';

describe('pusher-js', () => {
  test('data flows, and again after a silent cut', async () => {
    const server = new PusherServer();
    const { cable, url } = await cabled(server.serve);
    const app = use(url, beneath(pusher(), quick));
    await untilSo(() => app.joins === 1);
    server.trigger('room', 'news', 1);
    await untilSo(() => app.news.length === 1);
    cable.silence();
    await untilSo(() => cable.accepted === 2);
    cable.heal();
    await untilSo(() => app.joins === 2);
    server.trigger('room', 'news', 2);
    await untilSo(() => app.news.length === 2);
    expect(app.news).toEqual([1, 2]);
  });

  test('its own pings are answered beside ours, and it answers those of the server, on one line', async () => {
    const server = new PusherServer();
    const { cable, url } = await cabled(server.serve);
    // It asks when it has heard nothing for so long, and it hears none of our answers.
    const app = use(url, beneath(pusher(), eager), { activityTimeout: 150, pongTimeout: 20_000 });
    await untilSo(() => app.joins === 1);
    await untilSo(() => app.pongs > 4 && server.pings > 2 * app.pongs);
    server.ping();
    await untilSo(() => server.pongs > 0);
    expect(server.pongs).toBe(1);
    expect(cable.accepted).toBe(1);
  });

  test('a refusal reaches it', async () => {
    const server = new PusherServer({ refuse: { code: 4001, message: 'Application does not exist' } });
    const { cable, url } = await cabled(server.serve);
    const app = use(url, beneath(pusher(), eager));
    await untilSo(() => app.states.includes('disconnected'));
    expect(app.states).toEqual(['disconnected']);
    expect(cable.accepted).toBe(1);
  });
});

describe('connect()', () => {
  test('is named by the welcome, which it hears, and the pings of the server are answered', async () => {
    const server = new PusherServer({ activityTimeout: 1 });
    const { url } = await cabled(server.serve);
    const connection = open(`${url}/app/key?protocol=7`, { protocol: pusher() });
    const messages = messagesOf(connection);
    const { id } = await until(connection, 'open');
    expect(id).toMatch(/^\d+\.1$/);
    await untilSo(() => messages.length === 1);
    expect(messages[0]).toContain('pusher:connection_established');
    server.ping();
    await untilSo(() => server.pongs === 1);
    // The server's second, not our minute.
    await untilSo(() => server.pings > 1);
    connection.send('{"event":"pusher:ping","data":{}}');
    await untilSo(() => messages.length === 2);
    expect(messages[1]).toContain('pusher:pong');
  });

  test('is not welcome, for good', async () => {
    const { cable, url } = await cabled(new PusherServer({ refuse: { code: 4001, message: 'no' } }).serve);
    const connection = open(`${url}/app/key?protocol=7`, { protocol: pusher() });
    expect(await until(connection, 'closed')).toMatchObject({ code: 4001, cause: 'fatal' });
    expect(cable.accepted).toBe(1);
  });
});

/** What an app has of it. All of it grows. */
function use(url: string, WebSocket: unknown, options: { activityTimeout?: number; pongTimeout?: number } = {}) {
  const app = { news: [] as unknown[], joins: 0, pongs: 0, states: [] as string[] };
  // On Node it brings a WebSocket of its own.
  (Pusher.Runtime as { getWebSocketAPI: () => unknown }).getWebSocketAPI = () => WebSocket;
  const client = new Pusher('key', { ...optionsFor(url), ...options });
  onTestFinished(() => client.disconnect());
  client.connection.bind('state_change', ({ current }: { current: string }) => app.states.push(current));
  client.connection.bind('message', ({ event }: { event: string }) => (app.pongs += Number(event === 'pusher:pong')));
  const channel = client.subscribe('room');
  channel.bind('pusher:subscription_succeeded', () => (app.joins += 1));
  channel.bind('news', (news: unknown) => app.news.push(news));
  return app;
}
