/**
 * As much of ASP.NET Core SignalR's hub protocol as a client that listens needs: records of JSON, each ended by 0x1e; the handshake, invocations (1), and
 * pings (6), which the server sends every 15 s.
 */
import type { WebSocket } from 'ws';

import { overWs, textOf } from './over.ts';

const end = '\u001E';

export const start = overWs((server, keepAlive = 15_000) => {
  const clients = new Set<WebSocket>();
  server.on('connection', (socket) => {
    socket.on('close', () => clients.delete(socket));
    socket.once('message', (data) => {
      const { protocol } = JSON.parse(textOf(data).split(end)[0] ?? '') as { protocol?: unknown };
      if (protocol !== 'json') return socket.close();
      say(socket, {});
      clients.add(socket);
    });
  });
  const all = (record: object) => {
    for (const socket of clients) say(socket, record);
  };
  const pings = setInterval(() => all({ type: 6 }), keepAlive);
  return {
    tell: (news) => all({ type: 1, target: 'news', arguments: [news] }),
    stop: () => clearInterval(pings),
  };
});

function say(socket: WebSocket, record: object): void {
  socket.send(JSON.stringify(record) + end);
}
