/**
 * A server and its clients, which come, go, and are gone; then it is left to Node to exit: `node leaving.mjs [PORT OF REDIS]`.
 */
import { createHook } from 'node:async_hooks';
import { once } from 'node:events';

import { createClient } from 'redis';
import { connectPush } from 'systole/push';
import { redisLog } from 'systole/push/redis';
import { memoryLog, servePush } from 'systole/push/server';
import { WebSocketServer } from 'ws';

import { say } from '../../helpers/children/say.mjs';

/** Timers that run, also those that do not hold the process. */
const timers = new Set();
createHook({
  init: (id, type) => void (type === 'Timeout' && timers.add(id)),
  destroy: (id) => void timers.delete(id),
}).enable();

const left = () => ({
  timers: timers.size,
  sockets: process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length,
});
const [redisPort] = process.argv.slice(2);
const redis = redisPort && createClient({ socket: { host: '127.0.0.1', port: Number(redisPort) } });
await redis?.connect();
const log = redis ? redisLog({ client: redis, prefix: `leaving-${process.pid}:` }) : memoryLog();

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
await once(server, 'listening');
const push = servePush(server, {
  log,
  authenticate: () => ({ expires: Date.now() + 3_600_000 }),
  authorize: (_, topic) => topic !== 'secret',
});
const url = `ws://127.0.0.1:${server.address().port}`;

const caughtUp = (topic) => new Promise((resolve) => topic.on('caught-up', resolve));
for (let round = 0; round < 5; round += 1) {
  const clients = Array.from({ length: 10 }, () => connectPush(url, { backoff: { initial: 10 }, store: new Map() }));
  await Promise.all(
    clients.map(async (client, i) => {
      client.topic('secret').on('refused', () => {});
      const all = client.topic('all');
      all.on('refused', () => {});
      await Promise.all([caughtUp(all), caughtUp(client.topic(`own-${round}-${i}`))]);
    }),
  );
  await push.publish('all', 'hello');
  const back = clients.map((client) => new Promise((resolve) => client.connection.on('restored', resolve)));
  if (round % 2 === 0) for (const socket of server.clients) socket.terminate();
  else for (const client of push.clients) client.close(1001);
  await Promise.all(back);
  say('there', left());
  push.revoke('all');
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
}
while (push.clients.size > 0 || server.clients.size > 0) await new Promise((resolve) => setImmediate(resolve));

await push.close();
await log.close();
const closed = once(server, 'close');
server.close();
await closed;
redis?.destroy();
const listeners = server.eventNames().flatMap((event) => server.listeners(event)).length;
// Not within a timer, which would count.
setTimeout(() => setImmediate(() => say('left', { ...left(), listeners })), 50);
