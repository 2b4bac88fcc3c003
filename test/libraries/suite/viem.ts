import { createPublicClient, webSocket } from 'viem';

import { plain } from '../../../adapters/protocols/plain.ts';
import type { Library } from '../library.ts';
import { standIn } from '../stand-in.ts';

export const viem: Library = {
  packages: ['viem'],
  server: () => import('../servers/ethereum.ts'),
  mustNotBeRefused: true,
  remark: 'in Chromium with `plain()`, whose question is one of JSON-RPC with an id of our own',
  dialect: () =>
    plain({
      heartbeat: '{"jsonrpc":"2.0","id":"systole","method":"net_version","params":[]}',
      reply: (frame) => typeof frame === 'string' && frame.includes('"id":"systole"'),
    }),
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
