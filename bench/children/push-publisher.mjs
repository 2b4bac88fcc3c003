/**
 * Publishes and serves nobody: `node push-publisher.mjs ENGINE PORT`. For `publish` so many messages of so many bytes, so many a second (default: as fast as they
 * are acknowledged). Each begins with the time at which it was handed over, ms on the machine's monotonic clock.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { publisher } from 'systole/push/server';

import { now, onCommand, say } from '../../test/helpers/children/say.mjs';
import { logIn } from './engine-log.mjs';

const [engine, port] = process.argv.slice(2);
const into = publisher(await logIn(engine, port));

onCommand({
  async position({ topic }) {
    say('done: position', { cursor: await into.position(topic) });
  },
  async publish({ topic, count, bytes, perSecond = Infinity }) {
    const since = now();
    for (let i = 0; i < count; i += 1) {
      const early = since + (i * 1_000) / perSecond - now();
      if (early > 0) await sleep(early);
      await into.publish(topic, `${now()} `.padEnd(bytes, 'x'));
    }
    say('done: publish');
  },
});
say('ready');
