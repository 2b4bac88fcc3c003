/** What a session is told of what is above it: who it is, and what goes out. With `mqtt()` and `nats()`, what that is good for. */
import { once } from 'node:events';

import { expect, onTestFinished, test } from 'vitest';
import { waitFor } from 'xstate';

import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import { nats } from '../../adapters/protocols/nats.ts';
import type { Above, Protocol } from '../../adapters/protocols/protocol.ts';
import { bytes, eventsOf, listen, open, statesOf, textOf, until, untilSo } from '../helpers/support.ts';

/** A protocol that writes down what its sessions are told. */
function watchful(more: Partial<Protocol> = {}) {
  const told: { above: (Above | undefined)[]; sent: unknown[]; to: number[] } = { above: [], sent: [], to: [] };
  const protocol: Protocol = {
    name: 'watchful',
    liveness: 'none',
    session(visitor) {
      const session = told.above.push(visitor?.above);
      return {
        opened: () => ({ named: {} }),
        sent(message) {
          told.sent.push(message);
          told.to.push(session);
          return false;
        },
      };
    },
    ...more,
  };
  return { protocol, told };
}

test.each([
  ['connect()', 'app', { retries: 0 }],
  ['HeartbeatWebSocket', 'app', {}],
  ['HeartbeatWebSocket, retries: 0', 'library', { retries: 0 }],
] as const)('%s is %s', async (name, above, options) => {
  const { url } = await listen();
  const { protocol, told } = watchful();
  if (name === 'connect()') await until(open(url, { protocol, ...options }), 'open');
  else {
    const socket = new HeartbeatWebSocket(url, [], { protocol, ...options });
    onTestFinished(() => socket.close());
    await once(socket, 'open');
  }
  expect(told.above).toEqual([above]);
});

test('it hears all that goes out, as it goes, in order, and of no Blob', async () => {
  const { url } = await listen();
  const { protocol, told } = watchful({ outgoing: (text) => `${text}!` });
  const connection = open(url, { protocol });
  connection.send('early');
  await until(connection, 'open');
  connection.send('text');
  connection.send(new Blob(['a Blob']));
  connection.send(bytes('buffer'));
  connection.send(new Uint8Array(bytes('a view')).subarray(2));
  expect(told.sent.slice(0, 2)).toEqual(['early!', 'text!']);
  expect(told.sent.slice(2).map((each) => Buffer.from(each as never).toString())).toEqual(['buffer', 'view']);
});

test('each line has a session of its own, and what waits is told when it goes', async () => {
  const listening = await listen();
  const { protocol, told } = watchful();
  const connection = open(listening.url, { protocol });
  await until(connection, 'open');
  connection.send('first');
  const lost = until(connection, 'lost');
  listening.socket.terminate();
  await lost;
  connection.send('waiting');
  connection.send('too');
  expect(told.sent).toEqual(['first']);
  await until(connection, 'restored');
  expect(told).toEqual({ above: ['app', 'app'], sent: ['first', 'waiting', 'too'], to: [1, 2, 2] });
});

test('a session that throws at what goes out does not hinder it', async () => {
  const heard: string[] = [];
  const { url } = await listen((socket) => socket.on('message', (data) => heard.push(textOf(data))));
  const { protocol } = watchful({
    session: () => ({
      opened: () => ({ named: {} }),
      sent() {
        throw new Error('thrown by a listener of the adapter suite');
      },
    }),
  });
  const connection = open(url, { protocol });
  const dropped = eventsOf(connection, 'dropped');
  await until(connection, 'open');
  expect(connection.send('a')).toBe(true);
  expect(connection.send('b')).toBe(true);
  await untilSo(() => heard.length === 2);
  expect(heard).toEqual(['a', 'b']);
  expect(dropped).toEqual([]);
});

test('a question waits for the end of what the app says, and its answer is a beat that confirms it', async () => {
  const heard: string[] = [];
  const { url } = await listen((socket) => {
    socket.send('INFO {"client_id":1}\r\n');
    socket.on('message', (data) => {
      heard.push(textOf(data));
      if (textOf(data) === 'PING\r\n') socket.send('PONG\r\n');
    });
  });
  const connection = open(url, { protocol: nats(), heartbeat: { interval: 50, timeout: 20_000 } });
  const states = statesOf(connection);
  await until(connection, 'open');
  connection.send('CONNECT {}\r\nPUB a 4\r\nab');
  // It has been asked for the question.
  await waitFor(connection.actor, (snapshot) => snapshot.matches({ socket: { alive: 'probing' } }));
  connection.send('cd\r\n');
  await waitFor(connection.actor, ({ context }) => context.roundTripTime !== undefined);
  expect(heard.slice(0, 3)).toEqual(['CONNECT {}\r\nPUB a 4\r\nab', 'cd\r\n', 'PING\r\n']);
  expect(states).toEqual(['connecting', 'awaiting-id', 'alive']);
  const lost = until(connection, 'lost');
  connection.reconnect();
  expect(await lost).toMatchObject({ unconfirmed: { messages: 0 } });
});
