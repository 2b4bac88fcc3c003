import { Hocuspocus } from '@hocuspocus/server';

import { overWs } from './over.ts';

export const start = overWs(async (server) => {
  const hocuspocus = new Hocuspocus({ quiet: true });
  server.on('connection', (socket, request) => hocuspocus.handleConnection(socket, request));
  const room = await hocuspocus.openDirectConnection('room');
  return {
    tell: (news) => room.transact((doc) => void doc.getMap('room').set('news', news)),
    stop: () => room.disconnect(),
  };
});
