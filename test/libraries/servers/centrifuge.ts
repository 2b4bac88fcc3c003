/**
 * As much of Centrifugo's client protocol as a client that listens needs: lines of JSON; `connect`, `subscribe`, publications, and empty lines, which the
 * server sends every 25 s and the client answers.
 */
import type { WebSocket } from 'ws';

import { overWs, textOf } from './over.ts';

interface Command {
  id?: number;
  connect?: object;
  subscribe?: { channel: string };
}

export const start = overWs((server, keepAlive = 25_000) => {
  // Seconds, in whole numbers.
  const ping = Math.ceil(keepAlive / 1_000);
  const subscribers = new Set<WebSocket>();
  server.on('connection', (socket) => {
    const pings = setInterval(() => socket.send('{}'), keepAlive);
    socket.on('close', () => {
      clearInterval(pings);
      subscribers.delete(socket);
    });
    socket.on('message', (data) => {
      for (const line of textOf(data).split('\n')) {
        const { id, connect, subscribe } = JSON.parse(line || '{}') as Command;
        if (connect) say(socket, { id, connect: { client: 'a', version: '6.0.0', ping, pong: true } });
        if (subscribe) {
          say(socket, { id, subscribe: {} });
          subscribers.add(socket);
        }
      }
    });
  });
  return {
    tell(news) {
      for (const socket of subscribers) say(socket, { push: { channel: 'news', pub: { data: news } } });
    },
  };
});

function say(socket: WebSocket, reply: object): void {
  socket.send(JSON.stringify(reply));
}
