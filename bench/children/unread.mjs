/**
 * A server of push, with its log in memory: `node --expose-gc unread.mjs`. For `publish` so many messages of 1 kB, so many a second, and then the most that waited
 * for any client meanwhile, bytes; for `weigh` what the process holds.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { memoryLog, servePush } from 'systole/push/server';
import { WebSocketServer } from 'ws';

import { now, onCommand, say } from '../../test/helpers/children/say.mjs';

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
const log = memoryLog();
servePush(server, { log });
server.on('listening', () => say('listening', { port: server.address().port }));

onCommand({
  async publish({ topic, count, perSecond }) {
    const since = now();
    let waited = 0;
    for (let i = 0; i < count; i += 1) {
      const early = since + (i * 1_000) / perSecond - now();
      if (early > 0) await sleep(early);
      // Without an id, which the log would keep for two minutes.
      await log.append(topic, `${now()} `.padEnd(1_000, 'x'));
      for (const { bufferedAmount } of server.clients) waited = Math.max(waited, bufferedAmount);
    }
    say('done: publish', { waited, clients: server.clients.size });
  },
  async weigh() {
    for (let i = 0; i < 4; i += 1) {
      globalThis.gc();
      await sleep(20);
    }
    const { heapUsed, external } = process.memoryUsage();
    say('done: weigh', { bytes: heapUsed + external });
  },
});
