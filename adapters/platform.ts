/** What a connection gets where nothing was chosen: the platform's own class. */
import type { WebSocketClass } from './visit.ts';

export function defaultWebSocket(): WebSocketClass {
  if (typeof WebSocket !== 'function') {
    throw new TypeError('WebSocket: this platform has none of its own; give one as the option `WebSocket`');
  }
  return WebSocket;
}
