/** The feed of the inbox: who is signed in hears the news, one a second; who signs out everywhere is shown out, and has to sign in again. */
import { serveHeartbeats } from 'systole/server';
import { WebSocketServer } from 'ws';

const { PORT = '8080', HEARTBEAT = '25000' } = process.env;
const towns = ['Bremen', 'Aarhus', 'Tromsø', 'Gdańsk', 'Porto', 'Turku', 'Cork'];

const server = new WebSocketServer({ port: Number(PORT), host: '127.0.0.1', maxPayload: 65_536 });
// No less than the client's interval and timeout together.
serveHeartbeats(server, { silence: 3 * Number(HEARTBEAT) });

/** Sessions that have ended: no line of theirs is taken again. */
const ended = new Set();

server.on('connection', (socket, { url }) => {
  const session = new URL(url, 'http://127.0.0.1').searchParams.get('session');
  // 3000, unauthorized: the client does not come back by itself.
  const showOut = () => socket.close(3000, 'the session has ended');
  const counted = () => console.log(`${server.clients.size} connected`);
  counted();
  socket.on('close', counted);
  if (ended.has(session)) return showOut();
  socket.on('message', (data) => {
    if (!Buffer.from('"sign out"').equals(data)) return;
    ended.add(session);
    showOut();
  });
});

let number = 0;
setInterval(() => {
  number += 1;
  const news = JSON.stringify({ number, text: `A parcel has left ${towns[number % towns.length]}` });
  for (const client of server.clients) client.send(news);
}, 1_000);

server.on('listening', () => console.log(`listens at ws://127.0.0.1:${server.address().port}`));
process.on('SIGINT', () => process.exit());
