import { Client } from '@stomp/stompjs';

import type { Library } from '../library.ts';

export const stomp: Library = {
  packages: ['@stomp/stompjs'],
  server: () => import('../servers/stomp.ts'),
  remark: 'this broker lets its client beat, and does not beat itself',
  use({ url, WebSocket, redial, keepAlive, hear, onEnd }) {
    const client = new Client({
      webSocketFactory: () => new WebSocket(url, ['v12.stomp', 'v11.stomp', 'v10.stomp']),
      ...(redial !== undefined && { reconnectDelay: redial }),
      ...(keepAlive !== undefined && { heartbeatOutgoing: keepAlive, heartbeatIncoming: 0 }),
      onConnect: () => client.subscribe('/news', ({ body }) => hear(Number(body))),
    });
    client.activate();
    onEnd(() => client.deactivate({ force: true }));
  },
};
