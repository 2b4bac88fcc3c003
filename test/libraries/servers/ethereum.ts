/** As much of an Ethereum node's JSON-RPC as a client that watches its blocks needs. */
import type { WebSocket } from 'ws';

import { overWs, textOf } from './over.ts';

export const start = overWs((server) => {
  const subscribers = new Set<WebSocket>();
  server.on('connection', (socket) => {
    socket.on('close', () => subscribers.delete(socket));
    socket.on('message', (data) => {
      const { id, method } = JSON.parse(textOf(data)) as { id?: number; method: string };
      if (method === 'eth_subscribe') subscribers.add(socket);
      say(socket, { id: id ?? null, result: method === 'net_version' ? '1' : '0x1' });
    });
  });
  return {
    tell(news) {
      const params = { subscription: '0x1', result: { number: `0x${news.toString(16)}` } };
      for (const socket of subscribers) say(socket, { method: 'eth_subscription', params });
    },
  };
});

function say(socket: WebSocket, message: object): void {
  socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
}
