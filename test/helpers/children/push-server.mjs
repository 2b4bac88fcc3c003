/**
 * A push server of `ws` and `systole/server`, in a process of its own: `node push-server.mjs HOST`.
 */
import { serveHeartbeats } from 'systole/server';
import { WebSocket, WebSocketServer } from 'ws';

import { onCommand, say } from './say.mjs';

const [host = '127.0.0.1'] = process.argv.slice(2);
const decoder = new TextDecoder();
let delay = { ms: 0, answers: 0 };

/** Answers heartbeats late when it is told to. */
class LateWebSocket extends WebSocket {
  send(data, ...more) {
    if (delay.answers === 0 || !String(data).startsWith('{"heartbeat"')) return super.send(data, ...more);
    delay.answers -= 1;
    setTimeout(() => super.send(data, () => {}), delay.ms);
  }
}

const server = new WebSocketServer({ host, port: 0, WebSocket: LateWebSocket, perMessageDeflate: false });
serveHeartbeats(server);
server.on('listening', () => say('listening', { port: server.address().port }));
server.on('connection', (socket) => {
  say('connected', { open: server.clients.size });
  socket.on('message', (data) => say('heard', { text: decoder.decode(data) }));
  socket.on('close', (code) => say('gone', { code }));
});

onCommand({
  push({ text }) {
    for (const socket of server.clients) socket.send(text);
  },
  delay({ ms, answers }) {
    delay = { ms, answers };
  },
});
