import { ApolloClient, gql, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';

import { graphqlTransportWs } from '../../../adapters/protocols/graphql-transport-ws.ts';
import type { Library } from '../library.ts';
import { clientOf } from './graphql-ws.ts';

export const apollo: Library = {
  packages: ['@apollo/client', 'graphql-ws'],
  server: () => import('../servers/graphql.ts'),
  dialect: graphqlTransportWs,
  use({ hear, onEnd, ...given }) {
    const ws = clientOf(given);
    const client = new ApolloClient({ link: new GraphQLWsLink(ws), cache: new InMemoryCache() });
    const query = gql`
      subscription {
        news
      }
    `;
    const subscription = client.subscribe<{ news: number }>({ query }).subscribe(({ data }) => {
      if (data) hear(data.news);
    });
    onEnd(async () => {
      subscription.unsubscribe();
      client.stop();
      await ws.dispose();
    });
  },
};
