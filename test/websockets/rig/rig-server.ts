/**
 * The far end of the adapter suite: real `ws` servers, each behind a fault proxy, made and driven over HTTP by tests that may run in a browser.
 * Everything listens on loopback.
 */
import { channel } from 'node:diagnostics_channel';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createConnection, createServer as createTcpServer, type Socket } from 'node:net';

import { type WebSocket, WebSocketServer } from 'ws';

import { serveHeartbeats } from '../../../adapters/server.ts';
import { type FaultProxy, faultProxy } from '../../kit/fault-proxy.ts';
import type { Behaviour, RigReport, RigCommand, Seen } from './rig.ts';

type SeenNow = Seen extends infer S ? (S extends Seen ? Omit<S, 'at'> : never) : never;

/** How often the worst delay of a timer is looked for, ms. */
const pace = 5;

class FarEnd {
  readonly #behaviour: Behaviour;
  #heartbeats: 'answered' | 'ignored';
  readonly #seen: Seen[] = [];
  readonly #changed = new EventEmitter().setMaxListeners(0);
  readonly #sockets = new WebSocketServer({ noServer: true });
  /** What `serveHeartbeats` takes for its server: it hears only of the clients that it is to serve. */
  readonly #served = new EventEmitter();
  /** The connections by number, with the TCP socket below each. */
  readonly #clients = new Map<number, { socket: WebSocket; tcp: Socket }>();
  #count = 0;
  #http: Server | undefined;
  #proxy: FaultProxy | undefined;
  readonly #ports = { http: 0, proxy: 0 };
  #dead: { port: number; free(): void } | undefined;
  #late = 0;
  readonly #watch: NodeJS.Timeout;

  constructor(behaviour: Behaviour) {
    this.#behaviour = behaviour;
    this.#heartbeats = behaviour.heartbeats ?? 'answered';
    if (behaviour.silence !== undefined) {
      serveHeartbeats(this.#served as unknown as WebSocketServer, { silence: behaviour.silence });
    }
    let last = performance.now();
    this.#watch = setInterval(() => {
      const now = performance.now();
      this.#late = Math.max(this.#late, now - last - pace);
      last = now;
    }, pace);
  }

  async start(): Promise<{ url: string; deadUrl: string }> {
    const http = createServer();
    this.#http = http;
    http.on('upgrade', (request: IncomingMessage, tcp: Socket, head: Buffer) => this.#upgrade(request, tcp, head));
    http.listen(this.#ports.http, '127.0.0.1');
    await once(http, 'listening');
    this.#ports.http = (http.address() as AddressInfo).port;
    this.#proxy = await faultProxy(this.#ports.http, this.#ports.proxy);
    this.#ports.proxy = this.#proxy.port;
    this.#dead ??= await deadPort();
    return { url: `ws://127.0.0.1:${this.#ports.proxy}/`, deadUrl: `ws://127.0.0.1:${this.#dead.port}/` };
  }

  /** From now on dials are refused. */
  async stop(): Promise<void> {
    const closed = this.#http && once(this.#http, 'close');
    this.#http?.close();
    for (const { socket } of this.#clients.values()) socket.terminate();
    this.#http?.closeAllConnections();
    await Promise.all([this.#proxy?.close(), closed]);
    this.#http = undefined;
    this.#proxy = undefined;
  }

  async remove(): Promise<void> {
    clearInterval(this.#watch);
    this.#served.emit('close');
    this.#dead?.free();
    await this.stop();
  }

  report(): RigReport {
    return { seen: this.#seen, open: this.#clients.size, late: this.#late };
  }

  /** Resolves as soon as `count` of a kind have been seen. */
  async seen(type: Seen['type'], count: number): Promise<Seen[]> {
    for (;;) {
      const found = this.#seen.filter((each) => each.type === type);
      if (found.length >= count) return found;
      await once(this.#changed, 'seen');
    }
  }

  reached(port: number): void {
    if (port === this.#ports.proxy) this.#see({ type: 'reached' });
  }

  async obey(command: RigCommand): Promise<void> {
    switch (command.do) {
      case 'silence':
      case 'heal':
      case 'reset':
        return this.#proxy?.[command.do]();
      case 'stop':
        return this.stop();
      case 'start':
        return void (await this.start());
      case 'heartbeats':
        this.#heartbeats = command.are;
        return;
      default:
        for (const [connection, { socket, tcp }] of this.#clients) {
          if ((command.connection ?? connection) === connection) tellOne(command, { connection, socket, tcp });
        }
    }
  }

  #upgrade(request: IncomingMessage, tcp: Socket, head: Buffer): void {
    this.#see({ type: 'asked' });
    // A client that resets its connection is part of many a story.
    tcp.on('error', () => {});
    const { refuse } = this.#behaviour;
    if (refuse !== undefined) {
      const headers = Object.entries({ Connection: 'close', 'Content-Length': '0', ...refuse.headers });
      tcp.end(
        `HTTP/1.1 ${refuse.status} No\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
      );
      return;
    }
    // The answer to the upgrade and all that follows at once leave as one chunk of bytes.
    tcp.cork();
    this.#sockets.handleUpgrade(request, tcp, head, (socket) => this.#welcome(socket, tcp));
    tcp.uncork();
  }

  #welcome(socket: WebSocket, tcp: Socket): void {
    const connection = ++this.#count;
    this.#clients.set(connection, { socket, tcp });
    this.#see({ type: 'opened', connection });
    this.#listen(socket, connection);
    const { naming = 'at-once', silence, before = [], behind = [], closeAtOnce, pushEvery } = this.#behaviour;
    for (const text of before) socket.send(text);
    if (silence !== undefined) this.#served.emit('connection', socket);
    else if (naming === 'at-once') tellOne({ do: 'name' }, { connection, socket, tcp });
    for (const text of behind) socket.send(text);
    if (closeAtOnce !== undefined) socket.close(closeAtOnce.code, closeAtOnce.reason);
    if (pushEvery === undefined) return;
    let pushes = 0;
    const timer = setInterval(() => socket.send(`push ${++pushes}`), pushEvery);
    socket.on('close', () => clearInterval(timer));
  }

  #listen(socket: WebSocket, connection: number): void {
    socket.on('message', (data, isBinary) => {
      const text = (data as Buffer).toString();
      if (isBinary || text !== 'heartbeat') return this.#see({ type: 'message', connection, text, binary: isBinary });
      this.#see({ type: 'heartbeat', connection });
      if (this.#behaviour.silence === undefined && this.#heartbeats === 'answered') {
        socket.send(JSON.stringify({ heartbeat: Date.now() }));
      }
    });
    socket.on('close', (code, reason) => {
      this.#clients.delete(connection);
      this.#see({ type: 'closed', connection, code, reason: reason.toString() });
    });
    socket.on('error', () => {});
  }

  #see(seen: SeenNow): void {
    this.#seen.push({ ...seen, at: Date.now() });
    this.#changed.emit('seen');
  }
}

type ToClients = Extract<RigCommand, { connection?: number }>;

function tellOne(
  command: ToClients,
  { connection, socket, tcp }: { connection: number; socket: WebSocket; tcp: Socket },
) {
  switch (command.do) {
    case 'name':
      return socket.send(JSON.stringify({ id: `client ${connection}`, now_time: Date.now() }));
    case 'push':
      return socket.send(command.as === 'binary' ? Buffer.from(command.text) : command.text);
    case 'ping':
      return socket.ping();
    case 'close':
      return socket.close(command.code, command.reason);
    case 'terminate':
      return socket.terminate();
    case 'babble':
      return void tcp.write(Buffer.alloc(8, 0xff));
    case 'begin-close': {
      socket.pause();
      const frame = Buffer.from([0x88, 2, 0, 0]);
      frame.writeUInt16BE(command.code, 2);
      return void tcp.write(frame);
    }
  }
}

/**
 * A port at which a dial is refused. A connection of our own begins there, so that no listener is given the port meanwhile.
 */
async function deadPort(): Promise<{ port: number; free(): void }> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const held = createConnection({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  const [[far]] = await Promise.all([accepted, once(held, 'connect')]);
  for (const socket of [held, far]) socket.on('error', () => {});
  server.close();
  return {
    port: held.localPort!,
    free() {
      held.destroy();
      far.destroy();
    },
  };
}

const rigs = new Map<number, FarEnd>();
let made = 0;

channel('net.server.socket').subscribe((message) => {
  const { localPort } = (message as { socket: Socket }).socket;
  for (const rig of rigs.values()) rig.reached(localPort!);
});

/** Pages of loopback only: a foreign one, or a name that was rebound to loopback, is turned away. */
const loopback = /^(?:http:\/\/)?(?:127\.0\.0\.1|localhost):\d+$/;

const control = createServer((request, response) => {
  const { host = '', origin } = request.headers;
  if (!loopback.test(host) || (origin !== undefined && !loopback.test(origin))) return respond(response, 403, {});
  if (origin !== undefined) {
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Allow-Methods', 'GET, POST, DELETE');
  }
  handle(request).then(
    (answer) => respond(response, 200, answer ?? {}),
    (error) => respond(response, 500, { error: String(error) }),
  );
});

async function handle(request: IncomingMessage): Promise<unknown> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const [, id, what] = /^\/rigs(?:\/(\d+)(\/seen)?)?$/.exec(pathname) ?? [];
  if (request.method === 'OPTIONS') return undefined;
  if (id === undefined) return make((await bodyOf(request)) as Behaviour);
  const rig = rigs.get(Number(id));
  if (rig === undefined) throw new Error(`there is no rig ${id}`);
  if (request.method === 'POST') return rig.obey((await bodyOf(request)) as RigCommand);
  if (request.method === 'GET' && what === undefined) return rig.report();
  if (request.method === 'GET')
    return rig.seen(searchParams.get('type') as Seen['type'], Number(searchParams.get('count')));
  rigs.delete(Number(id));
  return rig.remove();
}

async function make(behaviour: Behaviour): Promise<object> {
  const rig = new FarEnd(behaviour);
  const urls = await rig.start();
  rigs.set(++made, rig);
  return { id: made, ...urls };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString());
}

function respond(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

control.listen(0, '127.0.0.1', () => process.send?.((control.address() as AddressInfo).port));
// The tests are over, or were killed.
process.on('disconnect', () => process.exit());
