/** What a connection gets where nothing was chosen: in Node, npm `ws`. */
import { WebSocket } from 'ws';

import type { WebSocketClass } from './visit.ts';

export function defaultWebSocket(): WebSocketClass {
  return WebSocket;
}
