/**
 * What receiving a message costs, with `ws` alone and with systole, by turns: `node receiving.mjs URL PAYLOAD PAIRS COUNT`.
 * Says the processor time per message, in µs, of each pair. The server is `traffic-server.mjs`.
 */
import { connect } from 'systole';
import { WebSocket } from 'ws';

import { say } from '../../test/helpers/children/say.mjs';

const [url, payload, pairs, count] = process.argv.slice(2);
const request = JSON.stringify({ count: Number(count), payload });

function meter(finish) {
  let left = Number(count);
  let since;
  const start = () => {
    since = process.cpuUsage();
  };
  const hear = () => {
    left -= 1;
    if (left > 0) return;
    const { user, system } = process.cpuUsage(since);
    finish((user + system) / Number(count));
  };
  return { start, hear };
}

/** As most apps use it: `onmessage`. The first message names the session. */
const bare = () =>
  new Promise((resolve) => {
    const socket = new WebSocket(url);
    const { start, hear } = meter((cost) => {
      socket.terminate();
      resolve(cost);
    });
    socket.onmessage = () => {
      socket.onmessage = ({ data }) => hear(data);
      start();
      socket.send(request);
    };
  });

const systole = () =>
  new Promise((resolve) => {
    const connection = connect(url);
    const { start, hear } = meter((cost) => {
      connection.on('closed', () => resolve(cost));
      connection.close();
    });
    connection.on('message', (data) => hear(data));
    connection.on('open', () => {
      start();
      connection.send(request);
    });
  });

for (let i = 0; i < Number(pairs); i += 1) {
  // Each goes first as often as the other.
  const first = i % 2 === 0 ? bare : systole;
  const second = i % 2 === 0 ? systole : bare;
  const costs = [await first(), await second()];
  if (first === systole) costs.reverse();
  say('pair', { bare: costs[0], systole: costs[1] });
}
say('done');
