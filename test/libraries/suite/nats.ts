import { wsconnect } from '@nats-io/nats-core';

import { nats as dialect } from '../../../adapters/protocols/nats.ts';
import type { Library } from '../library.ts';

export const nats: Library = {
  packages: ['@nats-io/nats-core'],
  server: () => import('../servers/nats.ts'),
  dialect,
  async use({ url, WebSocket, redial, keepAlive, hear, onEnd }) {
    const connection = await wsconnect({
      servers: url,
      wsFactory: async (address) => ({ socket: new WebSocket(address), encrypted: false }),
      // By default it gives up after ten dials.
      maxReconnectAttempts: -1,
      ...(redial !== undefined && { reconnectTimeWait: redial, reconnectJitter: 1 }),
      ...(keepAlive !== undefined && { pingInterval: keepAlive, maxPingOut: 20 }),
    });
    connection.subscribe('news', { callback: (_, message) => hear(Number(message.string())) });
    onEnd(() => connection.close());
  },
};
