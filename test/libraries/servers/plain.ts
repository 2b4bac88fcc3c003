/** A server such as many write for themselves: it tells whoever has said `"subscribe"`, and answers `ping` with `pong`. */
import type { WebSocket } from 'ws';

import { overWs, textOf } from './over.ts';

export const start = overWs((server) => {
  const subscribers = new Set<WebSocket>();
  server.on('connection', (socket) => {
    socket.on('close', () => subscribers.delete(socket));
    socket.on('message', (data) => {
      if (textOf(data) === '"subscribe"') subscribers.add(socket);
      if (textOf(data) === 'ping') socket.send('pong');
    });
  });
  return {
    tell(news) {
      for (const socket of subscribers) socket.send(JSON.stringify(news));
    },
  };
});
