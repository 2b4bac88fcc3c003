/**
 * What sending a message costs, with `ws` alone and with systole, by turns: `node sending.mjs URL KIND BYTES PAIRS COUNT`, KIND being `text` or
 * `binary`. Says the processor time per message, in µs, of each pair. The server is `traffic-server.mjs`.
 */
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';

import { connect } from 'systole';
import { WebSocket } from 'ws';

import { say } from '../../test/helpers/children/say.mjs';

const [url, kind, bytes, pairs, count] = process.argv.slice(2);
const payload = kind === 'text' ? 'x'.repeat(Number(bytes)) : new Uint8Array(Number(bytes)).fill(7);
/** Messages before the socket is left to write them. */
const burst = 200;

/** Down to the last byte: what is not written yet has not cost all it costs. */
async function pump(to) {
  const since = process.cpuUsage();
  for (let left = Number(count); left > 0; left -= burst) {
    for (let i = 0; i < burst; i += 1) to.send(payload);
    do await turn();
    while (to.bufferedAmount > 0);
  }
  const { user, system } = process.cpuUsage(since);
  return (user + system) / Number(count);
}

const bare = new WebSocket(url);
await once(bare, 'message'); // the name
const systole = connect(url);
await new Promise((resolve) => systole.on('open', resolve));

for (let i = 0; i < Number(pairs); i += 1) {
  // Each goes first as often as the other.
  const order = i % 2 === 0 ? [bare, systole] : [systole, bare];
  const costs = [await pump(order[0]), await pump(order[1])];
  if (order[0] === systole) costs.reverse();
  say('pair', { bare: costs[0], systole: costs[1] });
}
say('done');
bare.terminate();
systole.close();
