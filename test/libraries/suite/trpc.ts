import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';

import { trpc as dialect } from '../../../adapters/protocols/trpc.ts';
import type { Library } from '../library.ts';
import type { NewsRouter } from '../servers/trpc.ts';

export const trpc: Library = {
  packages: ['@trpc/client'],
  server: () => import('../servers/trpc.ts'),
  dialect,
  use({ url, WebSocket, redial, keepAlive, hear, onEnd }) {
    const client = createWSClient({
      url,
      WebSocket,
      ...(redial !== undefined && { retryDelayMs: () => redial }),
      ...(keepAlive !== undefined && { keepAlive: { enabled: true, intervalMs: keepAlive } }),
    });
    const { news } = createTRPCClient<NewsRouter>({ links: [wsLink({ client })] });
    const subscription = news.subscribe(undefined, { onData: hear });
    onEnd(async () => {
      subscription.unsubscribe();
      await client.close();
    });
  },
};
