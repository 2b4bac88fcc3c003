/**
 * `systole/inspect` on Node: serves `@xstate/inspect`'s WebSocket protocol, on loopback, to as many pages as there are.
 *
 * The process neither lives longer for it nor fails by it: no server, socket or timer here holds it up, and a port in use is a warning.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

import { type RawData, type WebSocket, WebSocketServer } from 'ws';

import { originOf, refusal } from '../../adapters/loopback.ts';
import type { Entry } from '../entry.ts';
import { longestCommand, obey } from './commands.ts';
import { framesOf } from './encoder.node.ts';
import { History } from './history.ts';
import type { Inspection, InspectionServer, NodeOptions, ServerOptions } from './inspect.types.ts';
import { harmless, observe } from './observe.ts';
import { checkOptions, SharedInspections } from './shared.ts';

export { observe };

/** A page that is this far behind, besides the history it was told at first, is cut off: bytes. It comes back and is told all of it anew. */
const farBehind = 16 * 2 ** 20;

const shared = new SharedInspections<Inspection>();

export function inspect(options: NodeOptions = {}): Inspection {
  checkOptions(options);
  const { port = 8888, origins, redact, send } = options;
  const key = { port, origins, redact, send };
  return shared.for(key) ?? listen(port, key);
}

function listen(port: number, options: ServerOptions): Inspection {
  const server = serveInspection(options);
  const http = createServer((_, response) => {
    response.writeHead(426, { upgrade: 'websocket', connection: 'close' }).end();
  });
  const stop = () => {
    shared.forget(inspection);
    server.stop();
    http.close();
    http.closeAllConnections();
  };
  const inspection = Object.assign(server.inspect.bind(undefined), { stop });
  http.on('connection', (socket: Socket) => socket.unref());
  http.on('upgrade', (request, socket, head) => server.upgrade(request, socket, head));
  http.on('error', (error: NodeJS.ErrnoException) => {
    const why = error.code === 'EADDRINUSE' ? 'is in use' : `cannot be had (${error.code ?? error.message})`;
    console.warn(
      `systole/inspect: port ${port} of 127.0.0.1 ${why}, so nothing can be seen of this process; name another one, as in inspect({ port: ${port === 8888 ? 8889 : 8888} })`,
    );
    stop();
  });
  http.listen(port, '127.0.0.1');
  http.unref();
  shared.keep({ port, ...options }, inspection);
  return inspection;
}

export function serveInspection(options: ServerOptions = {}): InspectionServer {
  checkOptions(options);
  const { origins = [], redact, send } = options;
  const allowed = new Set(origins.map((origin) => originOf(origin) ?? origin));
  const history = new History<string>((frame) => frame.length);
  /** And how much it was told at first. */
  const pages = new Map<WebSocket, number>();
  const sockets = new WebSocketServer({ noServer: true, maxPayload: longestCommand });
  const observation = observe(
    harmless((entry: Entry) => {
      const frames = framesOf(entry).map((frame) => JSON.stringify(frame));
      history.keep(entry, frames);
      for (const [page, first] of pages) {
        post(page, frames);
        if (page.bufferedAmount > first + farBehind) page.terminate();
      }
    }),
    { redact, send },
  );

  const attend = (page: WebSocket): void => {
    page.on('error', () => {});
    page.on('close', () => pages.delete(page));
    page.on('message', (data: RawData, isBinary) => {
      if (isBinary) return;
      obey(textOf(data), observation, () => {
        pages.set(page, history.size * 2);
        post(page, history.all());
      });
    });
  };

  const stop = (): void => {
    observation.stop();
    history.clear();
    for (const page of sockets.clients) page.terminate();
    sockets.close();
  };

  return {
    inspect: Object.assign(observation.bind(undefined), { stop }),
    stop,
    upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
      socket.on('error', () => {});
      const why = refusal(request.headers, allowed);
      if (why !== undefined) {
        socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      socket.unref();
      sockets.handleUpgrade(request, socket, head, attend);
    },
  };
}

function post(page: WebSocket, frames: readonly string[]): void {
  if (page.readyState !== page.OPEN) return;
  for (const frame of frames) page.send(frame);
}

function textOf(data: RawData): string {
  return (data as Buffer).toString();
}
