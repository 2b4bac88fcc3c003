/**
 * The servers: `ws` with `serveHeartbeats()`, as users run it, and `faultServer()`, which has bad manners on command. Both under one face.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { type RawData, type WebSocket, WebSocketServer } from 'ws';

import { type HeartbeatServer, serveHeartbeats } from '../../../adapters/server.ts';
import type { FaultClient } from '../../kit/fault-client.ts';
import { type FaultServer, faultServer } from '../../kit/fault-server.ts';
import type { Data, Manners } from '../../kit/manners.ts';

/** A connection, as its server sees it. */
export interface SoakGuest {
  readonly client: number;
  readonly dial: number;
  say(data: Data): void;
  /** 1005: the close frame carries no code. 1006: there is none. */
  close(code: number): void;
  /** Reads nothing, until it is told to go on. */
  stall?(): () => void;
  behave?(manners?: Partial<Manners>): void;
}

/** Hears what comes of all guests. */
export interface Listener {
  arrived(guest: SoakGuest, data: Data): void;
  /** A guest is welcome. */
  came(guest: SoakGuest): void;
}

export interface SoakServer {
  readonly port: number;
  readonly guests: ReadonlySet<SoakGuest>;
  /** Hangs up on everybody and is away for so long, ms. One at a time: what is asked for meanwhile happens when it is back. */
  restart(code: number, downFor: number): Promise<void>;
  /** Dials are refused with this status. Undefined: they are welcome. */
  refuse(status?: number, retryAfter?: number): void;
  /** What it answers is older than it should be by so many ms. */
  lag(ms: number): void;
  behave?(manners?: Partial<Manners>): void;
  close(): Promise<void>;
  /** What it still holds after that. */
  readonly leftovers: number;
}

/** How long clients may take to answer a close frame, ms. */
const patience = 300;
/** More than `heartbeat.interval + heartbeat.timeout` of the clients. */
const silence = 2_000;

export class RealServer implements SoakServer {
  readonly guests = new Set<SoakGuest>();
  readonly #listener: Listener;
  readonly #deflates: boolean;
  #http: Server | undefined;
  #sockets!: WebSocketServer;
  #hearts: HeartbeatServer<WebSocket> | undefined;
  #refusal: { status: number; retryAfter: number | undefined } | undefined;
  #lag = 0;
  #turn: Promise<unknown> = Promise.resolve();
  port = 0;

  constructor(listener: Listener, deflates: boolean) {
    this.#listener = listener;
    this.#deflates = deflates;
  }

  async start(): Promise<this> {
    const http = createServer();
    this.#sockets = new WebSocketServer({
      server: http,
      perMessageDeflate: this.#deflates && { threshold: 64 },
      verifyClient: (_, done) => {
        if (this.#refusal === undefined) return done(true);
        const { status, retryAfter } = this.#refusal;
        done(false, status, 'soaked', retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) });
      },
    });
    this.#sockets.on('error', () => {}); // told by `listening`, which does not come
    this.#hearts = serveHeartbeats(this.#sockets, { silence, now: () => Date.now() - this.#lag });
    this.#sockets.on('connection', (socket, request) => this.#welcome(socket, request));
    this.#http = http;
    http.listen(this.port, '127.0.0.1');
    await once(http, 'listening');
    this.port = (http.address() as AddressInfo).port;
    return this;
  }

  restart(code: number, downFor: number): Promise<void> {
    return this.#inTurn(async () => {
      await this.#stop(code);
      await sleep(downFor);
      await this.start();
    });
  }

  refuse(status?: number, retryAfter?: number): void {
    this.#refusal = status === undefined ? undefined : { status, retryAfter };
  }

  lag(ms: number): void {
    this.#lag = ms;
  }

  close(): Promise<void> {
    return this.#inTurn(() => this.#stop(1001));
  }

  get leftovers(): number {
    return this.guests.size + (this.#hearts?.clients.size ?? 0) + this.#sockets.clients.size;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done;
    return done;
  }

  async #stop(code: number): Promise<void> {
    const http = this.#http;
    if (http === undefined) return;
    this.#http = undefined;
    const closed = once(http, 'close');
    const sockets = [...this.#sockets.clients];
    this.#sockets.close();
    http.close();
    for (const socket of sockets) hangUp(socket, code);
    const cut = setTimeout(() => {
      for (const socket of sockets) socket.terminate();
      http.closeAllConnections();
    }, patience);
    await closed;
    clearTimeout(cut);
  }

  #welcome(socket: WebSocket, request: IncomingMessage): void {
    const guest: SoakGuest = {
      ...addressOf(request.url),
      say: (data) => socket.send(data),
      close: (code) => hangUp(socket, code),
      stall: () => {
        socket.pause();
        return () => socket.resume();
      },
    };
    this.guests.add(guest);
    socket.on('close', () => this.guests.delete(guest));
    socket.on('message', (data: RawData, isBinary) => {
      // The server's half of plain().
      if (!isBinary && (data as Buffer).length === 4 && (data as Buffer).toString() === 'ping') socket.send('pong');
      else this.#listener.arrived(guest, data as Buffer);
    });
    this.#listener.came(guest);
  }
}

function hangUp(socket: WebSocket, code: number): void {
  if (code === 1006) socket.terminate();
  else socket.close(code === 1005 ? undefined : code);
}

export class RudeServer implements SoakServer {
  readonly guests = new Set<SoakGuest>();
  readonly #listener: Listener;
  #server!: FaultServer;

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  async start(): Promise<this> {
    this.#server = await faultServer();
    void this.#takeIn();
    void this.#forgetDials();
    return this;
  }

  get port(): number {
    return this.#server.port;
  }

  async restart(code: number, downFor: number): Promise<void> {
    await this.#server.stop(code);
    await sleep(downFor);
    await this.#server.start();
  }

  refuse(status?: number, retryAfter?: number): void {
    this.behave(status === undefined ? {} : { upgrade: status, retryAfter });
  }

  lag(ms: number): void {
    this.behave({ answerAge: ms });
  }

  behave(manners: Partial<Manners> = {}): void {
    this.#server.behave(manners);
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  get leftovers(): number {
    return this.guests.size + this.#server.clients.length;
  }

  async #takeIn(): Promise<void> {
    for (;;) {
      const client = await this.#server.nextClient().catch(() => undefined);
      if (client === undefined) return;
      void this.#attend(client);
    }
  }

  /** They would be kept for who asks. */
  async #forgetDials(): Promise<void> {
    while (await this.#server.nextDial().catch(() => undefined));
  }

  async #attend(client: FaultClient): Promise<void> {
    const guest: SoakGuest = {
      ...addressOf(client.dial.path),
      say: (data) => client.send(data),
      close: (code) => client.close(code),
      behave: (manners) => client.behave(manners),
    };
    this.guests.add(guest);
    this.#listener.came(guest);
    for (;;) {
      const data = await client.next().catch(() => undefined);
      if (data === undefined) break;
      this.#listener.arrived(guest, data);
    }
    this.guests.delete(guest);
  }
}

/** `/client/dial`. */
function addressOf(path = ''): Pick<SoakGuest, 'client' | 'dial'> {
  const [, client, dial] = path.split('/').map(Number);
  return { client: client ?? -1, dial: dial ?? -1 };
}
