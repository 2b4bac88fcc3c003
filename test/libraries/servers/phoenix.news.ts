import { overWs } from './over.ts';
import { PhoenixServer } from './phoenix.ts';

/** Above the clients of Phoenix and of Supabase. */
export const start = overWs((server) => {
  const phoenix = new PhoenixServer();
  phoenix.serve(server);
  return {
    tell(news) {
      phoenix.broadcast('room', 'news', { news });
      phoenix.broadcast('realtime:room', 'broadcast', { type: 'broadcast', event: 'news', payload: { news } });
    },
  };
});
