/**
 * A server of those who listen: `node trusted-node.mjs WAY OPTIONS`. Says where it listens; for `clients` how many there are; and for `publish` so many messages of
 * so many bytes, so many a second (default: as fast as they are taken). Each begins with its number and with when it was handed over (`now()`).
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { now, onCommand, say } from '../../test/helpers/children/say.mjs';
import { wayOf } from '../peers/trusted/index.mjs';

const [way, options] = process.argv.slice(2);
const node = await (await wayOf(way)).serve(JSON.parse(options));

onCommand({
  clients() {
    say('done: clients', { clients: node.clients });
  },
  async publish({ count, bytes, perSecond = Infinity }) {
    const since = now();
    for (let i = 0; i < count; i += 1) {
      const early = since + (i * 1_000) / perSecond - now();
      if (early > 0) await sleep(early);
      await node.publish(`${i} ${now()} `.padEnd(bytes, 'x'));
    }
    say('done: publish');
  },
});
say('listening', { port: node.port });
