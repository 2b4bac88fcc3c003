import { createConnection, createLongLivedTokenAuth } from 'home-assistant-js-websocket';

import { homeAssistant as dialect } from '../../../adapters/protocols/home-assistant.ts';
import type { Library } from '../library.ts';
import { standIn } from '../stand-in.ts';

export const homeAssistant: Library = {
  packages: ['home-assistant-js-websocket'],
  server: () => import('../servers/home-assistant.ts'),
  dialect,
  isHeartless: true,
  async use({ url, WebSocket, hear, onEnd }) {
    standIn(url, WebSocket);
    const auth = createLongLivedTokenAuth(url.replace(/^ws/, 'http'), 'any');
    const connection = await createConnection({ auth, setupRetry: -1 });
    onEnd(() => connection.close());
    await connection.subscribeEvents<{ data: { news: number } }>(({ data }) => hear(data.news), 'news');
  },
};
