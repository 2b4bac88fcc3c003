/** As much of Rails' Action Cable as a client that listens needs: a welcome, a ping every three seconds, a confirmation, and messages. */
import type { WebSocket } from 'ws';

import { overWs, textOf } from './over.ts';

interface Command {
  command: string;
  identifier: string;
}

export const start = overWs(
  (server, keepAlive = 3_000) => {
    const subscriptions = new Map<WebSocket, string>();
    server.on('connection', (socket) => {
      const say = (message: object) => socket.send(JSON.stringify(message));
      const pings = setInterval(() => say({ type: 'ping', message: Math.floor(Date.now() / 1_000) }), keepAlive);
      socket.on('close', () => {
        clearInterval(pings);
        subscriptions.delete(socket);
      });
      socket.on('message', (data) => {
        const { command, identifier } = JSON.parse(textOf(data)) as Command;
        if (command !== 'subscribe') return;
        subscriptions.set(socket, identifier);
        say({ type: 'confirm_subscription', identifier });
      });
      say({ type: 'welcome' });
    });
    return {
      tell(news) {
        for (const [socket, identifier] of subscriptions) socket.send(JSON.stringify({ identifier, message: news }));
      },
    };
  },
  { handleProtocols: () => 'actioncable-v1-json' },
);
