import { initTRPC } from '@trpc/server';
import { applyWSSHandler } from '@trpc/server/adapters/ws';

import { Feed } from './feed.ts';
import { overWs } from './over.ts';

function routerOf(feed: Feed) {
  const { procedure, router } = initTRPC.create();
  return router({
    news: procedure.subscription(async function* told() {
      for await (const each of feed) yield each;
    }),
  });
}

export type NewsRouter = ReturnType<typeof routerOf>;

export const start = overWs((server) => {
  const feed = new Feed();
  applyWSSHandler({ wss: server, router: routerOf(feed) });
  return feed;
});
