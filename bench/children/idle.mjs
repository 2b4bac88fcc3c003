/**
 * What an idle connection takes: `node --expose-gc idle.mjs URL KIND COUNT`, KIND being `bare` (`ws` alone) or `systole`.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { connect } from 'systole';
import { WebSocket } from 'ws';

import { say } from '../../test/helpers/children/say.mjs';

const [url, kind, count] = process.argv.slice(2);
const kinds = {
  bare: () =>
    new Promise((resolve) => {
      const socket = new WebSocket(url);
      socket.onmessage = () => resolve(() => socket.terminate());
    }),
  systole: () =>
    new Promise((resolve) => {
      const connection = connect(url, { stableAfter: 0 });
      connection.on('message', () => {});
      connection.on('open', () => resolve(() => connection.close()));
    }),
};

async function heap() {
  for (let i = 0; i < 4; i += 1) {
    globalThis.gc();
    await sleep(20);
  }
  return process.memoryUsage().heapUsed;
}

const closers = [];
const open = async (many) => {
  for (let i = 0; i < many; i += 1) closers.push(await kinds[kind]());
};
// Code is compiled, caches are filled.
await open(100);
const before = await heap();
await open(Number(count));
const bytes = ((await heap()) - before) / Number(count);
const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
say('measured', { bytes, timers });
for (const close of closers) close();
