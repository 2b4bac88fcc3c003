/** A server such as many write for themselves: it answers `ping` with `pong`, and all else is a message. */
import { overWs, payloadOf } from './over.mjs';

/** @param {import('../peer.d.ts').ServeOptions} options */
export const servePlain = (options) =>
  overWs((room, server) => {
    server.on('connection', (socket) => {
      socket.on(
        'close',
        room.enter((payload) => socket.send(payload)),
      );
      socket.on('message', (data, isBinary) => {
        const payload = payloadOf(data, isBinary);
        if (payload === 'ping') socket.send('pong');
        else room.onMessage(payload);
      });
    });
  }, options);
