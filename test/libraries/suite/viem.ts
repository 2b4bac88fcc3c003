import { createPublicClient, webSocket } from 'viem';

import type { Library } from '../library.ts';
import { standIn } from '../stand-in.ts';

export const viem: Library = {
  packages: ['viem'],
  server: () => import('../servers/ethereum.ts'),
  mustNotBeRefused: true,
  use({ url, WebSocket, redial, keepAlive, hear, onEnd }) {
    standIn(url, WebSocket);
    const client = createPublicClient({
      transport: webSocket(url, {
        // By default it gives up after five dials.
        reconnect: { attempts: Infinity, ...(redial !== undefined && { delay: redial }) },
        ...(keepAlive !== undefined && { keepAlive: { interval: keepAlive } }),
      }),
    });
    const unwatch = client.watchBlockNumber({ onBlockNumber: (block) => hear(Number(block)), onError: () => {} });
    onEnd(async () => {
      unwatch();
      (await client.transport.getRpcClient()).close();
    });
  },
};
