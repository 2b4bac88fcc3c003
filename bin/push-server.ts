/**
 * The push server of `serve` and of the demo: `systole/server` on loopback, for clients of this machine only. It can be made to fail in the ways
 * in which servers fail.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

import { WebSocket, WebSocketServer } from 'ws';

import { refusal } from '../adapters/loopback.ts';
import { isHeartbeat, serveHeartbeats } from '../adapters/server.ts';

export interface PushServerOptions {
  /** On 127.0.0.1. 0: any free one. */
  port: number;
  /** Ms after which a client from whom nothing came is cut off. */
  silence: number;
  /** Names a new client. Default: eight hexadecimal digits. */
  nextId?: () => string;
  /** Origins of web pages that may connect, besides those of this machine. */
  allowedOrigins?: ReadonlySet<string>;
  hear?: (news: News) => void;
}

export type News =
  | { type: 'joined'; id: string; clients: number }
  | { type: 'left'; id: string; code: number; why: 'closed' | 'vanished' | 'silent' | 'slow'; clients: number }
  | { type: 'refused'; why: string };

/** A client that lets this many bytes wait is cut off, before it uses up the memory. Short messages take seven times their length there. */
const mostWaiting = 1_048_576;
/** Of all clients: with more than its share of it none is kept. */
const mostWaitingInAll = 4_194_304;
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
/** Messages of a flood between which others get their turn. */
const gush = 100;

/** For requests that are never finished. */
const hasty: ServerOptions = {
  headersTimeout: longestRequest,
  requestTimeout: longestRequest,
  connectionsCheckingInterval: longestRequest / 2,
};

export class PushServer {
  readonly #options: Required<PushServerOptions>;
  readonly #closing = new AbortController();
  #http!: Server;
  #sockets!: WebSocketServer;
  /** Every TCP connection, whatever became of it. */
  readonly #links = new Set<Socket>();
  #port: number;
  #restarting: Promise<void> | undefined;
  readonly #slow = new WeakSet<WebSocket>();
  #skew = 0;
  #isMuted = false;
  #refused: { retryAfter?: number } | undefined;

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

  /** Ms by which its clock is ahead of this machine's. */
  get skew(): number {
    return this.#skew;
  }

  get isMuted(): boolean {
    return this.#isMuted;
  }

  get isRefusing(): boolean {
    return this.#refused !== undefined;
  }

  /** From now on the time that it tells is `ms` ahead of this machine's; negative: behind. */
  skewClock(ms: number): void {
    this.#skew = ms;
  }

  /** From now on heartbeats are heard and not answered. Clients are named, and messages flow, as before. */
  mute(): void {
    this.#isMuted = true;
  }

  unmute(): void {
    this.#isMuted = false;
  }

  /**
   * From now on dials are answered with 503; who is connected stays.
   * @param retryAfter seconds that clients are asked to wait; default: not said
   */
  refuse(retryAfter?: number): void {
    this.#refused = retryAfter === undefined ? {} : { retryAfter };
  }

  accept(): void {
    this.#refused = undefined;
  }

  /** To every client; answers how many there are. */
  push(text: string): number {
    const { clients } = this.#sockets;
    const share = Math.min(mostWaiting, mostWaitingInAll / clients.size);
    let told = 0;
    for (const socket of clients) {
      if (socket.readyState !== socket.OPEN) continue;
      if (socket.bufferedAmount > share) {
        this.#slow.add(socket);
        socket.terminate();
        continue;
      }
      socket.send(text);
      told += 1;
    }
    return told;
  }

  /**
   * Pushes `count` messages, as fast as others on this event loop allow; `text` is given the number of each, from 1. A client that cannot keep up
   * is cut off, as by any push.
   */
  async flood(count: number, text: (number: number) => string): Promise<void> {
    for (let number = 1; number <= count && !this.#closing.signal.aborted; number += 1) {
      this.push(text(number));
      if (number % gush === 0) await turn();
    }
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
    await this.#end(1001, 'going away');
  }

  async #restart(downFor: number): Promise<void> {
    await this.#end(1012, 'restarting');
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
    const { silence, nextId } = this.#options;
    const now = () => Date.now() + this.#skew;
    const named = serveHeartbeats(this.#sockets, { silence, nextId, now }).clients;
    this.#sockets.on('connection', (socket) => {
      const id = [...named].find(([, each]) => each === socket)?.[0];
      // Without a name it has been sent away.
      if (id !== undefined) this.#follow(socket, id, this.#sockets);
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
    return this.#refused && { status: 503, ...this.#refused };
  }

  /** Sockets on which, while the server is mute, a heartbeat counts as heard, as a ping does, but is no message that anyone could answer. */
  #socketClass(): typeof WebSocket {
    const isMuted = () => this.#isMuted;
    return class extends WebSocket {
      override emit(event: string | symbol, ...args: unknown[]): boolean {
        if (event === 'message' && isMuted() && isHeartbeat(args[0])) return super.emit('ping', args[0]);
        return super.emit(event, ...args);
      }
    };
  }

  #follow(socket: WebSocket, id: string, { clients }: WebSocketServer): void {
    const { hear, silence } = this.#options;
    let heardAt = performance.now();
    const heard = () => {
      heardAt = performance.now();
    };
    socket.on('message', heard).on('ping', heard).on('pong', heard);
    hear({ type: 'joined', id, clients: clients.size });
    socket.on('close', (code) => {
      let why: 'closed' | 'vanished' | 'silent' | 'slow' = code === 1006 ? 'vanished' : 'closed';
      if (why === 'vanished' && performance.now() - heardAt > silence) why = 'silent';
      if (this.#slow.has(socket)) why = 'slow';
      hear({ type: 'left', id, code, why, clients: clients.size });
    });
  }

  async #end(code: number, reason: string): Promise<void> {
    const http = this.#http;
    const sockets = this.#sockets;
    if (!http.listening) return;
    const closed = [
      once(http, 'close'),
      ...[...sockets.clients].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
    ];
    sockets.close();
    http.close();
    for (const socket of sockets.clients) socket.close(code, reason);
    const cut = setTimeout(() => {
      for (const link of this.#links) link.destroy();
    }, patience);
    await Promise.all(closed);
    clearTimeout(cut);
  }
}
