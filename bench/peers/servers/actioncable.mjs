/** As much of Rails' Action Cable as a client of one channel needs. By default it pings every three seconds; as there, all at once. */
import { overWs } from './over.mjs';

/** @param {import('../peer.d.ts').ServeOptions} options */
export const serveActionCable = (options) =>
  overWs(
    (room, server) => {
      const pings = setInterval(() => {
        const ping = JSON.stringify({ type: 'ping', message: Math.floor(Date.now() / 1_000) });
        for (const socket of server.clients) socket.send(ping);
      }, options?.heartbeat?.interval ?? 3_000);
      server.on('connection', (socket) => {
        const say = (message) => socket.send(JSON.stringify(message));
        socket.on('message', (frame) => {
          const { command, identifier, data } = JSON.parse(frame);
          if (command === 'message') room.onMessage(JSON.parse(data).text);
          if (command !== 'subscribe') return;
          say({ type: 'confirm_subscription', identifier });
          socket.on(
            'close',
            room.enter((text) => say({ identifier, message: { text } })),
          );
        });
        say({ type: 'welcome' });
      });
      return () => clearInterval(pings);
    },
    options,
    { handleProtocols: () => 'actioncable-v1-json' },
  );
