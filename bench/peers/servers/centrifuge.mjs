/** As much of Centrifugo's client protocol as a client of one channel needs: lines of JSON. By default it pings every 25 s, with `{}`, as its clients answer. */
import { overWs, payloadOf } from './over.mjs';

/** @param {import('../peer.d.ts').ServeOptions} options */
export const serveCentrifuge = (options) =>
  overWs((room, server) => {
    const interval = options?.heartbeat?.interval ?? 25_000;
    server.on('connection', (socket) => {
      const say = (reply) => socket.send(JSON.stringify(reply));
      const pings = setInterval(() => socket.send('{}'), interval);
      socket.on('close', () => clearInterval(pings));
      socket.on('message', (frame) => {
        for (const line of payloadOf(frame, false).split('\n')) {
          const { id, connect, subscribe, send } = JSON.parse(line || '{}');
          // What it pings by is said in whole seconds.
          const ping = Math.ceil(interval / 1_000);
          if (connect) say({ id, connect: { client: 'a', version: '6.0.0', ping, pong: true } });
          if (send) room.onMessage(send.data);
          if (!subscribe) continue;
          say({ id, subscribe: {} });
          socket.on(
            'close',
            room.enter((data) => say({ push: { channel: subscribe.channel, pub: { data } } })),
          );
        }
      });
    });
  }, options);
