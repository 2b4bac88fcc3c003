import { Aedes } from 'aedes';
import { createWebSocketStream } from 'ws';

import { overWs } from './over.ts';

export const start = overWs(
  async (server) => {
    const broker = await Aedes.createBroker();
    server.on('connection', (socket) => {
      const stream = createWebSocketStream(socket);
      stream.on('error', () => {});
      broker.handle(stream);
    });
    return {
      tell: (news) =>
        broker.publish(
          { cmd: 'publish', topic: 'news', payload: String(news), qos: 0, retain: false, dup: false },
          () => {},
        ),
      stop: () => new Promise<void>((resolve) => broker.close(resolve)),
    };
  },
  { handleProtocols: () => 'mqtt' },
);
