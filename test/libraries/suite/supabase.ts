import { RealtimeClient } from '@supabase/realtime-js';

import { phoenix } from '../../../adapters/protocols/phoenix.ts';
import type { Library } from '../library.ts';

export const supabase: Library = {
  packages: ['@supabase/realtime-js'],
  server: () => import('../servers/phoenix.news.ts'),
  dialect: phoenix,
  use({ url, WebSocket, redial, keepAlive, hear, onEnd }) {
    const client = new RealtimeClient(`${url}/realtime/v1`, {
      transport: WebSocket,
      params: { apikey: 'none' },
      ...(redial !== undefined && { reconnectAfterMs: () => redial }),
      // It gives the line up when an answer has not come before its next question.
      ...(keepAlive !== undefined && { heartbeatIntervalMs: 10 * keepAlive }),
    });
    client
      .channel('room')
      .on('broadcast', { event: 'news' }, ({ payload }) => hear(payload['news'] as number))
      .subscribe();
    onEnd(() => client.disconnect());
  },
};
