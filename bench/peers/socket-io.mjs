import { Server } from 'socket.io';
import { io, WebSocket as Transport } from 'socket.io-client';

import { overHttp } from './servers/over.mjs';

/** @type {import('./peer.d.ts').Peer} */
export const peer = {
  package: 'socket.io-client',
  hasHeart: true,
  takesClass: true,
  carries: ['text', 'binary'],
  remark: 'its server beats',
  serve: (options) =>
    overHttp((room, http) => {
      const { heartbeat } = options ?? {};
      const server = new Server(http, {
        ...(heartbeat && { pingInterval: heartbeat.interval, pingTimeout: heartbeat.timeout }),
      });
      server.on('connection', (socket) => {
        socket.on(
          'disconnect',
          room.enter((payload) => socket.emit('down', payload)),
        );
        socket.on('up', (payload) => room.onMessage(payload));
      });
      return () => server.close();
    }, options),
  async dial({ url, WebSocket, onOpen, onMessage }) {
    const socket = io(url.replace(/^ws/, 'http'), {
      transports: [WebSocket ? transportOn(WebSocket) : 'websocket'],
      forceNew: true,
    });
    socket.on('connect', () => onOpen?.());
    socket.on('down', (payload) => onMessage?.(payload));
    return { send: (payload) => socket.emit('up', payload), end: () => socket.disconnect() };
  },
};

/** Its own transport dials by the global class, or, on Node, by `ws`. */
function transportOn(WebSocket) {
  return class extends Transport {
    createSocket(url, protocols) {
      const socket = new WebSocket(url, protocols);
      // On Node it asks for a kind that only `ws` has, and by the standard what is unknown changes nothing.
      socket.binaryType = 'arraybuffer';
      return socket;
    }
  };
}
