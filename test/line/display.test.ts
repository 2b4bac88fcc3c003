/** What `console.log` shows: five lines, and nothing that may be secret. */
import { inspect } from 'node:util';

import { expect, test } from 'vitest';

import { connect } from '../../adapters/connect.ts';
import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import { json } from '../../adapters/index.ts';
import { connectPush } from '../../push/index.ts';
import { listen, open, speakIdHeartbeat, until, untilState } from '../helpers/support.ts';
import { virtualWorld } from '../kit/virtual-world.ts';

const secrets = /hunter2|token|Bearer|5f0e9c1a/;
const id = '5f0e9c1a-full-name-of-a-session-7d3e';

test('a connection, alive and lost: five lines, whatever is in it', async () => {
  const server = await listen((socket) => speakIdHeartbeat(socket, id));
  const url = `${server.url}hunter2?token=hunter2`;
  const connection = open(url, {
    headers: { authorization: 'Bearer hunter2' },
    protocols: ['hunter2'],
    backoff: { initial: 60_000 },
  });
  connection.send('hunter2');
  const shown = [inspect(connection)];
  await untilState(connection, 'alive');
  shown.push(
    inspect(connection),
    inspect({ deep: { within: [connection] } }, { depth: 9 }),
    inspect(connection, { colors: true }),
  );
  const lost = until(connection, 'lost');
  server.server.close();
  server.socket.terminate();
  await lost;
  shown.push(inspect(connection));
  for (const each of shown) {
    expect(each).not.toMatch(secrets);
    expect(each).toMatch(/Connection \{\n/);
  }
  const lines = shown.map((each) => each.split('\n').length);
  // Before there was an id, and then alive, within other things, in colours, and lost.
  expect(lines).toEqual([4, 5, expect.any(Number), 5, 5]);
  expect(shown[1]).toMatch(
    /^Connection \{\n {2}state: 'alive', since: [\dTZ:.-]+, attempt: 1\n {2}id: '…7d3e', .*\n {2}bufferedAmount: 0\n\}$/,
  );
  expect(shown.at(-1)).toMatch(
    /state: 'reconnecting', since: \S+, cause: 'peer-closed', attempt: \d, nextDialAt: \S+\n/,
  );
});

test('a WebSocket, before, while and after; with other defaults as well', async () => {
  const server = await listen();
  const url = `${server.url}hunter2?token=hunter2`;
  for (const Class of [HeartbeatWebSocket, HeartbeatWebSocket.with({ stableAfter: 0 })]) {
    const socket = new Class(url, 'hunter2', { startClosed: true });
    expect(inspect(socket)).toBe("WebSocket {\n  readyState: 'CLOSED'\n  bufferedAmount: 0\n}");
    socket.reconnect();
    await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
    const shown = inspect(socket);
    expect(shown).toMatch(
      /^WebSocket \{\n {2}readyState: 'OPEN', state: 'alive', since: .*\n.*\n {2}bufferedAmount: 0\n\}$/,
    );
    expect(shown).not.toMatch(secrets);
    socket.close();
    await new Promise((resolve) => socket.addEventListener('close', resolve, { once: true }));
    expect(inspect(socket)).toMatch(/readyState: 'CLOSED', state: 'closed', since: .*cause: 'user-closed'/);
  }
});

test('each state by its name, and a dial that waits until the page is seen', async () => {
  const connecting = new HeartbeatWebSocket('ws://127.0.0.1:1');
  connecting.onerror = () => {};
  expect(inspect(connecting)).toMatch(/readyState: 'CONNECTING', state: 'connecting'/);
  connecting.close();
  const server = await listen();
  const closing = new HeartbeatWebSocket(server.url);
  await new Promise((resolve) => closing.addEventListener('open', resolve, { once: true }));
  closing.close();
  expect(inspect(closing)).toMatch(/readyState: 'CLOSING', state: 'closing'/);
  await new Promise((resolve) => closing.addEventListener('close', resolve, { once: true }));

  const world = virtualWorld({ seed: 1, like: 'browser' });
  const { lifecycle } = world.options;
  const connection = connect('ws://virtual', { ...world.options, lifecycle: { ...lifecycle, whileHidden: 'hold' } });
  await world.until(() => connection.state === 'alive');
  await world.run(61_000);
  expect(inspect(connection)).toMatch(/roundTripTime: \d+/);
  world.hide();
  world.reset();
  await world.until(() => connection.state === 'reconnecting');
  expect(inspect(connection)).toMatch(/nextDialAt: 'when the page is seen'/);
  connection.close();
});

test('it may be replaced', () => {
  const custom = Symbol.for('nodejs.util.inspect.custom');
  expect(Object.getOwnPropertyDescriptor(HeartbeatWebSocket.prototype, custom)).toMatchObject({
    configurable: true,
    enumerable: false,
    writable: true,
  });
});

test('a subclass by its name; a push shows its connection', () => {
  class Chat extends HeartbeatWebSocket {}
  expect(inspect(new Chat('ws://127.0.0.1:1', [], { startClosed: true }))).toMatch(/^Chat \{/);
  const push = connectPush('ws://127.0.0.1:1/?token=hunter2');
  expect(inspect(push)).toMatch(/Connection \{\n +state: 'connecting'/);
  push.close();
  const connection = connect('ws://127.0.0.1:1', { codec: json(), retries: 0 });
  expect(inspect(connection)).toMatch(/^Connection \{/);
  connection.close();
});
