/**
 * The other end: sends messages as fast as they are taken, when it is asked with `{"count":…,"payload":…}`, and takes all others without a word.
 * With `"push":true` they are messages of a topic; whoever asks for one hears it. `node traffic-server.mjs`
 */
import { serveHeartbeats } from 'systole/server';
import { WebSocketServer } from 'ws';

import { say } from '../../test/helpers/children/say.mjs';

/** Messages in one write: what a busy server's reader finds in one read of its socket. */
const burst = 200;
const brace = '{'.charCodeAt(0);
const tilde = '~'.charCodeAt(0);

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
serveHeartbeats(server, { fields: { push: 1 } });
server.on('listening', () => say('listening', { port: server.address().port }));
server.on('connection', (socket, { socket: stream }) => {
  socket.on('message', (request) => {
    // Heard from now on, as `docs/PROTOCOL.md` has it.
    if (request[0] === tilde) for (const frame of ['~o 1 e 0 traffic', '~= 1 0']) socket.send(frame);
    if (request[0] !== brace) return;
    const { count, payload, push } = JSON.parse(new TextDecoder().decode(request));
    let sent = 0;
    const send = () => {
      stream.cork();
      for (let i = 0; i < burst && sent < count; i += 1, sent += 1)
        socket.send(push ? `~1 ${sent + 1} ${payload}` : payload);
      stream.uncork();
      if (sent < count) setImmediate(send);
    };
    send();
  });
});
