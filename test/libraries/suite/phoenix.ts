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
      // It gives the line up when an answer has not come before its next question.
      ...(keepAlive !== undefined && { heartbeatIntervalMs: 10 * keepAlive }),
    });
    socket.connect();
    const channel = socket.channel('room');
    channel.on('news', ({ news }: { news: number }) => hear(news));
    channel.join();
    onEnd(() => socket.disconnect());
  },
};
