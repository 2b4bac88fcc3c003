import ReconnectingWebSocket from 'reconnecting-websocket';

import { asWebSocket } from './as-web-socket.mjs';
import { PlainWebSocket } from './global-class.mjs';
import { servePlain } from './servers/plain.mjs';

/** @type {import('./peer.d.ts').Peer} */
export const peer = {
  package: 'reconnecting-websocket',
  hasHeart: false,
  takesClass: true,
  carries: ['text', 'binary'],
  serve: servePlain,
  async dial({ url, WebSocket = PlainWebSocket, ...options }) {
    // Its default is drawn once a process (dist/reconnecting-websocket-mjs.js, DEFAULT): clients of one process would come back as one.
    const socket = new ReconnectingWebSocket(url, [], {
      WebSocket,
      minReconnectionDelay: 1_000 + 4_000 * Math.random(),
    });
    return asWebSocket(socket, options);
  },
};
