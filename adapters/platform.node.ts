/** What depends on where we run, on Node: npm `ws`, and what a text weighs. */
import { WebSocket } from 'ws';

import { undiciBeyond } from './socket.undici.ts';
import { nodeBeyond } from './socket.ws.ts';
import type { Beyond, Listener, WebSocketClass, WebSocketLike } from './web-socket.ts';

export { display } from './display.ts';
export { canPing, furtherOf, upgradeRules } from './socket.ws.ts';

export function beyond(socket: WebSocketLike, by: Listener): Beyond | undefined {
  return nodeBeyond(socket, by) ?? undiciBeyond(socket);
}

export function defaultWebSocket(): WebSocketClass {
  return WebSocket;
}

export const firstWebSocket = defaultWebSocket;

/** Bytes of a text on the wire; of a lone surrogate, which is sent as U+FFFD, three. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text);
}
