import { Client } from '@colyseus/sdk';

import type { Library } from '../library.ts';
import { standIn } from '../stand-in.ts';

export const colyseus: Library = {
  packages: ['@colyseus/sdk'],
  server: () => import('../servers/colyseus.ts'),
  isHeartless: true,
  remark: 'joins anew: the way back to its seat (`reconnection`) is open only when the server has missed the old line',
  async use({ url, WebSocket, redial, hear, onEnd }) {
    standIn(url, WebSocket);
    const client = new Client(url);
    let leave = () => {};
    let isOver = false;
    // Its own way back to a seat is open only when the server has missed the old line: an app that joins anew is there first.
    const join = async (): Promise<void> => {
      if (isOver) return;
      try {
        const room = await client.joinOrCreate('news');
        room.onMessage('news', hear);
        room.onError(() => {});
        room.onLeave(() => void join());
        room.reconnection.enabled = false;
        leave = () => room.connection.close();
      } catch {
        setTimeout(() => void join(), redial ?? 1_000);
      }
    };
    await join();
    onEnd(() => {
      isOver = true;
      leave();
    });
  },
};
