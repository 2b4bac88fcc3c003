import { type Client, createClient } from 'graphql-ws';

import { graphqlTransportWs } from '../../../adapters/protocols/graphql-transport-ws.ts';
import type { App, Library } from '../library.ts';

export const graphqlWs: Library = {
  packages: ['graphql-ws'],
  server: () => import('../servers/graphql.ts'),
  dialect: graphqlTransportWs,
  use({ hear, onEnd, ...given }) {
    const client = clientOf(given);
    client.subscribe<{ news: number }>(
      { query: 'subscription { news }' },
      { next: ({ data }) => hear(data?.news ?? Number.NaN), error: () => {}, complete: () => {} },
    );
    onEnd(() => client.dispose());
  },
};

export function clientOf({
  url,
  WebSocket,
  redial,
  keepAlive,
}: Pick<App, 'url' | 'WebSocket' | 'redial' | 'keepAlive'>): Client {
  return createClient({
    url,
    webSocketImpl: WebSocket,
    retryAttempts: Infinity,
    // By default a dial that was refused is the end.
    shouldRetry: () => true,
    ...(redial !== undefined && { retryWait: () => new Promise((resolve) => setTimeout(resolve, redial)) }),
    ...(keepAlive !== undefined && { keepAlive }),
  });
}
