import { createRequire } from 'node:module';

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
  async dial({ url, WebSocket = PlainWebSocket, onOpen, onMessage }) {
    const socket = new SturdyWebSocket(url, { wsConstructor: WebSocket });
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => onOpen?.();
    socket.onreopen = () => onOpen?.();
    socket.onmessage = ({ data }) => onMessage?.(data);
    return { send: (payload) => socket.send(payload), end: () => socket.close() };
  },
};
