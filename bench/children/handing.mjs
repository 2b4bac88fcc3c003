/**
 * What it costs a server to hand a message to many listeners, in a bare loop over its sockets and as a message of a topic, by turns:
 * `node handing.mjs PAYLOAD LISTENERS PAIRS COUNT`. Says the processor time per listener and message, in µs, of each pair. The listeners are `crowd.mjs`.
 */
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { servePush } from 'systole/push/server';
import { WebSocket, WebSocketServer } from 'ws';

import { say } from '../../test/helpers/children/say.mjs';

const [payload, listeners, pairs, count] = process.argv.slice(2);
/** What the crowd says. */
const words = new EventEmitter();

async function serve() {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  server.on('connection', (socket) => socket.on('message', (word) => words.emit(new TextDecoder().decode(word))));
  await once(server, 'listening');
  return server;
}

const bareServer = await serve();
const pushServer = await serve();
const push = servePush(pushServer);

/** As the documentation of `ws` has it. */
async function bare() {
  for (const client of bareServer.clients) {
    if (client.readyState === WebSocket.OPEN) client.send(payload);
  }
}

const systole = () => push.publish('crowd', payload);

/** Until all have heard all of it: what is not written yet has not cost all it costs. */
async function cost(hand) {
  const heard = once(words, 'heard');
  const since = process.cpuUsage();
  for (let i = 0; i < Number(count); i += 1) {
    await hand();
    await turn();
  }
  await heard;
  const { user, system } = process.cpuUsage(since);
  return (user + system) / Number(count) / Number(listeners);
}

const urls = [bareServer, pushServer].map((server) => `ws://127.0.0.1:${server.address().port}`);
const crowd = fileURLToPath(new URL('crowd.mjs', import.meta.url));
spawn(process.execPath, [crowd, listeners, String(count * listeners), ...urls], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
await once(words, 'ready');

for (let i = 0; i < Number(pairs); i += 1) {
  // Sockets that were at rest cost more: each begins once after itself, and once after the other.
  const costs = [await cost(bare), await cost(systole), await cost(systole), await cost(bare)];
  say('pair', { bare: (costs[0] + costs[3]) / 2, systole: (costs[1] + costs[2]) / 2 });
}
say('done');
process.exit();
