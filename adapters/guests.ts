/**
 * What a server on loopback holds of its clients, whatever they do: so many connections, none of them for nothing, and no answer that is not read.
 * Any program of this machine may connect; none may use up the memory or the descriptors of the process that listens, or keep it from ending.
 */
import type { Server, ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import type { WebSocket } from 'ws';

/** Connections of one server, of whatever kind. Those that are too many are closed as they come. */
const mostConnections = 128;
/** How long a request may take to arrive, ms. */
const longestRequest = 10_000;
/** How long a connection may stay without a byte in either direction, until it is upgraded, ms: its client does not read. */
const longestPause = 30_000;
/** How long a refusal may take to be written, ms. */
const longestRefusal = 1_000;

/** For `createServer()`. */
export const impatience: ServerOptions = {
  headersTimeout: longestRequest,
  requestTimeout: longestRequest,
  connectionsCheckingInterval: longestRequest / 2,
};

/** All connections of an HTTP server. It does not know those that were upgraded itself. */
export class Guests {
  readonly #sockets = new Set<Socket>();

  constructor(http: Server) {
    http.maxConnections = mostConnections;
    http.timeout = longestPause;
    http.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** Ends them all, in the middle of whatever they are. */
  dismiss(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Refuses an upgrade. The socket goes with the answer: one that is only ended stays half open for as long as its client likes. */
export function deny(socket: Duplex, status: string): void {
  socket.on('error', () => {});
  const leave = (): unknown => socket.destroy();
  // Behind an answer that is not read, this one is never written.
  const late = setTimeout(leave, longestRefusal).unref();
  socket.once('finish', leave).once('close', () => clearTimeout(late));
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** What a frame costs besides its bytes, about. */
const perFrame = 128;
/** More than all the pings of one read of the socket make. */
const mostAnswers = 2 ** 21;

/**
 * Answers a client's pings as long as it reads the answers. For sockets that do not answer by themselves (`autoPong: false`): not every `ws` that we may
 * be given does that within bounds, and one that does (`maxPendingAutoPongs`) cuts off who sends a hundred at once.
 * @param most bytes of answers that may wait for a client; one that lets more wait is cut off
 */
export function answerPings(socket: WebSocket, most = mostAnswers): void {
  let waiting = 0;
  socket.on('ping', (data: Buffer) => {
    if (waiting > most) return socket.terminate();
    if (socket.readyState !== socket.OPEN) return undefined;
    const size = data.length + perFrame;
    waiting += size;
    return socket.pong(data, false, () => {
      waiting -= size;
    });
  });
}
