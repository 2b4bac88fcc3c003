/**
 * Many connections in one process that is inspected: `node many.mjs OPTIONS`, where OPTIONS is JSON of `{ connections, interval, timeout, inspected }`.
 * They are real, and so is their server, which is here too. Says `ready` with the `port` of the inspection when all are alive.
 */
import { createServer } from 'node:http';

import { connect } from 'systole';
import { serveInspection } from 'systole/inspect';
import { serveHeartbeats } from 'systole/server';
import { WebSocketServer } from 'ws';

import { onCommand, say } from './say.mjs';

const { connections = 200, interval = 1_000, timeout = 10_000, inspected = true } = JSON.parse(process.argv[2] ?? '{}');

const http = createServer().listen(0, '127.0.0.1');
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
serveHeartbeats(server);
const inspection = serveInspection({ name: 'line' });
const pages = new Set();
http.on('upgrade', (request, socket, head) => {
  pages.add(socket);
  inspection.upgrade(request, socket, head);
});
await new Promise((resolve) => {
  server.once('listening', resolve);
});

const url = `ws://127.0.0.1:${server.address().port}`;
const settings = { heartbeat: { interval, timeout }, ...(inspected && { inspect: inspection.inspect }) };
const all = Array.from({ length: connections }, () => connect(url, settings));
await Promise.all(all.map((each) => new Promise((resolve) => void each.on('open', resolve))));
say('ready', { port: http.address().port });

let before = { cpu: process.cpuUsage(), written: 0 };

onCommand({
  /** Since it was asked last: µs of processor time, bytes written to pages. */
  usage() {
    const { user, system } = process.cpuUsage(before.cpu);
    const written = [...pages].reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
    say('usage', { cpu: user + system, written: written - before.written });
    before = { cpu: process.cpuUsage(), written };
  },
  /** The server hangs up on so many, which come back. */
  lose: ({ count }) => [...server.clients].slice(0, count).forEach((each) => each.terminate()),
});
