/** Servers that die as one does that is killed: with all their connections, without a word. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import { type RawData, WebSocketServer } from 'ws';

import type { RunningServer, Start } from '../library.ts';

export interface News {
  /** See {@link RunningServer.tell}. */
  tell: (news: number) => unknown;
  /** What else ends with the server. */
  stop?: () => unknown;
}

/** @param serve puts the library's server on a server of HTTP, which does not listen yet */
export function overHttp(serve: (server: Server, keepAlive: number | undefined) => News | Promise<News>): Start {
  return async (port, keepAlive) => {
    const server = createServer();
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    });
    const { tell, stop } = await serve(server, keepAlive);
    if (!server.listening) server.listen(port, '127.0.0.1');
    await listening(server);
    return {
      port: (server.address() as AddressInfo).port,
      tell,
      async stop() {
        const closed = once(server, 'close');
        server.close();
        for (const socket of sockets) socket.destroy();
        await closed;
        await stop?.();
      },
    } satisfies RunningServer;
  };
}

/** @param serve puts the library's server on a server of `ws` */
export function overWs(
  serve: (server: WebSocketServer, keepAlive: number | undefined) => News | Promise<News>,
  options: { handleProtocols?: (offered: Set<string>) => string | false } = {},
): Start {
  return overHttp(async (server, keepAlive) => {
    const webSockets = new WebSocketServer({ server, ...options });
    webSockets.on('connection', (socket) => socket.on('error', () => {}));
    const { tell, stop } = await serve(webSockets, keepAlive);
    return {
      tell,
      async stop() {
        await new Promise((resolve) => webSockets.close(resolve));
        await stop?.();
      },
    };
  });
}

export function textOf(data: RawData): string {
  return (data as Buffer).toString();
}

async function listening(server: Server): Promise<void> {
  if (!server.listening) await once(server, 'listening');
}
