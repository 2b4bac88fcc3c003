import { WebSocket as PartySocket } from 'partysocket';

import { PlainWebSocket } from './global-class.mjs';
import { servePlain } from './servers/plain.mjs';

/** @type {import('./peer.d.ts').Peer} */
export const peer = {
  package: 'partysocket',
  hasHeart: false,
  takesClass: true,
  carries: ['text', 'binary'],
  serve: servePlain,
  async dial({ url, WebSocket = PlainWebSocket, onOpen, onMessage }) {
    const socket = new PartySocket(url, [], { WebSocket });
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => onOpen?.();
    socket.onmessage = ({ data }) => onMessage?.(data);
    socket.onerror = () => {};
    return { send: (payload) => socket.send(payload), end: () => socket.close() };
  },
};
