/** What depends on where we run, on Node: npm `ws`, and what a text weighs. */
import { WebSocket } from 'ws';

import type { WebSocketClass } from './web-socket.ts';

export { beyond, canPing, isHeaders, readHeaders, upgradeOf, upgradeRules } from './socket.ws.ts';

export function defaultWebSocket(): WebSocketClass {
  return WebSocket;
}

/** Bytes of a text on the wire; of a lone surrogate, which is sent as U+FFFD, three. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text);
}
