/** In workerd: what a WebSocket tells, to its handlers and to its listeners, in one answer; or a whole life, told as it is lived. The query says where. */
import { plain } from 'systole/protocols/plain';
import { HeartbeatWebSocket } from 'systole/websocket';

import { live } from './live.mjs';

const Kind = HeartbeatWebSocket.with({ retries: 0, protocol: plain() });

export default {
  async fetch({ url }) {
    const { pathname, searchParams } = new URL(url);
    if (pathname === '/life') return lifeOf(searchParams.get('door'), searchParams.get('url'));
    if (pathname === '/heard') return heardBy(searchParams.get('port'));
    return new Response('here');
  },
};

function lifeOf(door, url) {
  const { readable, writable } = new TransformStream();
  const writer = writable.getWriter();
  const tell = (...words) => void writer.write(new TextEncoder().encode(`${words.join(' ')}\n`));
  live(door, url, tell).then(
    () => writer.close(),
    (error) => writer.abort(error),
  );
  return new Response(readable);
}

async function heardBy(port) {
  const told = [];
  const socket = new Kind(`ws://127.0.0.1:${port}/`);
  for (const type of ['open', 'message', 'error', 'close']) {
    socket[`on${type}`] = () => told.push(`on${type} ${socket.readyState}`);
  }
  socket.addEventListener('open', () => socket.send('hello'));
  socket.addEventListener('message', ({ data }) => {
    told.push(data);
    socket.close(3_000, 'bye');
  });
  await new Promise((resolve) => {
    socket.addEventListener('close', ({ code, reason }) => {
      told.push(`${code} ${reason}`);
      resolve();
    });
  });
  return Response.json(told);
}
