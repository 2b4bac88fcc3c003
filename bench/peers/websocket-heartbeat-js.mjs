import { createRequire } from 'node:module';

import { beGlobal } from './global-class.mjs';
import { servePlain } from './servers/plain.mjs';

const WebsocketHeartbeat = createRequire(import.meta.url)('websocket-heartbeat-js').default;

/** @type {import('./peer.d.ts').Peer} */
export const peer = {
  package: 'websocket-heartbeat-js',
  hasHeart: true,
  takesClass: true,
  carries: ['text', 'binary'],
  remark: 'waits for `close`; what is sent without a line is lost',
  serve: servePlain,
  async dial({ url, heartbeat, WebSocket, onOpen, onMessage }) {
    beGlobal(WebSocket);
    const socket = new WebsocketHeartbeat({
      url,
      pingMsg: 'ping',
      ...(heartbeat && { pingTimeout: heartbeat.interval, pongTimeout: heartbeat.timeout }),
    });
    // Its first socket is there already, and of each that follows it tells first when it opens.
    socket.onopen = () => {
      socket.ws.binaryType = 'arraybuffer';
      onOpen?.();
    };
    socket.onmessage = ({ data }) => {
      if (data !== 'pong') onMessage?.(data);
    };
    // It would ask by the next socket, which throws while that one is CONNECTING.
    socket.onclose = () => socket.heartReset();
    return {
      send(payload) {
        if (socket.ws.readyState === 1) socket.send(payload);
      },
      end: () => socket.close(),
    };
  },
};
