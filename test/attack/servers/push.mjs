/** `systole/push/server`, as its users have it, with a topic that is written to all the time. SIGINT ends it. */
import { createServer } from 'node:http';

import { memoryLog, servePush } from 'systole/push/server';
import { WebSocketServer } from 'ws';

const http = createServer((_, response) => {
  response.writeHead(426, { connection: 'close' }).end();
});
const server = new WebSocketServer({ server: http, maxPayload: 65_536, maxFragments: 8 });
// Little of what is meant to be kept: what grows is not.
const push = servePush(server, { log: memoryLog({ messages: 100 }), maxUnsent: 65_536 });
const timer = setInterval(() => push.publish('news', 'x'.repeat(10_000)), 20);
http.listen(0, '127.0.0.1', () => console.log(`listens at ws://127.0.0.1:${http.address().port}/`));

process.once('SIGINT', async () => {
  clearInterval(timer);
  await push.close();
  for (const client of server.clients) client.terminate();
  server.close();
  http.close();
  http.closeAllConnections();
});
