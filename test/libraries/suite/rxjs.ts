import { retry } from 'rxjs';
import { webSocket } from 'rxjs/webSocket';

import { plain } from '../../../adapters/protocols/plain.ts';
import type { Library } from '../library.ts';

export const rxjs: Library = {
  packages: ['rxjs'],
  server: () => import('../servers/plain.ts'),
  isHeartless: true,
  dialect: plain,
  use({ url, WebSocket, redial = 1_000, hear, onEnd }) {
    const subject = webSocket<unknown>({
      url,
      WebSocketCtor: WebSocket,
      openObserver: { next: () => subject.next('subscribe') },
    });
    // When it dials again is the app's to say.
    const subscription = subject.pipe(retry({ delay: redial })).subscribe((news) => hear(news as number));
    onEnd(() => subscription.unsubscribe());
  },
};
