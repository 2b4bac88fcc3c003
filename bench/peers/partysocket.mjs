import { WebSocket as PartySocket } from 'partysocket';

import { asWebSocket } from './as-web-socket.mjs';
import { PlainWebSocket } from './global-class.mjs';
import { servePlain } from './servers/plain.mjs';

/** @type {import('./peer.d.ts').Peer} */
export const peer = {
  package: 'partysocket',
  hasHeart: false,
  takesClass: true,
  carries: ['text', 'binary'],
  serve: servePlain,
  async dial({ url, WebSocket = PlainWebSocket, ...options }) {
    const socket = new PartySocket(url, [], { WebSocket });
    return asWebSocket(socket, options);
  },
};
