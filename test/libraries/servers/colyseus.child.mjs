// A server of Colyseus on the port that is given, and with that many ms between its pings; it is told the news by its parent, and ends with it.
import { createServer } from 'node:http';

import { Room, Server } from '@colyseus/core';
import { WebSocketTransport } from '@colyseus/ws-transport';
import { WebSocket } from 'ws';

const rooms = new Set();

class NewsRoom extends Room {
  onCreate() {
    rooms.add(this);
  }

  async onDrop(client) {
    await this.allowReconnection(client, 20);
  }

  onDispose() {
    rooms.delete(this);
  }
}

// Its rooms look there for names of states.
globalThis.WebSocket ??= WebSocket;

const [, , port, pingInterval] = process.argv;
const http = createServer();
// No request is to wait on a line that was cut behind another.
http.maxRequestsPerSocket = 1;
const server = new Server({
  transport: new WebSocketTransport({ server: http, ...(pingInterval && { pingInterval: Number(pingInterval) }) }),
  greet: false,
});
server.define('news', NewsRoom);
await server.listen(Number(port), '127.0.0.1');
process.on('message', (news) => {
  for (const room of rooms) room.broadcast('news', news);
});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.send?.(http.address().port);
