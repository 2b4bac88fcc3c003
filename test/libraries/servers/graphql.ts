import { useServer } from 'graphql-ws/use/ws';
// By its file: Vite would take another one than Node does for graphql-ws, and graphql refuses to be there twice.
import { GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLSchema } from 'graphql/index.js';

import { Feed } from './feed.ts';
import { overWs } from './over.ts';

export const start = overWs(
  (server) => {
    const feed = new Feed();
    useServer({ schema: schemaOf('news', () => feed) }, server);
    return feed;
  },
  { handleProtocols: () => 'graphql-transport-ws' },
);

/** One number to be asked for, and to be subscribed to. */
export function schemaOf(name: string, numbers: () => AsyncIterable<number>): GraphQLSchema {
  const number = { type: new GraphQLNonNull(GraphQLInt) };
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { [name]: number } }),
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: {
        [name]: {
          ...number,
          async *subscribe() {
            for await (const each of numbers()) yield { [name]: each };
          },
        },
      },
    }),
  });
}
