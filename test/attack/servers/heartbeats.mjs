/** `systole/server`, as its users have it. SIGINT ends it. */
import { createServer } from 'node:http';

import { serveHeartbeats } from 'systole/server';
import { WebSocketServer } from 'ws';

const http = createServer((_, response) => {
  response.writeHead(426, { connection: 'close' }).end();
});
const server = new WebSocketServer({ server: http, maxPayload: 65_536, maxFragments: 8 });
serveHeartbeats(server);
http.listen(0, '127.0.0.1', () => console.log(`listens at ws://127.0.0.1:${http.address().port}/`));

process.once('SIGINT', () => {
  for (const client of server.clients) client.terminate();
  server.close();
  http.close();
  http.closeAllConnections();
});
