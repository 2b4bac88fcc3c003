/**
 * `systole serve` among strangers: whoever connects, and whatever they leave unsaid or unread, it keeps within bounds, and it ends.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';

import { type News, PushServer } from '../../bin/push-server.ts';
import { served } from '../helpers/command.ts';
import {
  dialled,
  flood,
  foreign,
  frame,
  gush,
  opcodes,
  saying,
  strangers,
  upgraded,
  upgradeRequest,
} from '../helpers/raw-client.ts';
import { textOf, untilSo } from '../helpers/support.ts';

async function opened(hear?: (news: News) => void): Promise<PushServer> {
  const server = await PushServer.open({ port: 0, silence: 150_000, ...(hear && { hear }) });
  onTestFinished(() => server.close());
  return server;
}

test.each(Object.entries(strangers))('ends: %s', async (_, stranger) => {
  const server = await opened();
  const socket = await stranger(server.port);
  onTestFinished(() => void socket.destroy());
  // What it has said before has arrived when others are answered.
  (await upgraded(server.port)).destroy();
  await server.close();
  expect(server.clients).toBe(0);
});

test('ctrl-C ends it, whoever is there', async () => {
  const server = await served();
  const sockets = await Promise.all(Object.values(strangers).map((stranger) => stranger(server.port)));
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  (await upgraded(server.port)).destroy();
  server.process.kill('SIGINT');
  expect(await server.ended).toEqual({ code: 0, signal: null });
  expect(server.stderr).toBe('');
});

test('who is refused is let go, though it does not leave', async () => {
  const server = await opened();
  const socket = await dialled(server.port);
  socket.write(upgradeRequest(foreign));
  let heard = '';
  for await (const bytes of socket) heard += String(bytes);
  expect(heard).toMatch(/^HTTP\/1\.1 403 /);
});

test('a request that is never finished is given up', { timeout: 60_000 }, async () => {
  const server = await opened();
  const socket = await saying(server.port, 'GET / HTTP/1.1\r\nHost: 127.');
  let heard = '';
  for await (const bytes of socket) heard += String(bytes);
  expect(heard).toMatch(/^HTTP\/1\.1 408 /);
});

test('a client that does not read what it asks for is cut off, and the others are answered', async () => {
  const news: News[] = [];
  const server = await opened((each) => news.push(each));
  const socket = await upgraded(server.port);
  expect(await flood(socket, gush(frame(opcodes.text, 'heartbeat')), 64 * 2 ** 20)).toBe('cut off');
  await untilSo(() => server.clients === 0);
  const good = new WebSocket(`ws://127.0.0.1:${server.port}`);
  const heard: string[] = [];
  good.on('message', (data) => heard.push(textOf(data)));
  await once(good, 'open');
  good.send('heartbeat');
  await untilSo(() => heard.length === 2);
  good.terminate();
  expect(news.map(({ type }) => type).slice(0, 3)).toEqual(['joined', 'left', 'joined']);
});

test('what is pushed is kept for no client beyond its share', async () => {
  const news: News[] = [];
  const server = await opened((each) => news.push(each));
  const silent = await Promise.all(Array.from({ length: 8 }, () => upgraded(server.port)));
  onTestFinished(() => silent.forEach((socket) => socket.destroy()));
  const good = new WebSocket(`ws://127.0.0.1:${server.port}`);
  let heard = 0;
  good.on('message', () => (heard += 1));
  await once(good, 'open');
  const text = 'x'.repeat(65_536);
  // Half a megabyte is a client's share here; of what the system takes, nobody here can tell.
  for (let pushed = 1; server.clients > 1; pushed += 1) {
    expect(pushed).toBeLessThan(10_000);
    server.push(text);
    await untilSo(() => heard > pushed);
  }
  const slow = news.filter((each) => each.type === 'left').map(({ why }) => why);
  expect(slow).toEqual(Array.from({ length: 8 }, () => 'slow'));
  expect(good.readyState).toBe(WebSocket.OPEN);
  good.terminate();
});

test('with a thousand clients, dials are refused until one has gone', async () => {
  const refused: string[] = [];
  const server = await opened((each) => each.type === 'refused' && refused.push(each.why));
  const clients: Socket[] = [];
  onTestFinished(() => clients.forEach((socket) => socket.destroy()));
  for (let i = 0; i < 10; i += 1)
    clients.push(...(await Promise.all(Array.from({ length: 100 }, () => upgraded(server.port)))));
  expect(server.clients).toBe(1_000);
  await expect(upgraded(server.port)).rejects.toThrow('HTTP/1.1 503 ');
  expect(refused).toEqual(['there are 1000 clients']);
  clients.pop()?.destroy();
  await untilSo(() => server.clients === 999);
  clients.push(await upgraded(server.port));
});

test('a message that is too long, or in too many pieces, ends its client', async () => {
  const server = await opened();
  const { text, continuation } = opcodes;
  const messages = [
    frame(text, 'x'.repeat(65_537)),
    Buffer.concat([frame(text, 'x', false), ...Array.from({ length: 8 }, () => frame(continuation, 'x', false))]),
  ];
  for (const message of messages) {
    const socket = await upgraded(server.port);
    socket.write(message);
    await untilSo(() => server.clients === 0 || socket.resume().destroyed);
    socket.destroy();
  }
  const socket = await upgraded(server.port);
  socket.write(frame(text, 'x'.repeat(65_536)));
  socket.write(frame(text, 'heartbeat'));
  socket.resume();
  await once(socket, 'data');
  expect(server.clients).toBe(1);
  socket.destroy();
});
