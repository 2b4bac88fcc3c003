/**
 * A server that ends each connection in the way its URL asks for, as soon as it has begun: `/close` with a close frame, `/cut` without,
 * `/refuse` with HTTP 503 instead of an upgrade. All others it keeps. `node cycle-server.mjs`
 */
import { createServer } from 'node:http';

import { serveHeartbeats } from 'systole/server';
import { WebSocketServer } from 'ws';

import { onCommand, say } from './say.mjs';

const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
serveHeartbeats(sockets);
const http = createServer();
const dials = {};

http.on('upgrade', (request, stream, head) => {
  const way = request.url.slice(1);
  dials[way] = (dials[way] ?? 0) + 1;
  if (way === 'refuse') {
    stream.end('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n');
    return;
  }
  sockets.handleUpgrade(request, stream, head, (socket) => {
    sockets.emit('connection', socket, request);
    if (way === 'close') socket.close(1000);
    if (way === 'cut') socket.terminate();
  });
});
http.listen(0, '127.0.0.1', () => say('listening', { port: http.address().port }));

onCommand({
  count: () => http.getConnections((_, connections) => say('counted', { connections, dials })),
});
