import { Centrifuge } from 'centrifuge';

import type { Library } from '../library.ts';

export const centrifuge: Library = {
  packages: ['centrifuge'],
  server: () => import('../servers/centrifuge.ts'),
  remark: 'both ends count the beats of the server',
  use({ url, WebSocket, redial, hear, onEnd }) {
    const client = new Centrifuge(url, {
      websocket: WebSocket,
      ...(redial !== undefined && { minReconnectDelay: redial, maxReconnectDelay: redial }),
    });
    const news = client.newSubscription('news');
    news.on('publication', ({ data }) => hear(data as number));
    news.subscribe();
    client.connect();
    onEnd(() => client.disconnect());
  },
};
