/** Asks a hub whose log is away for topics, again and again: `node --expose-gc asking.mjs`. */
import { Hub, memoryLog } from 'systole/push/server';

import { say } from '../../helpers/children/say.mjs';

const memory = memoryLog();
const log = {
  append: () => memory.append('never', ''),
  head: () => Promise.reject(new Error('away')),
  read: () => Promise.reject(new Error('away')),
  follow: (...given) => memory.follow(...given),
  onReset: () => () => {},
  close: () => memory.close(),
};
// As if there were seconds between what it asks.
let now = 0;
const clock = { now: () => (now += 1_000), setTimeout: (tell, ms) => setTimeout(() => tell(), ms), clearTimeout };
const hub = new Hub({ log, clock });
const guest = hub.join({ bufferedAmount: 0, send() {}, close() {}, terminate() {} }, {});
const frame = `~s ${JSON.stringify(Array.from({ length: 100 }, (_, i) => [`t${i}`]))}`;

async function ask(times) {
  for (let i = 0; i < times; i += 1) {
    guest.received(frame);
    await new Promise((resolve) => setImmediate(resolve));
  }
  gc();
  return process.memoryUsage().heapUsed;
}

const before = await ask(100);
say('asked', { bytesEach: ((await ask(500)) - before) / 500 / 100 });
hub.close();
