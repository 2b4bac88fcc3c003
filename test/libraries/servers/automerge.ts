import { change, init, save } from '@automerge/automerge';
import { Repo } from '@automerge/automerge-repo';
import { WebSocketServerAdapter } from '@automerge/automerge-repo-network-websocket';

import { documentId } from '../suite/automerge.ts';
import { overWs } from './over.ts';

interface NewsDocument {
  news: number;
}

export const start = overWs((server) => {
  // Its declarations are of another edition of `ws`.
  const theirs: unknown = server;
  const adapter = new WebSocketServerAdapter(theirs as ConstructorParameters<typeof WebSocketServerAdapter>[0]);
  const repo = new Repo({ network: [adapter] });
  // The same document, whichever server begins it.
  const beginning = change(init<NewsDocument>({ actor: '00' }), { time: 0 }, (document) => void (document.news = 0));
  const handle = repo.import<NewsDocument>(save(beginning), { docId: documentId });
  return {
    tell: (news) => handle.change((document) => void (document.news = news)),
    stop: () => repo.shutdown(),
  };
});
