import { createRequire } from 'node:module';

import { beGlobal } from './global-class.mjs';
import { servePlain } from './servers/plain.mjs';

const { ArrayQueue, ConstantBackoff, WebsocketBuilder } = createRequire(import.meta.url)('websocket-ts');

/** As its documentation begins: a buffer, and a dial every second. @type {import('./peer.d.ts').Peer} */
export const peer = {
  package: 'websocket-ts',
  hasHeart: false,
  takesClass: true,
  carries: ['text', 'binary'],
  serve: servePlain,
  async dial({ url, WebSocket, onOpen, onMessage }) {
    beGlobal(WebSocket);
    const socket = new WebsocketBuilder(url)
      .withBuffer(new ArrayQueue())
      .withBackoff(new ConstantBackoff(1_000))
      .onOpen(({ underlyingWebsocket }) => {
        underlyingWebsocket.binaryType = 'arraybuffer';
        onOpen?.();
      })
      .onMessage((_, { data }) => onMessage?.(data))
      .build();
    return { send: (payload) => socket.send(payload), end: () => socket.close() };
  },
};
