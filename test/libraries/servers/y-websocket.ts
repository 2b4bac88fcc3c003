import { docs, setupWSConnection } from '@y/websocket-server/utils';

import { overWs } from './over.ts';

export const start = overWs((server) => {
  server.on('connection', setupWSConnection);
  return {
    tell: (news) => docs.get('room')?.getMap('room').set('news', news),
    // The next one knows nothing of what it knew.
    stop() {
      for (const doc of docs.values()) doc.destroy();
      docs.clear();
    },
  };
});
