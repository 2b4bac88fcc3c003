/** A line that fails while it is open: what the platform says of it, the drop-in class says. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';

import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import { silent } from '../../adapters/protocols/silent.ts';
import { closedPort, eventsOf, open, statesOf, until } from '../helpers/support.ts';

/** A server that accepts every upgrade, and then says what it is told to, byte for byte. */
async function raw(then: (socket: Socket) => void) {
  const server = createServer();
  const sockets = new Set<Socket>();
  server.on('upgrade', (request, socket: Socket) => {
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    socket.on('error', () => {});
    sockets.add(socket);
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.write(Buffer.from([0x81, 2, 0x68, 0x69])); // "hi"
    socket.once('data', () => then(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const failures: [what: string, frame: number[]][] = [
  ['a reserved opcode', [0x83, 0]],
  ['a reserved bit', [0xc1, 0]],
  ['bad UTF-8', [0x81, 1, 0xff]],
  ['a masked frame', [0x81, 0x80, 0, 0, 0, 0]],
  ['a continuation of nothing', [0x80, 0]],
  ['a ping that is too long', [0x89, 126, 0, 126]],
  ['a close code that is none', [0x88, 2, 0x03, 0xe7]],
];

/** How the platform's own kind tells of it: what is dispatched, until `close`. */
async function told(socket: globalThis.WebSocket): Promise<string[]> {
  const kinds: string[] = [];
  socket.addEventListener('message', () => socket.send('go'));
  for (const kind of ['open', 'error', 'close']) socket.addEventListener(kind, () => kinds.push(kind));
  await heard(socket, 'close');
  return kinds;
}

function heard<E = Event>(socket: Pick<EventTarget, 'addEventListener'>, type: string): Promise<E> {
  return new Promise((resolve) => socket.addEventListener(type, (event) => resolve(event as E)));
}

const Plain = HeartbeatWebSocket.with({ retries: 0 });

describe('with retries: 0 it is told as npm ws tells it', () => {
  test.each(failures)('%s: error, then close', async (_, frame) => {
    const url = await raw((socket) => socket.end(Buffer.from(frame)));
    const theirs = await told(new WebSocket(url) as never);
    expect(await told(new Plain(url))).toEqual(theirs);
    expect(theirs).toEqual(['open', 'error', 'close']);
  });

  test.each<[what: string, end: (socket: Socket) => void]>([
    ['an end', (socket) => socket.end()],
    ['a reset', (socket) => socket.resetAndDestroy()],
    ['a goodbye', (socket) => socket.end(Buffer.from([0x88, 2, 0x03, 0xe8]))],
  ])('%s: close alone', async (_, end) => {
    const url = await raw(end);
    const theirs = await told(new WebSocket(url) as never);
    expect(await told(new Plain(url))).toEqual(theirs);
    expect(theirs).toEqual(['open', 'close']);
  });
});

describe('the reason that the class gives', () => {
  test('is told by lost and closed, and by the error event', async () => {
    const url = await raw((socket) => socket.end(Buffer.from([0x83, 0])));
    const connection = open(url, { protocol: silent(), retries: 0 });
    const lost = eventsOf(connection, 'lost');
    const closed = until(connection, 'closed');
    connection.on('message', () => connection.send('go'));
    const end = { code: 1006, wasClean: false, failed: true, reason: 'WS_ERR_INVALID_OPCODE' };
    expect(await closed).toMatchObject({ ...end, cause: 'peer-closed' });
    expect(lost).toMatchObject([end]);

    const socket = new Plain(url);
    socket.addEventListener('message', () => socket.send('go'));
    const errors: string[] = [];
    socket.addEventListener('error', ({ message }) => errors.push(message));
    const close = await heard(socket, 'close');
    expect(errors).toEqual(['WS_ERR_INVALID_OPCODE']);
    // What came in no close frame is no reason of one.
    expect(close).toMatchObject({ code: 1006, reason: '', wasClean: false });
  });

  test('of a dial that failed is told by the error event as well', async () => {
    const socket = new Plain(`ws://127.0.0.1:${await closedPort()}`);
    expect(await heard(socket, 'error')).toMatchObject({ message: 'ECONNREFUSED' });
  });

  test('of a line that ended otherwise is not told as an error', async () => {
    const url = await raw((socket) => socket.end());
    const connection = open(url, { protocol: silent(), retries: 0 });
    const closed = until(connection, 'closed');
    connection.on('message', () => connection.send('go'));
    expect(await closed).not.toHaveProperty('failed');
  });
});

test('by default it is an error and a close that says so, at every loss; and dialled again', async () => {
  let times = 0;
  const url = await raw((socket) => (times += 1) < 3 && socket.end(Buffer.from([0x83, 0])));
  const socket = new HeartbeatWebSocket(url, [], { protocol: silent(), backoff: { initial: 10, spread: 0 } });
  const kinds: string[] = [];
  for (const kind of ['open', 'error', 'close'] as const) {
    socket.addEventListener(kind, (event) =>
      kinds.push(`${kind}${'reconnecting' in event ? ` ${event.reconnecting}` : ''}`),
    );
  }
  socket.addEventListener('message', () => socket.send('go'));
  await expect.poll(() => kinds.filter((kind) => kind === 'open').length, { timeout: 20_000 }).toBe(3);
  const visit = ['open', 'error', 'close true'];
  expect(kinds).toEqual([...visit, ...visit, 'open']);
  socket.close();
});

test('while it is being closed, too: an error, then the close', async () => {
  const url = await raw((socket) => socket.end(Buffer.from([0x83, 0])));
  const kinds: string[] = [];
  const socket = new Plain(url);
  for (const kind of ['error', 'close']) socket.addEventListener(kind, () => kinds.push(kind));
  await heard(socket, 'message');
  const { connection } = socket;
  const states = statesOf(connection!);
  socket.send('go');
  socket.close();
  await heard(socket, 'close');
  expect(states).toContain('closing');
  expect(kinds).toEqual(['error', 'close']);
});

test('what was never open, or is full, says so', async () => {
  const url = await raw(() => {});
  const early = new Plain(url);
  const closed = heard(early, 'error');
  early.close();
  expect(await closed).toMatchObject({ message: 'closed before it was open' });

  const full = new (HeartbeatWebSocket.with({ retries: 0, buffer: { bytes: 0, messages: 0 } }))(url);
  await heard(full, 'open');
  const failed = heard(full, 'error');
  // The first one goes whatever its size; what waits behind it finds no room.
  for (let i = 0; i < 1_000 && full.readyState === 1; i += 1) full.send(new Uint8Array(1_000_000));
  expect(await failed).toMatchObject({ message: 'the buffer is full' });
});
