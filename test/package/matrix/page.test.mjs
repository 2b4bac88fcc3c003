/** What Jest runs in jsdom, whose WebSocket it is. */
import { writeSync } from 'node:fs';

import { connect } from 'systole';
import { plain } from 'systole/protocols/plain';
import { HeartbeatWebSocket } from 'systole/websocket';

import { live } from './live.mjs';

const { FAR_END: url, CABLED: cabled } = process.env;

test('a whole life', async () => {
  // Jest keeps back what goes to the console.
  const told = [];
  await live('connect', cabled, (...words) => writeSync(1, `${told[told.push(words.join(' ')) - 1]}\n`));
  expect(told).toHaveLength(5);
});

test('connect', async () => {
  const connection = connect(url);
  const told = [];
  for (const type of ['open', 'lost', 'dropped']) connection.on(type, () => told.push(type));
  connection.on('message', (data) => {
    told.push(typeof data === 'string' ? data : [...new Uint8Array(data)]);
    if (typeof data !== 'string') connection.close();
  });
  expect(connection.send('text')).toBe(true);
  expect(connection.send(new Uint8Array([1, 2]))).toBe(true);
  const end = await new Promise((resolve) => connection.on('closed', resolve));
  expect(told).toEqual(['open', 'text', [1, 2]]);
  expect(end).toMatchObject({ cause: 'user-closed', wasClean: true });
});

test('HeartbeatWebSocket', async () => {
  const socket = new HeartbeatWebSocket(url, [], { retries: 0, protocol: plain() });
  socket.binaryType = 'arraybuffer';
  const told = [];
  socket.onopen = ({ type }) => {
    told.push(type);
    socket.send('text');
  };
  socket.onmessage = ({ data }) => {
    if (data !== 'text') return;
    told.push(data);
    socket.close(3_000, 'enough');
  };
  const end = await new Promise((resolve) => {
    socket.onclose = resolve;
  });
  expect(told).toEqual(['open', 'text']);
  expect(end).toBeInstanceOf(CloseEvent);
  expect(end).toMatchObject({ type: 'close', code: 3_000, reason: 'enough', wasClean: true, reconnecting: false });
});
