import websocket from '@fastify/websocket';
import fastify from 'fastify';
import { serveHeartbeats } from 'systole/server';

const parcels = [];
const origins = (process.env.ORIGINS ?? 'http://localhost:5173').split(',');

// The app as it was.
const app = fastify();
app.get('/parcels', () => parcels);

// What is new. `maxPayload`: no client of this feed has much to say.
await app.register(websocket, { options: { maxPayload: 4_096 }, preClose: sayGoodbye });
const feed = app.websocketServer; // of npm `ws`; all routes with `websocket: true` share it
serveHeartbeats(feed);

app.get('/feed', { websocket: true, preValidation: fromHere }, () => {
  // Named already. What the client says besides its heartbeats would be heard here, with `socket.on('message', …)` and `isHeartbeat`.
});

/** Any page may dial any server, with its user's cookies: only ours may come in. What is no page says no origin. */
async function fromHere({ headers: { origin } }, reply) {
  if (origin !== undefined && !origins.includes(origin)) await reply.code(403).send();
}

const news = setInterval(() => {
  parcels.push({ number: parcels.length + 1, text: 'A parcel has left Bremen' });
  for (const client of feed.clients) client.send(JSON.stringify(parcels.at(-1)));
}, 1_000);

/** In place of the plugin's own, which gives no code, and waits for lines that are dead. */
function sayGoodbye(done) {
  clearInterval(news);
  for (const client of feed.clients) client.close(1012); // "service restart": clients come back, spread over a second
  setTimeout(() => feed.clients.forEach((client) => client.terminate()), 2_000).unref();
  feed.close();
  done();
}
process.once('SIGINT', () => app.close());
process.once('SIGTERM', () => app.close());

console.log(`${await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' })}/parcels`);
