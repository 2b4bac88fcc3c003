import { type NatsConnection, wsconnect } from '@nats-io/nats-core';
import { WebSocket } from 'ws';

import { freePort, startNats } from '../../helpers/engines.ts';
import type { Start, StandardClass } from '../library.ts';

export const start: Start = async (wanted) => {
  const port = wanted || (await freePort());
  const engine = await startNats(`websocket { host: 127.0.0.1, port: ${port}, no_tls: true }`);
  const publisher: NatsConnection = await wsconnect({
    servers: `ws://127.0.0.1:${port}`,
    wsFactory: async (url) => ({ socket: new (WebSocket as unknown as StandardClass)(url), encrypted: false }),
  });
  return {
    port,
    tell: (news) => publisher.publish('news', String(news)),
    async stop() {
      await publisher.close();
      await engine.stop();
    },
  };
};
