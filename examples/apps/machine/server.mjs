/** A server whose tokens last for some seconds: what yours does once an hour can be watched. */
import { randomUUID } from 'node:crypto';
import { createServer, STATUS_CODES } from 'node:http';

import { serveHeartbeats } from 'systole/server';
import { WebSocketServer } from 'ws';

const life = 5_000;
/** Until when each is good, epoch ms. */
const tokens = new Map();

const server = createServer((request, response) => {
  if (request.url !== '/login' || request.method !== 'POST') return response.writeHead(404).end();
  const token = randomUUID();
  tokens.set(token, Date.now() + life);
  return response.end(token);
});

const feed = new WebSocketServer({ noServer: true, maxPayload: 4_096 });
serveHeartbeats(feed);

server.on('upgrade', (request, socket, head) => {
  const token = request.headers.authorization?.replace('Bearer ', '');
  const rest = (tokens.get(token) ?? 0) - Date.now();
  if (rest <= 0) {
    tokens.delete(token);
    socket.on('error', () => {}); // gone before it has heard
    return socket.end(`HTTP/1.1 401 ${STATUS_CODES[401]}\r\nConnection: close\r\n\r\n`);
  }
  return feed.handleUpgrade(request, socket, head, (client) => {
    // 3000, "unauthorized": a client of systole does not dial again with what it has.
    const timer = setTimeout(() => client.close(3000, 'the token has run out'), rest);
    client.on('close', () => clearTimeout(timer));
    feed.emit('connection', client, request);
  });
});

let number = 0;
const news = setInterval(() => {
  number += 1;
  for (const client of feed.clients) client.send(JSON.stringify({ number, text: 'A parcel has left Bremen' }));
}, 1_000);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    clearInterval(news);
    server.close();
    for (const client of feed.clients) client.terminate();
  });
}

server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/login`);
});
