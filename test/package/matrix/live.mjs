/** Two lives of a connection, told word by word, by whoever runs them: what stage.ts leads through. */
import { connect } from 'systole';
import { idHeartbeat } from 'systole/protocols/id-heartbeat';
import { HeartbeatWebSocket } from 'systole/websocket';

const settings = {
  protocol: idHeartbeat(),
  heartbeat: { interval: 300, timeout: 5_000 },
  connectTimeout: 10_000,
  backoff: { initial: 100 },
};

/**
 * @param {'connect' | 'HeartbeatWebSocket'} door
 * @param {string} url
 * @param {(...words: unknown[]) => void} tell
 * @param {object} options the class, where it is not the default
 */
export function live(door, url, tell, options = {}) {
  return { connect: liveThroughConnect, HeartbeatWebSocket: liveThroughClass }[door](url, tell, {
    ...settings,
    ...options,
  });
}

function liveThroughConnect(url, tell, options) {
  const connection = connect(url, options);
  connection.on('open', ({ id }) => tell('open', typeof id));
  connection.on('message', (data) => tell('message', data));
  connection.on('lost', ({ cause }) => tell('lost', cause));
  connection.on('restored', () => {
    tell('restored');
    connection.close();
  });
  return new Promise((resolve) => {
    connection.on('closed', ({ cause, wasClean }) => {
      tell('closed', cause, wasClean);
      resolve();
    });
  });
}

function liveThroughClass(url, tell, options) {
  const socket = new HeartbeatWebSocket(url, [], options);
  socket.onopen = () => tell('open', typeof socket.connection.id);
  socket.onmessage = ({ data }) => tell('message', data);
  socket.addEventListener('lost', ({ detail }) => tell('lost', detail.cause));
  socket.addEventListener('restored', () => {
    tell('restored');
    socket.onopen = null;
    socket.close();
  });
  return new Promise((resolve) => {
    socket.onclose = ({ reconnecting, cause, wasClean }) => {
      if (reconnecting) return;
      tell('closed', cause, wasClean);
      resolve();
    };
  });
}
