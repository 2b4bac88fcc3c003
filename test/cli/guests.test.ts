/** What servers on loopback hold of whoever connects: over real sockets. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';

import { expect, onTestFinished, test, vi } from 'vitest';

import { answerPings, deny, Guests, impatience } from '../../adapters/guests.ts';
import { untilSo } from '../helpers/support.ts';

async function listening(http: Server): Promise<number> {
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(() => void http.close());
  return (http.address() as AddressInfo).port;
}

/** Which stays as long as it can. */
function client(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

test('whoever is connected is dismissed, and who has gone is forgotten', async () => {
  const http = createServer(impatience);
  const guests = new Guests(http);
  expect(impatience).toEqual({ headersTimeout: 10_000, requestTimeout: 10_000, connectionsCheckingInterval: 5_000 });
  expect([http.maxConnections, http.timeout]).toEqual([128, 30_000]);
  const served: Socket[] = [];
  http.on('connection', (socket) => served.push(socket));
  const port = await listening(http);
  const first = client(port);
  const second = client(port);
  await untilSo(() => served.length === 2);
  first.destroy();
  served[0]!.destroy();
  await once(served[0]!, 'close');
  const destroyed = served.map((socket) => vi.spyOn(socket, 'destroy'));
  guests.dismiss();
  expect(destroyed.map(({ mock }) => mock.calls.length)).toEqual([0, 1]);
  second.resume();
  await once(second, 'end');
});

test('who is refused hears why, and is gone', async () => {
  const http = createServer();
  let refused: Duplex | undefined;
  http.on('upgrade', (_, socket: Duplex) => {
    refused = socket;
    deny(socket, '403 Forbidden');
  });
  const socket = client(await listening(http));
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  let answer = '';
  socket.on('data', (data: Buffer) => (answer += data.toString()));
  await once(socket, 'end');
  expect(answer).toBe('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  await untilSo(() => refused?.destroyed);
});

test('a refusal that is written waits for nothing', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const halfOpen = new Duplex({ read: () => {}, write: (_, __, then) => then() });
  deny(halfOpen, '403 Forbidden');
  expect(vi.getTimerCount()).toBe(1);
  await once(halfOpen, 'close');
  expect(vi.getTimerCount()).toBe(0);
});

test('a refusal that is never written does not hold its socket', async () => {
  const stuck = new Duplex({ read: () => {}, write: () => {} });
  deny(stuck, '403 Forbidden');
  expect(stuck.destroyed).toBe(false);
  await once(stuck, 'close');
  const broken = new Duplex({ read: () => {}, write: (_, __, then) => then(new Error('gone')) });
  const gone = new Promise((resolve) => broken.once('close', resolve));
  deny(broken, '403 Forbidden');
  await gone;
});

test('pings are answered as long as the answers are read', () => {
  const written: (() => void)[] = [];
  let hear: (data: Buffer) => void = () => {};
  const socket = {
    OPEN: 1,
    readyState: 1,
    on: (type: string, listener: typeof hear) => {
      expect(type).toBe('ping');
      hear = listener;
    },
    pong: vi.fn<(data: Buffer, isMasked: boolean, then: () => void) => void>((_, __, then) => void written.push(then)),
    terminate: vi.fn<() => void>(),
  };
  answerPings(socket as never, 300);
  const ping = Buffer.from('x'.repeat(22));
  hear(ping);
  hear(ping);
  hear(ping);
  expect(socket.pong).toHaveBeenCalledTimes(3);
  expect(socket.pong).toHaveBeenLastCalledWith(ping, false, expect.any(Function));
  for (const then of written.splice(0, 2)) then();
  hear(ping);
  hear(ping);
  expect(socket.terminate).not.toHaveBeenCalled();
  hear(ping);
  expect(socket.terminate).toHaveBeenCalledTimes(1);
  expect(socket.pong).toHaveBeenCalledTimes(5);
  for (const then of written) then();
  socket.readyState = 2;
  hear(ping);
  expect(socket.pong).toHaveBeenCalledTimes(5);
});
