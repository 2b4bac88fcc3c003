/** As much of Home Assistant's WebSocket API as a client that listens needs: who comes says a token, and each of its commands has a result. */
import type { WebSocket } from 'ws';

import { overWs, textOf } from './over.ts';

interface Command {
  id: number;
  type: string;
}

const version = { ha_version: '2026.11.0' };

export const start = overWs((server) => {
  const subscriptions = new Map<WebSocket, number>();
  server.on('connection', (socket) => {
    const say = (message: object) => socket.send(JSON.stringify(message));
    socket.on('close', () => subscriptions.delete(socket));
    let lastId = 0;
    socket.on('message', (data) => {
      const { id, type } = JSON.parse(textOf(data)) as Command;
      const refuse = (code: string) => say({ id, type: 'result', success: false, error: { code, message: '' } });
      if (type === 'auth') return say({ type: 'auth_ok', ...version });
      if (id <= lastId) return refuse('id_reuse');
      if (type === 'subscribe_events') subscriptions.set(socket, id);
      else if (type !== 'ping' && type !== 'supported_features') return refuse('unknown_command');
      lastId = id;
      say(type === 'ping' ? { id, type: 'pong' } : { id, type: 'result', success: true, result: null });
    });
    say({ type: 'auth_required', ...version });
  });
  return {
    tell(news) {
      for (const [socket, id] of subscriptions) {
        socket.send(JSON.stringify({ id, type: 'event', event: { event_type: 'news', data: { news } } }));
      }
    },
  };
});
