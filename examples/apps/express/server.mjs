import { createServer, STATUS_CODES } from 'node:http';

import express from 'express';
import { serveHeartbeats } from 'systole/server';
import { WebSocketServer } from 'ws';

const parcels = [];
const origins = (process.env.ORIGINS ?? 'http://localhost:5173').split(',');

// The app as it was. Only that it was `app.listen(port)`: the server is needed below.
const app = express();
app.get('/parcels', (request, response) => response.json(parcels));
const server = createServer(app);

// What is new. `maxPayload`: no client of this feed has much to say.
const feed = new WebSocketServer({ noServer: true, maxPayload: 4_096 });
serveHeartbeats(feed);

// Express hears nothing of an upgrade: neither its routes nor its middleware (sessions, say) run here.
server.on('upgrade', (request, socket, head) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (pathname !== '/feed') return refuse(socket, 404);
  if (!mayCome(request.headers.origin)) return refuse(socket, 403);
  feed.handleUpgrade(request, socket, head, (client) => feed.emit('connection', client, request));
});

/** Any page may dial any server, with its user's cookies: only ours may come in. What is no page says no origin. */
function mayCome(origin) {
  return origin === undefined || origins.includes(origin);
}

/** A client of systole dials no more after 403 and 404, where its platform shows them. */
function refuse(socket, status) {
  socket.on('error', () => {}); // gone before it has heard
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`);
}

const news = setInterval(() => {
  parcels.push({ number: parcels.length + 1, text: 'A parcel has left Bremen' });
  for (const client of feed.clients) client.send(JSON.stringify(parcels.at(-1)));
}, 1_000);

function shutDown() {
  clearInterval(news);
  server.close(); // nobody new; the process ends when the last one has gone
  for (const client of feed.clients) client.close(1012); // "service restart": clients come back, spread over a second
  // Those whose line is dead do not answer.
  setTimeout(() => feed.clients.forEach((client) => client.terminate()), 2_000).unref();
}
process.once('SIGINT', shutDown);
process.once('SIGTERM', shutDown);

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/parcels`);
});
