import { type AutomergeUrl, type DocHandle, type DocumentId, Repo } from '@automerge/automerge-repo';
import { WebSocketClientAdapter } from '@automerge/automerge-repo-network-websocket';

import type { Library } from '../library.ts';
import { standIn } from '../stand-in.ts';

/** Of the one document that there is. */
export const documentId = '3GhXGeCXGwu5Vy1815wu5DgYQUaz' as DocumentId;

export const automerge: Library = {
  packages: ['@automerge/automerge-repo-network-websocket', '@automerge/automerge-repo'],
  server: () => import('../servers/automerge.ts'),
  isHeartless: true,
  mustNotBeRefused: true,
  async use({ url, WebSocket, redial, hear, onEnd }) {
    standIn(url, WebSocket);
    const repo = new Repo({ network: [new WebSocketClientAdapter(url, redial)] });
    onEnd(() => repo.shutdown());
    // Who asks before it has reached the server is told that there is none.
    const find = async (): Promise<DocHandle<{ news: number }>> => {
      try {
        return await repo.find<{ news: number }>(`automerge:${documentId}` as AutomergeUrl);
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 100));
        return find();
      }
    };
    const handle = await find();
    handle.on('change', ({ doc }) => hear(doc.news));
  },
};
