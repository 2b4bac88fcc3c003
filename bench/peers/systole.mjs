/** `connect()` in its own dialect, of the built package. */
import { connect } from '../../dist/adapters/index.js';
import { isHeartbeat, serveHeartbeats } from '../../dist/adapters/server.js';
import { overWs, payloadOf } from './servers/over.mjs';

/** @type {import('./peer.d.ts').Peer} */
export const peer = {
  hasHeart: true,
  takesClass: false,
  carries: ['text', 'binary'],
  serve: (options) =>
    overWs((room, server) => {
      serveHeartbeats(server);
      server.on('connection', (socket) => {
        socket.on(
          'close',
          room.enter((payload) => socket.send(payload)),
        );
        socket.on('message', (data, isBinary) => {
          if (isBinary || !isHeartbeat(data)) room.onMessage(payloadOf(data, isBinary));
        });
      });
    }, options),
  async dial({ url, heartbeat, onOpen, onMessage }) {
    const connection = connect(url, { ...(heartbeat && { heartbeat }) });
    connection.on('state', ({ state }) => {
      if (state === 'alive') onOpen?.();
    });
    if (onMessage) connection.on('message', (data) => onMessage(data));
    return { send: (payload) => connection.send(payload), end: () => connection.close() };
  },
};
