/** The common server: it names its clients, answers their heartbeats, and tells them all the same news, one a second. */
import { once } from 'node:events';

import { serveHeartbeats } from 'systole/server';
import { WebSocketServer } from 'ws';

const towns = ['Bremen', 'Aarhus', 'Tromsø', 'Gdańsk', 'Porto', 'Turku', 'Cork'];

/** Each message is `{ "number": 1, "text": "A parcel has left Bremen" }`. Who was away misses some numbers. */
export async function startFeed(heartbeat) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload: 65_536 });
  // No less than the clients' interval and timeout together.
  serveHeartbeats(server, { silence: 3 * Number(heartbeat) });
  const counted = () => console.log(`server: ${server.clients.size} connected`);
  server.on('connection', (socket) => {
    counted();
    socket.on('close', counted);
  });
  await once(server, 'listening');

  let number = 0;
  const timer = setInterval(() => {
    number += 1;
    const text = `A parcel has left ${towns[number % towns.length]}`;
    for (const client of server.clients) client.send(JSON.stringify({ number, text }));
  }, 1_000);

  return {
    port: server.address().port,
    async close() {
      clearInterval(timer);
      for (const client of server.clients) client.terminate();
      server.close();
      await once(server, 'close');
    },
  };
}
