import StompServer from 'stomp-broker-js';

import { overHttp } from './over.ts';

export const start = overHttp((server, keepAlive = 10_000) => {
  const broker = new StompServer({ server, path: '/', heartbeat: [keepAlive, keepAlive] });
  broker.on('error', () => {});
  return {
    tell(news) {
      try {
        broker.send('/news', {}, String(news));
      } catch {
        // It throws where one of its sockets is about to close.
      }
    },
  };
});
