/** What many write: a loop over the clients of `ws`, between nodes by `PUBLISH` of Redis, and reconnecting-websocket. Nothing is kept of what was said. */
import { once } from 'node:events';

import ReconnectingWebSocket from 'reconnecting-websocket';
import { WebSocket, WebSocketServer } from 'ws';

import { PlainWebSocket } from '../global-class.mjs';
import { oursBeneath } from '../ours.mjs';

const topic = 'news';

async function serve({ engine, port }) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  const hand = (text) => {
    for (const client of server.clients) if (client.readyState === WebSocket.OPEN) client.send(text);
  };
  await once(server, 'listening');
  const publish = engine === 'redis' ? await throughRedis(port, hand) : hand;
  return {
    port: server.address().port,
    get clients() {
      return server.clients.size;
    },
    publish,
  };
}

async function throughRedis(port, hand) {
  const { createClient } = await import('redis');
  const client = await createClient({ url: `redis://127.0.0.1:${port}` }).connect();
  const ear = await client.duplicate().connect();
  await ear.subscribe(topic, hand);
  return (text) => client.publish(topic, text);
}

/** That it opens again is all it says. */
const listenOn = (classOf) =>
  function listen({ url, heartbeat, onListening, onMessage, onDoubt }) {
    const socket = new ReconnectingWebSocket(url, [], {
      WebSocket: classOf(heartbeat),
      // Its default, which it draws once for a page: each of these is one.
      minReconnectionDelay: 1_000 + Math.random() * 4_000,
    });
    let isFirst = true;
    socket.onopen = () => {
      if (!isFirst) onDoubt();
      isFirst = false;
      onListening();
    };
    socket.onmessage = ({ data }) => onMessage(data);
    socket.onerror = () => {};
  };

/** @type {import('./way.d.ts').Way} */
export const plain = { serve, listen: listenOn(() => PlainWebSocket) };

/** The same on our class. @type {import('./way.d.ts').Way} */
export const heartbeats = {
  serve,
  listen: listenOn(oursBeneath),
};
