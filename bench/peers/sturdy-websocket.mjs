import { createRequire } from 'node:module';

import { asWebSocket } from './as-web-socket.mjs';
import { PlainWebSocket } from './global-class.mjs';
import { servePlain } from './servers/plain.mjs';

const SturdyWebSocket = createRequire(import.meta.url)('sturdy-websocket').default;

/** @type {import('./peer.d.ts').Peer} */
export const peer = {
  package: 'sturdy-websocket',
  hasHeart: false,
  takesClass: true,
  carries: ['text', 'binary'],
  serve: servePlain,
  async dial({ url, WebSocket = PlainWebSocket, ...options }) {
    const socket = new SturdyWebSocket(url, { wsConstructor: WebSocket });
    socket.onreopen = () => options.onOpen?.();
    return asWebSocket(socket, options);
  },
};
