import { WebsocketProvider } from 'y-websocket';
import { Doc } from 'yjs';

import type { Library } from '../library.ts';

export const yWebsocket: Library = {
  packages: ['y-websocket'],
  server: () => import('../servers/y-websocket.ts'),
  isHeartless: true,
  use({ url, WebSocket, redial, hear, onEnd }) {
    const doc = new Doc();
    const provider = new WebsocketProvider(url, 'room', doc, {
      WebSocketPolyfill: WebSocket,
      // Documents of one process would meet without any server.
      disableBc: true,
      ...(redial !== undefined && { maxBackoffTime: redial }),
    });
    const room = doc.getMap<number>('room');
    room.observe(() => hear(room.get('news') ?? Number.NaN));
    onEnd(() => {
      provider.destroy();
      provider.awareness.destroy();
      doc.destroy();
    });
  },
};
