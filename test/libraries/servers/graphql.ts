import { useServer } from 'graphql-ws/use/ws';
// By its file: Vite would take another one than Node does for graphql-ws, and graphql refuses to be there twice.
import { GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLSchema } from 'graphql/index.js';

import { Feed } from './feed.ts';
import { overWs } from './over.ts';

export const start = overWs(
  (server) => {
    const feed = new Feed();
    const news = { type: new GraphQLNonNull(GraphQLInt) };
    const schema = new GraphQLSchema({
      query: new GraphQLObjectType({ name: 'Query', fields: { news } }),
      subscription: new GraphQLObjectType({
        name: 'Subscription',
        fields: {
          news: {
            ...news,
            async *subscribe() {
              for await (const each of feed) yield { news: each };
            },
          },
        },
      }),
    });
    useServer({ schema }, server);
    return feed;
  },
  { handleProtocols: () => 'graphql-transport-ws' },
);
