import { WebSocket as Transport } from 'engine.io-client';
import { io } from 'socket.io-client';

import type { Library } from '../library.ts';

export const socketIo: Library = {
  packages: ['socket.io-client'],
  server: () => import('../servers/socket-io.ts'),
  remark: 'both ends count the beats of the server',
  use({ url, WebSocket, redial, hear, onEnd }) {
    class OnOurs extends Transport {
      override createSocket(address: string, protocols: string | string[] | undefined) {
        return new WebSocket(address, protocols);
      }
    }
    const socket = io(url.replace(/^ws/, 'http'), {
      transports: [OnOurs],
      forceNew: true,
      ...(redial !== undefined && { reconnectionDelay: redial, reconnectionDelayMax: redial, randomizationFactor: 0 }),
    });
    socket.on('news', hear);
    onEnd(() => socket.disconnect());
  },
};
