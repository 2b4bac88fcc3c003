import { Socket } from 'phoenix';

import { PlainWebSocket } from './global-class.mjs';
import { servePhoenix } from './servers/phoenix.mjs';

/** @type {import('./peer.d.ts').Peer} */
export const peer = {
  package: 'phoenix',
  hasHeart: true,
  takesClass: true,
  carries: ['text', 'binary'],
  remark: 'gives up when a beat is due and the last one is not answered',
  serve: servePhoenix,
  async dial({ url, heartbeat, WebSocket = PlainWebSocket, onOpen, onMessage }) {
    const socket = new Socket(`${url}/socket`, {
      transport: WebSocket,
      ...(heartbeat && { heartbeatIntervalMs: heartbeat.interval }),
    });
    socket.connect();
    const room = socket.channel('room');
    room.on('said', (payload) => onMessage?.(payload instanceof ArrayBuffer ? payload : payload.text));
    room.join().receive('ok', () => onOpen?.());
    return {
      send(payload) {
        room.push('say', typeof payload === 'string' ? { text: payload } : bufferOf(payload));
      },
      end: () => socket.disconnect(),
    };
  },
};

/** It takes that for binary, and nothing else. */
function bufferOf({ buffer, byteOffset, byteLength }) {
  return buffer.slice(byteOffset, byteOffset + byteLength);
}
