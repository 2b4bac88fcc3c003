import { Socket } from 'phoenix';

import { phoenix as dialect } from '../../../adapters/protocols/phoenix.ts';
import type { Library } from '../library.ts';

export const phoenix: Library = {
  packages: ['phoenix'],
  server: () => import('../servers/phoenix.news.ts'),
  dialect,
  use({ url, WebSocket, redial, keepAlive, hear, onEnd }) {
    const socket = new Socket(`${url}/socket`, {
      transport: WebSocket,
      ...(redial !== undefined && { reconnectAfterMs: () => redial, rejoinAfterMs: () => redial }),
      ...(keepAlive !== undefined && { heartbeatIntervalMs: keepAlive }),
    });
    socket.connect();
    const channel = socket.channel('room');
    channel.on('news', ({ news }: { news: number }) => hear(news));
    channel.join();
    onEnd(() => socket.disconnect());
  },
};
