/**
 * A node in a process of its own: `servePush()` on npm `ws` and a log, as users run it. Where the log is in memory, all nodes are in one process, since they share it.
 * `node.mjs {"engine":…,"enginePort":…,"ports":[…],"kept":…}`
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { memoryLog, publisher, servePush } from 'systole/push/server';
import { WebSocketServer } from 'ws';

const { engine, enginePort, ports, kept: messages } = JSON.parse(process.argv[2]);

/** More than the clients' heartbeats take, and soon enough for who was left to be gone. */
const silence = 3_000;
/** Small, so that a slow reader falls behind. */
const maxUnsent = 32_768;
/** How long clients may take to answer a close frame, ms. */
const patience = 300;

const logs = {
  memory: async () => ({ log: memoryLog({ messages }), leave: () => {} }),
  async redis() {
    const [{ createClient }, { redisLog }] = await Promise.all([import('redis'), import('systole/push/redis')]);
    const client = createClient({
      socket: { host: '127.0.0.1', port: enginePort, reconnectStrategy: (tries) => Math.min(20 * 2 ** tries, 500) },
      pingInterval: 500,
    });
    client.on('error', () => {});
    // It serves before there is a line, as it does while there is none.
    client.connect().catch(() => {});
    return { log: redisLog({ client, messages }), leave: () => client.destroy() };
  },
  async nats() {
    const [{ connect }, { natsLog }] = await Promise.all([
      import('@nats-io/transport-node'),
      import('systole/push/nats'),
    ]);
    const connection = await connect({
      servers: `127.0.0.1:${enginePort}`,
      waitOnFirstConnect: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
      pingInterval: 1_000,
      maxPingOut: 2,
    });
    return { log: natsLog({ connection, messages }), leave: () => connection.close() };
  },
};

const { log, leave } = await logs[engine]();
const served = new Map();
let mostUnsent = 0;
let isEnding = false;

async function serve(port) {
  const sockets = new WebSocketServer({ host: '127.0.0.1', port, perMessageDeflate: false });
  await once(sockets, 'listening');
  served.set(port, { sockets, push: servePush(sockets, { log, silence, maxUnsent }) });
}

/** As a server should that is about to be replaced. */
async function close(port) {
  const { sockets, push } = served.get(port);
  served.delete(port);
  await push.close();
  const closed = once(sockets, 'close');
  sockets.close();
  await Promise.race([closed, sleep(patience)]);
  for (const socket of sockets.clients) socket.terminate();
  await closed;
}

const look = setInterval(() => {
  for (const { sockets } of served.values()) {
    for (const { bufferedAmount } of sockets.clients) mostUnsent = Math.max(mostUnsent, bufferedAmount);
  }
}, 20);

const calls = {
  publish: ([topic, text, id]) => publisher(log).publish(topic, text, { id }),
  position: ([topic]) => publisher(log).position(topic),
  serve: ([port]) => serve(port),
  close: ([port]) => close(port),
  mostUnsent: () => mostUnsent,
  /** All is over: with nothing left that holds it, this process ends. */
  async end() {
    isEnding = true;
    clearInterval(look);
    await Promise.all([...served.keys()].map(close));
    await log.close();
    await leave();
  },
};

process.on('message', async ({ id, call, given }) => {
  const answer = await Promise.resolve(calls[call](given)).then(
    (value) => ({ id, value }),
    ({ code, message }) => ({ id, error: { code, message } }),
  );
  if (!process.connected) return;
  process.send(answer, () => call === 'end' && process.disconnect());
});
// With the test, its nodes are gone.
process.on('disconnect', () => isEnding || process.exit(1));

await Promise.all(ports.map(serve));
process.send({ id: 0 });
