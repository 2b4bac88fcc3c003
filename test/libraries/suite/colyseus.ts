import { Client, type Room } from '@colyseus/sdk';

import type { Library } from '../library.ts';
import { standIn } from '../stand-in.ts';

export const colyseus: Library = {
  packages: ['@colyseus/sdk'],
  server: () => import('../servers/colyseus.ts'),
  isHeartless: true,
  async use({ url, WebSocket, redial, hear, onEnd }) {
    standIn(url, WebSocket);
    const client = new Client(url);
    let room: Room | undefined;
    let isOver = false;
    // Where the server has no place for who comes back, an app joins anew.
    const join = async (): Promise<void> => {
      if (isOver) return;
      try {
        room = await client.joinOrCreate('news');
      } catch {
        setTimeout(() => void join(), redial ?? 1_000);
        return;
      }
      room.onMessage('news', hear);
      room.onError(() => {});
      room.onLeave(() => void join());
      Object.assign(room.reconnection, {
        minUptime: 0,
        ...(redial !== undefined && { minDelay: redial, maxDelay: redial, maxRetries: 2 }),
      });
    };
    await join();
    onEnd(() => {
      isOver = true;
      if (room) room.reconnection.enabled = false;
      room?.connection.close();
    });
  },
};
