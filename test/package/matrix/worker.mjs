/** In workerd: what a WebSocket tells, to its handlers and to its listeners. The port of the server stands in the query. */
import { plain } from 'systole/protocols/plain';
import { HeartbeatWebSocket } from 'systole/websocket';

const Kind = HeartbeatWebSocket.with({ retries: 0, protocol: plain() });

export default {
  async fetch({ url }) {
    const told = [];
    const socket = new Kind(`ws://127.0.0.1:${new URL(url).searchParams.get('port')}/`);
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
  },
};
