import { Server } from 'socket.io';

import { overHttp } from './over.ts';

export const start = overHttp((http, pingInterval) => {
  const io = new Server(http, pingInterval === undefined ? {} : { pingInterval });
  return {
    tell: (news) => io.emit('news', news),
    stop: () => io.close(),
  };
});
