/** What is said as a subscription, what is to be said as a mutation. */
import { GraphQLBoolean, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';

import { overWs } from './over.mjs';

/** @param {import('../peer.d.ts').ServeOptions} options */
export const serveGraphql = (options) =>
  overWs((room, server) => void useServer({ schema: schemaOf(room) }, server), options, {
    handleProtocols: () => 'graphql-transport-ws',
  });

function schemaOf(room) {
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { isThere: { type: GraphQLBoolean } } }),
    mutation: new GraphQLObjectType({
      name: 'Mutation',
      fields: {
        say: {
          type: GraphQLBoolean,
          args: { text: { type: new GraphQLNonNull(GraphQLString) } },
          resolve: (_, { text }) => void room.onMessage(text),
        },
      },
    }),
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: { said: { type: GraphQLString, subscribe: () => new Said(room) } },
    }),
  });
}

/** To one client, as long as it is there: first nothing, then all that is said. */
class Said {
  #waiting = [];
  #asked = [];
  #leave;

  constructor(room) {
    this.#tell(null);
    this.#leave = room.enter((text) => this.#tell(text));
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next() {
    return this.#waiting.shift() ?? new Promise((resolve) => this.#asked.push(resolve));
  }

  async return() {
    this.#leave();
    for (const resolve of this.#asked) resolve({ value: undefined, done: true });
    return { value: undefined, done: true };
  }

  #tell(said) {
    const next = { value: { said }, done: false };
    const resolve = this.#asked.shift();
    if (resolve) resolve(next);
    else this.#waiting.push(next);
  }
}
