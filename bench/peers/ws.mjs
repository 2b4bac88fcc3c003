/** npm `ws`, and nothing upon it: what all others are compared with. It does not dial again. */
import { WebSocket } from 'ws';

import { servePlain } from './servers/plain.mjs';

/** @type {import('./peer.d.ts').Peer} */
export const peer = {
  package: 'ws',
  hasHeart: false,
  takesClass: false,
  carries: ['text', 'binary'],
  remark: 'does not dial again',
  serve: servePlain,
  async dial({ url, onOpen, onMessage }) {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => onOpen?.();
    socket.onmessage = ({ data }) => onMessage?.(data);
    socket.onerror = () => {};
    return { send: (payload) => socket.send(payload), end: () => socket.terminate() };
  },
};
