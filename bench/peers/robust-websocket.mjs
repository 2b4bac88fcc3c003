import { createRequire } from 'node:module';

import { beGlobal } from './global-class.mjs';
import { servePlain } from './servers/plain.mjs';

// It looks at its page when it is loaded.
globalThis.navigator ??= { onLine: true };
globalThis.addEventListener ??= () => {};
globalThis.removeEventListener ??= () => {};
const RobustWebSocket = createRequire(import.meta.url)('robust-websocket');
// It is read when it dials, which it does at once.
RobustWebSocket.prototype.binaryType = 'arraybuffer';

/** @type {import('./peer.d.ts').Peer} */
export const peer = {
  package: 'robust-websocket',
  hasHeart: false,
  takesClass: true,
  carries: ['text', 'binary'],
  remark: 'gives up after its third dial',
  serve: servePlain,
  async dial({ url, WebSocket, onOpen, onMessage }) {
    beGlobal(WebSocket);
    const socket = new RobustWebSocket(url);
    socket.onopen = () => onOpen?.();
    socket.onmessage = ({ data }) => onMessage?.(data);
    return {
      send(payload) {
        // It throws where there is no line.
        if (socket.readyState === 1) socket.send(payload);
      },
      end: () => socket.close(),
    };
  },
};
