/**
 * What receiving a message costs in two ways, by turns: `node receiving.mjs URL PAYLOAD BARE OURS PAIRS COUNT`, BARE and OURS being `ws` (alone), `connect`,
 * or `push` (as a message of a topic). Says the processor time per message, in µs, of each pair. The server is `traffic-server.mjs`.
 */
import { connect } from 'systole';
import { connectPush } from 'systole/push';
import { WebSocket } from 'ws';

import { say } from '../../test/helpers/children/say.mjs';

const [url, payload, bare, ours, pairs, count] = process.argv.slice(2);
const request = (more) => JSON.stringify({ count: Number(count), payload, ...more });

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

const ways = {
  /** As most apps use it: `onmessage`. The first message names the session. */
  ws: () =>
    new Promise((resolve) => {
      const socket = new WebSocket(url);
      const { start, hear } = meter((cost) => {
        socket.terminate();
        resolve(cost);
      });
      socket.onmessage = () => {
        socket.onmessage = ({ data }) => hear(data);
        start();
        socket.send(request());
      };
    }),
  connect: () =>
    new Promise((resolve) => {
      const connection = connect(url);
      const { start, hear } = meter((cost) => {
        connection.on('closed', () => resolve(cost));
        connection.close();
      });
      connection.on('message', (data) => hear(data));
      connection.on('open', () => {
        start();
        connection.send(request());
      });
    }),
  push: () =>
    new Promise((resolve) => {
      const push = connectPush(url);
      const { start, hear } = meter((cost) => {
        push.connection.on('closed', () => resolve(cost));
        push.close();
      });
      const topic = push.topic('traffic');
      topic.on('message', (data) => hear(data));
      topic.on('caught-up', () => {
        start();
        push.connection.send(request({ push: true }));
      });
    }),
};

for (let i = 0; i < Number(pairs); i += 1) {
  // Each goes first as often as the other.
  const first = i % 2 === 0 ? bare : ours;
  const second = i % 2 === 0 ? ours : bare;
  const costs = [await ways[first](), await ways[second]()];
  if (first === ours) costs.reverse();
  say('pair', { bare: costs[0], systole: costs[1] });
}
say('done');
