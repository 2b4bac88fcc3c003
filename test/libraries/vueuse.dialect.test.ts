/** `useWebSocket` of VueUse, with its `heartbeat`, above the class with `plain()`, in a page of jsdom. */
import { JSDOM } from 'jsdom';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { effectScope, watch } from 'vue';
import type { WebSocket } from 'ws';

import { plain } from '../../adapters/protocols/plain.ts';
import { textOf, untilSo } from '../helpers/support.ts';
import { cabled } from './cabled.ts';
import { healthy, type Heart, heartWith, patient } from './dialect-kit.ts';

const { window } = new JSDOM('', { url: 'http://localhost/' });
/** Not before there is a page: it looks for one when it is loaded. */
let useWebSocket: typeof import('@vueuse/core').useWebSocket;

beforeAll(async () => {
  vi.stubGlobal('window', window);
  vi.stubGlobal('document', window.document);
  ({ useWebSocket } = await import('@vueuse/core'));
});
afterAll(() => {
  vi.unstubAllGlobals();
  window.close();
});

/** A server that answers `ping` with `pong`, and tells news to whoever is there. */
async function serve() {
  const pings = { count: 0 };
  const clients = new Set<WebSocket>();
  const stage = await cabled((server) =>
    server.on('connection', (socket) => {
      clients.add(socket);
      socket.on('close', () => clients.delete(socket));
      socket.on('message', (data) => {
        if (textOf(data) !== 'ping') return socket.send(`you said ${textOf(data)}`);
        pings.count += 1;
        socket.send('pong');
      });
    }),
  );
  const tell = (news: string) => {
    for (const client of clients) client.send(news);
  };
  return { ...stage, pings, tell };
}

function use(url: string, { Class }: Heart) {
  vi.stubGlobal('WebSocket', Class);
  const story: string[] = [];
  const scope = effectScope();
  const socket = scope.run(() =>
    useWebSocket<string>(url, {
      heartbeat: { message: 'ping', responseMessage: 'pong', interval: healthy.pause, pongTimeout: healthy.patience },
      autoReconnect: { delay: 50 },
      onMessage: (_, { data }) => story.push(data as string),
    }),
  )!;
  scope.run(() => watch(socket.status, (status) => story.push(status), { flush: 'sync' }));
  onTestFinished(() => scope.stop());
  return { story, socket };
}

test('connects, exchanges, and comes back after a silent cut, its data arriving again', async () => {
  const { url, cable, tell } = await serve();
  const { story, socket } = use(url, heartWith(plain()));
  socket.send('hello');
  await untilSo(() => story.includes('you said hello'));

  cable.silence();
  await untilSo(() => story.includes('CLOSED'));
  cable.heal();
  await untilSo(() => story.filter((each) => each === 'OPEN').length === 2);
  await untilSo(() => (tell('news'), story.includes('news')));
  expect(story.filter((each) => each === 'pong')).toEqual([]);
});

test('its heartbeat, above a healthy line: one dial', async () => {
  const { url, cable, pings } = await serve();
  const heart = heartWith(plain(), patient);
  const { story } = use(url, heart);
  await untilSo(() => pings.count - heart.asked > healthy.beats && heart.asked > 5);
  expect(story).toEqual(['OPEN']);
  expect(cable.accepted).toBe(1);
});
