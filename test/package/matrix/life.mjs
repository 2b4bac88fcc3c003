/** A connection's life told line by line, by whoever runs it: `life.mjs URL connect|HeartbeatWebSocket default|own`. */
import { connect } from 'systole';
import { idHeartbeat } from 'systole/protocols/id-heartbeat';
import { HeartbeatWebSocket } from 'systole/websocket';

const [url, door, which] = process.argv.slice(2);
const options = {
  protocol: idHeartbeat(),
  heartbeat: { interval: 300, timeout: 3_000 },
  connectTimeout: 10_000,
  backoff: { initial: 100 },
  ...(which === 'own' && { WebSocket: globalThis.WebSocket }),
};

if (door === 'connect') {
  const connection = connect(url, options);
  connection.on('open', ({ id }) => console.log('open', typeof id));
  connection.on('message', (data) => console.log('message', data));
  connection.on('lost', ({ cause }) => console.log('lost', cause));
  connection.on('restored', () => {
    console.log('restored');
    connection.close();
  });
  connection.on('closed', ({ cause, wasClean }) => console.log('closed', cause, wasClean));
} else {
  const socket = new HeartbeatWebSocket(url, [], options);
  socket.onopen = () => console.log('open', typeof socket.connection.id);
  socket.onmessage = ({ data }) => console.log('message', data);
  socket.addEventListener('lost', ({ detail }) => console.log('lost', detail.cause));
  socket.addEventListener('restored', () => {
    console.log('restored');
    socket.onopen = null;
    socket.close();
  });
  socket.onclose = ({ reconnecting, cause, wasClean }) => {
    if (!reconnecting) console.log('closed', cause, wasClean);
  };
}
