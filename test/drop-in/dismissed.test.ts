/** A server that sends us away does so in words that the library above has to hear. */
import { expect, onTestFinished, test } from 'vitest';

import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import { actionCable } from '../../adapters/protocols/actioncable.ts';
import { listen } from '../helpers/support.ts';

const disconnect = '{"type":"disconnect","reason":"unauthorized","reconnect":false}';

test.each([
  ['before a welcome, with retries: 0', [disconnect], { retries: 0 }, ['open', disconnect, 'close 1006']],
  ['before a welcome, by default', [disconnect], {}, ['error', 'close 1006']],
  [
    'behind a welcome',
    ['{"type":"welcome"}', disconnect],
    { retries: 0 },
    ['open', '{"type":"welcome"}', disconnect, 'close 1006'],
  ],
])('%s', async (_, words, options, story) => {
  const { url } = await listen((socket) => {
    for (const each of words) socket.send(each);
  });
  const socket = new HeartbeatWebSocket(url, ['actioncable-v1-json'], { protocol: actionCable(), ...options });
  onTestFinished(() => socket.close());
  const told: string[] = [];
  socket.addEventListener('open', () => told.push('open'));
  socket.addEventListener('message', ({ data }) => told.push(String(data)));
  socket.addEventListener('error', () => told.push('error'));
  await new Promise<void>((resolve) =>
    socket.addEventListener('close', ({ code }) => {
      told.push(`close ${code}`);
      resolve();
    }),
  );
  expect(told).toEqual(story);
  expect(socket.readyState).toBe(socket.CLOSED);
});
