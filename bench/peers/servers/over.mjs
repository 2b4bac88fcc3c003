/** What servers of all libraries have in common: one room, and an end without a word. */
import { once } from 'node:events';
import { createServer } from 'node:http';

import { WebSocketServer } from 'ws';

const decoder = new TextDecoder();

/**
 * A server of HTTP with a library's upon it.
 * @param {(room: Room, http: import('node:http').Server) => unknown} serve puts it there; what it returns is done at the end
 * @param {import('../peer.d.ts').ServeOptions} options
 * @returns {Promise<import('../peer.d.ts').Served>}
 */
export async function overHttp(serve, { port = 0, host = '127.0.0.1' } = {}) {
  const http = createServer();
  const streams = new Set();
  http.on('connection', (stream) => {
    streams.add(stream);
    stream.on('error', () => {}).on('close', () => streams.delete(stream));
  });
  const room = new Room(streams);
  const stop = await serve(room, http);
  http.listen(port, host);
  await once(http, 'listening');
  return Object.assign(room, {
    port: http.address().port,
    async stop() {
      const closed = once(http, 'close');
      http.close();
      for (const stream of streams) stream.destroy();
      await closed;
      await stop?.();
    },
  });
}

/**
 * The same, upon `ws`.
 * @param {(room: Room, server: WebSocketServer) => unknown} serve
 * @param {import('../peer.d.ts').ServeOptions} options
 * @param {import('ws').ServerOptions} settings
 */
export function overWs(serve, options, settings = {}) {
  return overHttp(async (room, http) => {
    const server = new WebSocketServer({ server: http, perMessageDeflate: false, ...settings });
    server.on('connection', (socket) => socket.on('error', () => {}));
    const stop = await serve(room, server);
    return async () => {
      await new Promise((resolve) => {
        server.close(resolve);
      });
      await stop?.();
    };
  }, options);
}

/** Who is there, and what is said to all of them. */
export class Room {
  #streams;
  #members = new Set();
  onEnter = () => {};
  onMessage = () => {};

  constructor(streams) {
    this.#streams = streams;
  }

  get clients() {
    return this.#members.size;
  }

  /** @param {(payload: import('../peer.d.ts').Payload) => void} tell @returns what to do when it is gone */
  enter(tell) {
    this.#members.add(tell);
    this.onEnter();
    return () => void this.#members.delete(tell);
  }

  send(payload, count = 1) {
    for (const stream of this.#streams) stream.cork();
    for (let i = 0; i < count; i += 1) for (const tell of this.#members) tell(payload);
    for (const stream of this.#streams) stream.uncork();
  }
}

/** As `ws` hands it over. */
export function payloadOf(data, isBinary) {
  return isBinary ? data : decoder.decode(data);
}
