/**
 * The push server of `serve` and of the demo: `systole/server` on loopback, for clients of this machine only. It can be made to fail in the ways
 * in which servers fail.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { WebSocket, WebSocketServer } from 'ws';

import { refusal } from '../adapters/loopback.ts';
import { isHeartbeat, serveHeartbeats } from '../adapters/server.ts';
import { marked, markerCode, unmarked } from '../push/frames.ts';
import type { Log } from '../push/log.ts';
import { type PushServer as PushService, servePush } from '../push/server.ts';
import { Subscriptions } from './subscriptions.ts';

export interface PushServerOptions {
  /** On 127.0.0.1. 0: any free one. */
  port: number;
  /** Ms after which a client from whom nothing came is cut off. */
  silence: number;
  /** Names a new client. Default: eight hexadecimal digits. */
  nextId?: () => string;
  /** Origins of web pages that may connect, besides those of this machine. */
  allowedOrigins?: ReadonlySet<string>;
  /** Where the topics are kept that clients may hear. Default: it knows no topics. */
  log?: Log | undefined;
  hear?: (news: News) => void;
  /** What a client says: neither heartbeats nor what it asks of topics. It may be secret. */
  message?: ((id: string, said: () => string | Buffer) => void) | undefined;
}

type Optional = 'log' | 'message';

/** How a server serves, well or badly. */
export interface Manner {
  /** Ms by which the time that it tells is ahead of this machine's; negative: behind. */
  readonly skew: number;
  /** Heartbeats are heard and not answered. Clients are named, and messages flow, as before. */
  readonly isMuted: boolean;
  /** Dials are answered with 503; who is connected stays. `retryAfter`: seconds that clients are asked to wait; default: not said. */
  readonly refused?: { readonly retryAfter?: number } | undefined;
}

export const wellBehaved: Manner = { skew: 0, isMuted: false };

export type News =
  | { type: 'joined'; id: string; clients: number }
  /** It asks for what is published to these. */
  | { type: 'subscribed'; id: string; topics: readonly string[] }
  | { type: 'left'; id: string; code: number; why: 'closed' | 'vanished' | 'silent' | 'slow'; clients: number }
  | { type: 'refused'; why: string };

/** A client that lets this many bytes wait is cut off, before it uses up the memory. Short messages take seven times their length there. */
const mostWaiting = 1_048_576;
/** Of all clients: with more than its share of it none is kept. */
const mostWaitingInAll = 4_194_304;
/** Bytes of what is published that wait for a client; what follows waits in the log. A client's share, where there are as many as there may be. */
const mostUnsent = 4_096;
/** The longest message a client may send, in bytes. */
const longestMessage = 65_536;
/** And in how many pieces: each keeps all that was read with it until the last has come. */
const mostFragments = 8;
/** With so many clients, dials are refused. */
const mostClients = 1_000;
/** Connections of all kinds. Those beyond are ended as they come. */
const mostConnections = mostClients + 200;
/** How long a request may take to arrive, ms. */
const longestRequest = 10_000;
/** How long clients may take to answer a close frame, ms. */
const patience = 500;

/** For requests that are never finished. */
const hasty: ServerOptions = {
  headersTimeout: longestRequest,
  requestTimeout: longestRequest,
  connectionsCheckingInterval: longestRequest / 2,
};

export class PushServer {
  readonly #options: Required<Omit<PushServerOptions, Optional>> & Pick<PushServerOptions, Optional>;
  readonly #closing = new AbortController();
  #http!: Server;
  #sockets!: WebSocketServer;
  #push: PushService<object> | undefined;
  /** Every TCP connection, whatever became of it. */
  readonly #links = new Set<Socket>();
  #port: number;
  #restarting: Promise<void> | undefined;
  readonly #slow = new WeakSet<WebSocket>();
  #manner = wellBehaved;

  private constructor(options: PushServerOptions) {
    this.#options = {
      nextId: () => randomBytes(4).toString('hex'),
      allowedOrigins: new Set(),
      hear: () => {},
      ...options,
    };
    this.#port = options.port;
  }

  /** @throws where the port cannot be had */
  static async open(options: PushServerOptions): Promise<PushServer> {
    const server = new PushServer(options);
    await server.#listen();
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get clients(): number {
    return this.#sockets.clients.size;
  }

  get isDown(): boolean {
    return this.#restarting !== undefined;
  }

  /** From now on. */
  behave(manner: Manner): void {
    this.#manner = manner;
  }

  /** To every client, as it is connected now; answers how many there are. What has to arrive is published to a topic. */
  push(text: string): number {
    const { clients } = this.#sockets;
    const share = Math.min(mostWaiting, mostWaitingInAll / clients.size);
    const frame = this.#options.log === undefined ? text : marked(text);
    let told = 0;
    for (const socket of clients) {
      if (socket.readyState !== socket.OPEN) continue;
      if (socket.bufferedAmount > share) {
        this.#slow.add(socket);
        socket.terminate();
        continue;
      }
      socket.send(frame);
      told += 1;
    }
    return told;
  }

  /** Ends every connection without a word, as a server does that lost its sessions; answers how many there were. */
  forget(): number {
    const { size } = this.#sockets.clients;
    for (const socket of this.#sockets.clients) socket.terminate();
    return size;
  }

  /** Tells every client to go (1012), is away for `downFor` ms, and listens again on the same port. */
  async restart(downFor: number): Promise<void> {
    this.#restarting ??= this.#restart(downFor).finally(() => {
      this.#restarting = undefined;
    });
    return this.#restarting;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    // Whoever asked for it hears of its failure.
    await this.#restarting?.catch(() => {});
    await this.#end((socket) => socket.close(1001, 'going away'));
  }

  /** As a process goes that is killed: every link ends without a word, and nobody listens any more. */
  async vanish(): Promise<void> {
    this.#closing.abort();
    await this.#restarting?.catch(() => {});
    const gone = this.#end((socket) => socket.terminate());
    for (const link of this.#links) link.destroy();
    await gone;
  }

  async #restart(downFor: number): Promise<void> {
    await this.#end((socket) => socket.close(1012, 'restarting'));
    // Rejects when the server is closed for good meanwhile.
    await sleep(downFor, undefined, { signal: this.#closing.signal }).catch(() => {});
    if (!this.#closing.signal.aborted) await this.#listen();
  }

  async #listen(): Promise<void> {
    const http = createServer(hasty, (_, response) => {
      response.writeHead(426, { upgrade: 'websocket', connection: 'close' }).end();
    });
    http.maxConnections = mostConnections;
    http.on('connection', (link) => {
      this.#links.add(link);
      link.on('close', () => this.#links.delete(link));
    });
    http.listen(this.#port, '127.0.0.1');
    await once(http, 'listening');
    this.#http = http;
    this.#port = (http.address() as AddressInfo).port;
    this.#sockets = new WebSocketServer({
      server: http,
      WebSocket: this.#socketClass(),
      maxPayload: longestMessage,
      maxFragments: mostFragments,
      verifyClient: ({ req }, answer) => {
        const refused = this.#refusal(req);
        if (refused === undefined) return answer(true);
        const { status, retryAfter } = refused;
        answer(false, status, undefined, retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) });
      },
    });
    this.#serve(this.#sockets);
  }

  /** Names clients and answers them; and lets them hear topics, if there are any. */
  #serve(sockets: WebSocketServer): void {
    const { log, silence, nextId, hear } = this.#options;
    let id: string | undefined;
    const heart = {
      silence,
      now: () => Date.now() + this.#manner.skew,
      nextId: () => (id = nextId()),
    };
    const subscriptions = new Subscriptions((client, topics) => hear({ type: 'subscribed', id: client, topics }));
    if (log === undefined) serveHeartbeats(sockets, heart);
    else this.#push = servePush(sockets, { ...heart, log, maxUnsent: mostUnsent, authorize: subscriptions.ask });
    sockets.on('connection', (socket) => {
      // Without a name it has been sent away.
      if (id === undefined || socket.readyState !== socket.OPEN) return;
      const client = [...(this.#push?.clients ?? [])].at(-1);
      if (client !== undefined) subscriptions.name(client.session, id);
      this.#follow(socket, id, sockets);
      id = undefined;
    });
  }

  /** Undefined: the client is welcome. */
  #refusal({ headers }: IncomingMessage): { status: number; retryAfter?: number } | undefined {
    const { hear, allowedOrigins } = this.#options;
    const stranger = refusal(headers, allowedOrigins);
    const why = stranger ?? (this.clients < mostClients ? undefined : `there are ${mostClients} clients`);
    if (why !== undefined) hear({ type: 'refused', why });
    if (stranger !== undefined) return { status: 403 };
    if (why !== undefined) return { status: 503 };
    const { refused } = this.#manner;
    return refused && { status: 503, ...refused };
  }

  /** Sockets on which, while the server is mute, a heartbeat counts as heard, as a ping does, but is no message that anyone could answer. */
  #socketClass(): typeof WebSocket {
    const isMuted = () => this.#manner.isMuted;
    return class extends WebSocket {
      override emit(event: string | symbol, ...args: unknown[]): boolean {
        if (event === 'message' && isMuted() && isHeartbeat(args[0])) return super.emit('ping', args[0]);
        return super.emit(event, ...args);
      }
    };
  }

  #follow(socket: WebSocket, id: string, { clients }: WebSocketServer): void {
    const { hear, silence, message } = this.#options;
    let heardAt = performance.now();
    const heard = () => {
      heardAt = performance.now();
    };
    socket.on('message', heard).on('ping', heard).on('pong', heard);
    if (message !== undefined) {
      socket.on('message', (data: Buffer, isBinary) => {
        if (isBinary) message(id, () => data);
        else if (!this.#isOurs(data)) message(id, () => this.#textOf(data));
      });
    }
    // Also of one that errs while the server closes, when nobody else listens any more: `close` follows.
    socket.on('error', () => {});
    hear({ type: 'joined', id, clients: clients.size });
    socket.on('close', (code) => {
      let why: 'closed' | 'vanished' | 'silent' | 'slow' = code === 1006 ? 'vanished' : 'closed';
      if (why === 'vanished' && performance.now() - heardAt > silence) why = 'silent';
      if (this.#slow.has(socket)) why = 'slow';
      hear({ type: 'left', id, code, why, clients: clients.size });
    });
  }

  /** It is the protocol's, and no message of the client's own. */
  #isOurs(text: Buffer): boolean {
    return isHeartbeat(text) || (this.#push !== undefined && text[0] === markerCode && text[1] !== markerCode);
  }

  #textOf(data: Buffer): string {
    const text = data.toString();
    return this.#push !== undefined && data[0] === markerCode ? (unmarked(text) ?? text) : text;
  }

  /** @param leave ends the connection of a client */
  async #end(leave: (socket: WebSocket) => void): Promise<void> {
    const http = this.#http;
    const sockets = this.#sockets;
    if (!http.listening) return;
    const closed = [
      once(http, 'close'),
      ...[...sockets.clients].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
    ];
    sockets.close();
    http.close();
    for (const socket of sockets.clients) leave(socket);
    void this.#push?.close();
    const cut = setTimeout(() => {
      for (const link of this.#links) link.destroy();
    }, patience);
    await Promise.all(closed);
    clearTimeout(cut);
  }
}
