/**
 * A client of a library that is a WebSocket to its app.
 * @param {WebSocket} socket
 * @param {import('./peer.d.ts').DialOptions} options
 * @returns {import('./peer.d.ts').Client}
 */
export function asWebSocket(socket, { onOpen, onMessage }) {
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => onOpen?.();
  socket.onmessage = ({ data }) => onMessage?.(data);
  socket.onerror = () => {};
  return { send: (payload) => socket.send(payload), end: () => socket.close() };
}
