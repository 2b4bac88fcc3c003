/**
 * `systole/inspect` on Node: serves `@xstate/inspect`'s WebSocket protocol, on loopback, to as many pages as there are.
 *
 * The process neither lives longer for it nor fails by it: no server, socket or timer here holds it up, a port in use is a warning, and what is held
 * for pages is bounded, whatever they ask for and however little they read.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

import { type RawData, type WebSocket, WebSocketServer } from 'ws';

import { answerPings, deny, Guests, impatience } from '../../adapters/guests.ts';
import { originOf, refusal } from '../../adapters/loopback.ts';
import type { Entry } from '../entry.ts';
import { heartbeatText, longestCommand, obey, subprotocol } from './commands.ts';
import { framesOf } from './encoder.node.ts';
import { Feed } from './feed.ts';
import { History } from './history.ts';
import type { Inspection, InspectionServer, NodeOptions, ServerOptions } from './inspect.types.ts';
import { harmless, observe } from './observe.ts';
import { checkOptions, type Naming, SharedInspections, under } from './shared.ts';

export { observe };

/** Pages at once. */
const mostPages = 16;
/** Bytes that wait for a page beyond which its heartbeats are not answered. */
const mostUnread = 2 ** 20;
/** How long pages may take to hear the last of it, ms. */
const patience = 500;

const shared = new SharedInspections<Naming>();

export function inspect(options: NodeOptions = {}): Inspection {
  checkOptions(options);
  const { name, port = 8888, origins, redact, send } = options;
  const key = { port, origins, redact, send };
  return under(name, shared.for(key) ?? listen(port, key));
}

function listen(port: number, options: ServerOptions): Naming {
  const server = serveInspection(options);
  const http = createServer(impatience, (_, response) => {
    response.writeHead(426, { upgrade: 'websocket', connection: 'close' }).end();
  });
  const guests = new Guests(http);
  const stop = () => {
    shared.forget(inspection);
    server.stop();
    http.close();
    setTimeout(() => guests.dismiss(), patience).unref();
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
  const { name, origins = [], redact, send } = options;
  const allowed = new Set(origins.map((origin) => originOf(origin) ?? origin));
  const history = new History<string>((frame) => frame.length);
  /** Pages that have said that they are there. */
  const feeds = new Map<WebSocket, Feed>();
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: longestCommand,
    maxFragments: 8,
    autoPong: false,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : ([...offered][0] ?? false)),
  });
  const observation = observe(
    harmless((entry: Entry) => {
      const frames = framesOf(entry).map((frame) => JSON.stringify(frame));
      history.keep(entry, frames);
      for (const feed of feeds.values()) feed.tell(frames);
    }),
    { name, redact, send },
  );

  const attend = (page: WebSocket): void => {
    answerPings(page);
    page.on('error', () => {});
    page.on('close', () => {
      feeds.get(page)?.stop();
      feeds.delete(page);
    });
    page.on('message', (data: RawData, isBinary) => {
      if (isBinary) return;
      obey(textOf(data), observation, {
        replay() {
          const feed = feeds.get(page) ?? new Feed(page);
          feeds.set(page, feed);
          feed.replay(() => history.all());
        },
        beat() {
          if (page.readyState === page.OPEN && page.bufferedAmount <= mostUnread) page.send(heartbeatText);
        },
      });
    });
  };

  const stop = (): void => {
    observation.stop();
    history.clear();
    for (const page of sockets.clients) page.close(1001, 'nothing more is told');
    sockets.close();
    setTimeout(() => {
      for (const page of sockets.clients) page.terminate();
    }, patience).unref();
  };

  return {
    inspect: Object.assign(observation.bind(undefined), { stop }),
    stop,
    upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
      socket.on('error', () => {});
      socket.unref();
      if (refusal(request.headers, allowed) !== undefined) return deny(socket, '403 Forbidden');
      if (sockets.clients.size >= mostPages) return deny(socket, '503 Service Unavailable');
      sockets.handleUpgrade(request, socket, head, attend);
    },
  };
}

function textOf(data: RawData): string {
  return (data as Buffer).toString();
}
