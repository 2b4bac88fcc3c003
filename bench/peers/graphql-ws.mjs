import { createClient } from 'graphql-ws';

import { PlainWebSocket } from './global-class.mjs';
import { serveGraphql } from './servers/graphql.mjs';

/** @type {import('./peer.d.ts').Peer} */
export const peer = {
  package: 'graphql-ws',
  hasHeart: true,
  takesClass: true,
  carries: ['text'],
  remark: 'with the recipe of its documentation: `terminate()` where no pong has come in time',
  serve: serveGraphql,
  async dial({ url, heartbeat, WebSocket = PlainWebSocket, onOpen, onMessage }) {
    let doubt;
    const client = createClient({
      url,
      webSocketImpl: WebSocket,
      // By default a dial that was refused is the end, and so is the fifth that failed.
      retryAttempts: Infinity,
      shouldRetry: () => true,
      ...(heartbeat && {
        keepAlive: heartbeat.interval,
        on: {
          ping(isReceived) {
            if (!isReceived) doubt = setTimeout(() => client.terminate(), heartbeat.timeout);
          },
          pong(isReceived) {
            if (isReceived) clearTimeout(doubt);
          },
          closed: () => clearTimeout(doubt),
        },
      }),
    });
    const ignore = () => {};
    client.subscribe(
      { query: 'subscription { said }' },
      {
        // Nothing, by which the server says that it is heard from now on, and then what is said.
        next: ({ data: { said } }) => (said === null ? onOpen?.() : onMessage?.(said)),
        error: ignore,
        complete: ignore,
      },
    );
    return {
      send: (text) =>
        void client.subscribe(
          { query: 'mutation ($text: String!) { say(text: $text) }', variables: { text } },
          { next: ignore, error: ignore, complete: ignore },
        ),
      end() {
        clearTimeout(doubt);
        // Where it is dialling, it fails as the dial does.
        Promise.resolve(client.dispose()).catch(ignore);
      },
    };
  },
};
