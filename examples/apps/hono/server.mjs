import { serve, upgradeWebSocket } from '@hono/node-server';
import { Hono } from 'hono';
import { serveHeartbeats } from 'systole/server';
import { WebSocketServer } from 'ws';

const parcels = [];
const origins = (process.env.ORIGINS ?? 'http://localhost:5173').split(',');

// The app as it was.
const app = new Hono();
app.get('/parcels', (context) => context.json(parcels));

// What is new. `maxPayload`: no client of this feed has much to say.
const feed = new WebSocketServer({ noServer: true, maxPayload: 4_096 });
serveHeartbeats(feed); // the server of npm `ws`: Hono's own events have no pings, and hear heartbeats as messages

app.get(
  '/feed',
  fromHere,
  upgradeWebSocket(() => ({})), // named already; what the client says would be heard here, by `onMessage`
);

/** Any page may dial any server, with its user's cookies: only ours may come in. What is no page says no origin. */
function fromHere(context, next) {
  const origin = context.req.header('origin');
  return origin === undefined || origins.includes(origin) ? next() : context.body(null, 403);
}

const news = setInterval(() => {
  parcels.push({ number: parcels.length + 1, text: 'A parcel has left Bremen' });
  for (const client of feed.clients) client.send(JSON.stringify(parcels.at(-1)));
}, 1_000);

const server = serve(
  { fetch: app.fetch, websocket: { server: feed }, port: Number(process.env.PORT ?? 3000), hostname: '127.0.0.1' },
  ({ port }) => console.log(`http://127.0.0.1:${port}/parcels`),
);

function shutDown() {
  clearInterval(news);
  server.close(); // nobody new; the process ends when the last one has gone
  for (const client of feed.clients) client.close(1012); // "service restart": clients come back, spread over a second
  // Those whose line is dead do not answer.
  setTimeout(() => feed.clients.forEach((client) => client.terminate()), 2_000).unref();
}
process.once('SIGINT', shutDown);
process.once('SIGTERM', shutDown);
