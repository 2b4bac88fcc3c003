import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider';
import { Doc } from 'yjs';

import type { Library } from '../library.ts';

export const hocuspocus: Library = {
  packages: ['@hocuspocus/provider'],
  server: () => import('../servers/hocuspocus.ts'),
  isHeartless: true,
  use({ url, WebSocket, redial, hear, onEnd }) {
    const websocketProvider = new HocuspocusProviderWebsocket({
      url,
      WebSocketPolyfill: WebSocket,
      ...(redial !== undefined && { delay: redial, minDelay: redial, maxDelay: redial }),
    });
    const document = new Doc();
    const provider = new HocuspocusProvider({ websocketProvider, name: 'room', document });
    provider.attach();
    const room = document.getMap<number>('room');
    room.observe(() => hear(room.get('news') ?? Number.NaN));
    onEnd(() => {
      provider.destroy();
      websocketProvider.destroy();
      document.destroy();
    });
  },
};
