/**
 * A process that is inspected: a server of its own, and a connection to it with a heartbeat every 300 ms. `node inspected.mjs PORT`, of the inspection;
 * 0: any free one.
 */
import { createServer } from 'node:http';

import { connect } from 'systole';
import { serveInspection } from 'systole/inspect';
import { serveHeartbeats } from 'systole/server';
import { WebSocketServer } from 'ws';

import { say } from './say.mjs';

const sockets = new WebSocketServer({ host: '127.0.0.1', port: 0 });
serveHeartbeats(sockets);
const inspection = serveInspection();
const http = createServer();
http.on('upgrade', (...upgraded) => inspection.upgrade(...upgraded));
http.listen(Number(process.argv[2]), '127.0.0.1', () => say('listening', { port: http.address().port }));
sockets.on('listening', () => {
  const heartbeat = { interval: 300, timeout: 5_000 };
  connect(`ws://127.0.0.1:${sockets.address().port}`, { heartbeat, inspect: inspection.inspect });
});
