/**
 * What an idle connection takes: `node --expose-gc idle.mjs LIBRARY URL COUNT SETTLING`, where SETTLING is how long to wait, in ms, until
 * nothing goes on any more that belongs to a beginning. The server is `exchange-server.mjs`.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { say } from '../../test/helpers/children/say.mjs';
import { peerOf } from '../peers/index.mjs';

const [library, url, count, settling] = process.argv.slice(2);
const peer = await peerOf(library);

const clients = [];

async function open(many) {
  for (let i = 0; i < many; i += 1) await new Promise((resolve, reject) => void dial(resolve).catch(reject));
}

async function dial(onOpen) {
  clients.push(await peer.dial({ url, onOpen, onMessage: () => {} }));
}

async function heap() {
  for (let i = 0; i < 4; i += 1) {
    globalThis.gc();
    await sleep(20);
  }
  return process.memoryUsage().heapUsed;
}

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

// Code is compiled, caches are filled.
await open(100);
await sleep(Number(settling));
const before = { heap: await heap(), timers: timers() };
await open(Number(count));
await sleep(Number(settling));
say('measured', {
  bytes: ((await heap()) - before.heap) / Number(count),
  timers: (timers() - before.timers) / Number(count),
});
process.exit();
