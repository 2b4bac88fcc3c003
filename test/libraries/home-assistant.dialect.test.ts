/**
 * `home-assistant-js-websocket` above the class with `homeAssistant()`, and a small server that does with ids and types what Home Assistant does
 * (`async_handle()` of its `connection.py`), and puts messages of one turn into an array where a client has asked for it (`http.py`).
 */
import {
  type Connection,
  createConnection,
  createLongLivedTokenAuth,
  ERR_INVALID_AUTH,
} from 'home-assistant-js-websocket';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { WebSocket } from 'ws';

import { homeAssistant } from '../../adapters/protocols/home-assistant.ts';
import { open, messagesOf, textOf, until, untilSo } from '../helpers/support.ts';
import { cabled } from './cabled.ts';
import { healthy, type Heart, heartWith, patient } from './dialect-kit.ts';

interface Command {
  id: number;
  type: string;
  features?: { coalesce_messages?: number };
}

class Guest {
  readonly #socket: WebSocket;
  readonly #hub: Hub;
  #waiting: string[] = [];
  #coalesces = false;
  #isKnown = false;
  #lastId = 0;
  readonly subscriptions: number[] = [];

  constructor(socket: WebSocket, hub: Hub) {
    this.#socket = socket;
    this.#hub = hub;
    this.#write({ type: 'auth_required', ha_version: '2026.11.0' });
    socket.on('message', (data) => this.#heard(JSON.parse(textOf(data))));
  }

  /** As the server writes an event that it has written for others before: the id behind it. */
  tell(event: unknown): void {
    for (const id of this.subscriptions) this.#write({ type: 'event', event, id });
  }

  #heard(message: Command & { access_token?: string }): void {
    if (this.#isKnown) return this.#handle(message);
    this.#isKnown = message.type === 'auth' && message.access_token === 'T';
    if (this.#isKnown) return this.#write({ type: 'auth_ok', ha_version: '2026.11.0' });
    this.#socket.send('{"type":"auth_invalid","message":"Invalid access token or password"}');
    this.#socket.close();
  }

  #handle({ id, type, features }: Command): void {
    this.#hub.heard.push([id, type]);
    const refuse = (code: string) =>
      this.#write({ id, type: 'result', success: false, error: { code, message: 'No.' } });
    const grant = () => this.#write({ id, type: 'result', success: true, result: null });
    if (!Number.isInteger(id) || id < 1) return refuse('invalid_format');
    if (id <= this.#lastId) return refuse('id_reuse');
    switch (type) {
      case 'ping':
        this.#write({ id, type: 'pong' });
        break;
      case 'supported_features':
        this.#coalesces = features?.coalesce_messages === 1;
        grant();
        break;
      case 'subscribe_events':
        this.subscriptions.push(id);
        grant();
        break;
      case 'get_config':
        this.#write({ id, type: 'result', success: true, result: { version: '2026.11.0' } });
        break;
      default:
        return refuse('unknown_command');
    }
    this.#lastId = id;
  }

  #write(message: object): void {
    if (this.#waiting.push(JSON.stringify(message)) > 1) return;
    setImmediate(() => {
      const waiting = this.#waiting;
      this.#waiting = [];
      if (!this.#coalesces || waiting.length === 1) for (const each of waiting) this.#socket.send(each);
      else {
        if (waiting.some((each) => each.includes('id_reuse'))) this.#hub.mixed += 1;
        this.#socket.send(`[${waiting.join(',')}]`);
      }
    });
  }
}

class Hub {
  /** All that was said by those who are known. */
  readonly heard: [id: number, type: string][] = [];
  /** Arrays with an answer of ours among others. */
  mixed = 0;
  readonly guests = new Set<Guest>();

  tell(event: unknown): void {
    for (const guest of this.guests) guest.tell(event);
  }

  count(type: string): number {
    return this.heard.filter(([, its]) => its === type).length;
  }
}

async function serve() {
  const hub = new Hub();
  const stage = await cabled((server) =>
    server.on('connection', (socket) => {
      const guest = new Guest(socket, hub);
      hub.guests.add(guest);
      socket.on('close', () => hub.guests.delete(guest));
    }),
  );
  return { ...stage, hub };
}

async function use(url: string, { Class }: Heart, token = 'T'): Promise<{ connection: Connection; story: string[] }> {
  vi.stubGlobal('WebSocket', Class);
  onTestFinished(() => void vi.unstubAllGlobals());
  const auth = createLongLivedTokenAuth(url.replace('ws', 'http'), token);
  const connection = await createConnection({ auth, setupRetry: 0 });
  onTestFinished(() => connection.close());
  const story: string[] = [];
  for (const type of ['ready', 'disconnected', 'reconnect-error'] as const) {
    connection.addEventListener(type, () => story.push(type));
  }
  return { connection, story };
}

/** What the library has to say of messages that it does not know. */
function warnings(): readonly unknown[] {
  const said: unknown[] = [];
  const spy = vi.spyOn(console, 'warn').mockImplementation((...words) => void said.push(words));
  onTestFinished(() => spy.mockRestore());
  return said;
}

test('connects, exchanges, and comes back after a silent cut, its data arriving again', async () => {
  const said = warnings();
  const { url, cable, hub } = await serve();
  const { connection, story } = await use(url, heartWith(homeAssistant()));
  const heard: unknown[] = [];
  await connection.subscribeEvents((event) => heard.push(event), 'news');
  hub.tell('one');
  await untilSo(() => heard.length === 1);

  cable.silence();
  await untilSo(() => story.length === 1);
  cable.heal();
  await untilSo(() => story.length === 2);
  await untilSo(() => (hub.tell('two'), heard.includes('two')));
  await connection.ping();
  expect(story).toEqual(['disconnected', 'ready']);
  expect(heard[0]).toBe('one');
  expect(said).toEqual([]);
});

test('its commands and pings between ours, above a healthy line: one dial, and no id is in the way', async () => {
  const said = warnings();
  const { url, cable, hub } = await serve();
  const heart = heartWith(homeAssistant(), { ...patient, interval: 20 });
  const { connection, story } = await use(url, heart);
  const heard: unknown[] = [];
  await connection.subscribeEvents((event) => heard.push(event), 'news');
  let told = 0;
  const chatter = setInterval(() => {
    for (let i = 0; i < 3; i += 1) hub.tell((told += 1));
  }, 1);
  onTestFinished(() => clearInterval(chatter));
  for (let n = 0; n < healthy.beats || heart.asked < 20 || hub.mixed < 5; n += 1) {
    await connection.ping();
    expect(await connection.sendMessagePromise({ type: 'get_config' })).toEqual({ version: '2026.11.0' });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  clearInterval(chatter);
  await untilSo(() => heard.length === told);
  expect(heard).toEqual(heard.map((_, i) => i + 1));
  // What the library knows, it would have to count.
  const theirs = hub.heard.filter(([, type]) => type !== 'systole/ping').map(([id]) => id);
  expect(theirs).toEqual([1, ...theirs.slice(1).map((_, i) => i + 3)]);
  // The last one may still be on its way.
  await untilSo(() => hub.count('systole/ping') === heart.asked);
  expect(story).toEqual([]);
  expect(said).toEqual([]);
  expect(cable.accepted).toBe(1);
});

test('a token that is none: the library hears why, and gives up', async () => {
  const { url, cable } = await serve();
  await expect(use(url, heartWith(homeAssistant()), 'another')).rejects.toBe(ERR_INVALID_AUTH);
  expect(cable.accepted).toBe(1);
});

test('connect() with a token of its own: authenticated on every line, before what waits is sent', async () => {
  const { url, cable, hub } = await serve();
  const connection = open(url, {
    protocol: homeAssistant({ accessToken: () => 'T' }),
    heartbeat: { interval: 500, timeout: 1_500 },
    backoff: { initial: 50 },
  });
  const messages = messagesOf(connection);
  connection.send('{"id":1,"type":"get_config"}');
  await untilSo(() => messages.length === 1);
  expect(messages).toEqual(['{"id":1,"type":"result","success":true,"result":{"version":"2026.11.0"}}']);
  cable.silence();
  const restored = until(connection, 'restored');
  await until(connection, 'lost');
  cable.heal();
  await restored;
  connection.send('{"id":1,"type":"ping"}');
  await untilSo(() => messages.length === 2);
  expect(messages[1]).toBe('{"id":1,"type":"pong"}');
  await untilSo(() => hub.count('systole/ping') > 2);
  expect(messages).toHaveLength(2);
});
