/** The stories, judged by Chromium's own class; and the drop-in class above it. */
import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import { standardSuite } from '../adapter/standard.ts';
import { uncaughtInPage } from './uncaught-page.ts';

standardSuite({ name: "Chromium's own WebSocket", WebSocket, hasBase: true, uncaught: uncaughtInPage });
standardSuite({
  name: 'HeartbeatWebSocket in Chromium',
  WebSocket: HeartbeatWebSocket.with({ retries: 0 }),
  hasBase: true,
  uncaught: uncaughtInPage,
});
