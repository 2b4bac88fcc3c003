/**
 * A server of `id-heartbeat` on loopback, with bad manners on command. Of npm `ws`, on real sockets, for clients of this machine only.
 *
 * ```ts
 * const server = await faultServer();
 * const connection = connect(server.url);
 * const client = await server.nextClient();
 * server.behave({ answers: 0 }); // from now on it is mute
 * server.behave(); // and good again
 * await server.close();
 * ```
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import { type WebSocket, WebSocketServer } from 'ws';

import { check, isObject, type Rules } from '../../adapters/check.ts';
import { refusal } from '../../adapters/loopback.ts';
import { Client, type Dial, type FaultClient, type MannerlyPeer, Queue } from './fault-client.ts';
import { anyPort } from './faults.ts';
import { checkEnd, type Data, Host, type Manners } from './manners.ts';

export type { Dial, FaultClient } from './fault-client.ts';
export type { Data, Manners } from './manners.ts';

export interface FaultServerOptions {
  /** On 127.0.0.1. Default 0: any free one. */
  port?: number;
  /** Those it begins with. Default: good ones. */
  manners?: Partial<Manners>;
}

export interface FaultServer {
  readonly port: number;
  /** `ws://127.0.0.1:<port>/` */
  readonly url: string;
  /** Those that a new client meets. */
  readonly manners: Manners;
  /** Who is connected, oldest first. */
  readonly clients: readonly FaultClient[];
  /** How often it was dialled, refused and unanswered dials included; while it is stopped nobody can. */
  readonly dials: number;
  /**
   * From now on it behaves so, in all else well; with no argument, well. To everybody, present and to come. To change one manner more:
   * `behave({ ...server.manners, answers: 0 })`.
   * @throws {TypeError | RangeError} naming the manner at fault
   */
  behave(manners?: Partial<Manners>): void;
  /** To everybody, as it is. What a client does not read waits here, however much. */
  push(data: Data): void;
  /** The next client: each is handed out once, in the order in which they came, also those that came before you asked. */
  nextClient(): Promise<FaultClient>;
  /** The next dial, in the same way, before it is known what becomes of it. */
  nextDial(): Promise<Dial>;
  /** Hangs up on everybody, with a {@link FaultClient.close} code, and no longer listens: dials fail. Default code 1001. */
  stop(code?: number, reason?: string): Promise<void>;
  /** Listens again, on the same port. Manners, counts and names go on. */
  start(): Promise<void>;
  /** Stops with 1012, and starts after `downFor` ms. Default 0. */
  restart(downFor?: number): Promise<void>;
  /** Stops for good, and leaves nothing behind. Whoever still waits for a client or a dial is told by an error. */
  close(): Promise<void>;
}

/** @throws {TypeError | RangeError} naming the option or the manner at fault @throws {Error} where the port cannot be had */
export async function faultServer(options: FaultServerOptions = {}): Promise<FaultServer> {
  check(options, serverRules);
  const server = new LoopbackServer(options);
  await server.start();
  return server;
}

/** How long clients may take to answer a close frame, ms. */
const patience = 500;
/** The longest message a client may send, in bytes. */
const longestMessage = 16 * 2 ** 20;

const systemClock = {
  now: () => Date.now(),
  setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms),
  clearTimeout: (id: unknown) => clearTimeout(id as NodeJS.Timeout),
};

class LoopbackServer implements FaultServer {
  readonly #host: Host<MannerlyPeer>;
  readonly #upgrades = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload: longestMessage });
  readonly #clients = new Map<WebSocket, Client>();
  readonly #newClients = new Queue<FaultClient>();
  readonly #newDials = new Queue<Dial>();
  /** Every TCP connection, whatever became of its upgrade. */
  readonly #links = new Set<Socket>();
  readonly #closing = new AbortController();
  #http: Server | undefined;
  #port: number;
  #dials = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ port = 0, manners }: FaultServerOptions) {
    this.#host = new Host(systemClock, manners);
    this.#port = port;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/`;
  }

  get manners(): Manners {
    return this.#host.manners;
  }

  get clients(): readonly FaultClient[] {
    return [...this.#clients.values()];
  }

  get dials(): number {
    return this.#dials;
  }

  behave(manners?: Partial<Manners>): void {
    this.#host.behave(manners);
  }

  push(data: Data): void {
    for (const client of this.#clients.values()) client.send(data);
  }

  nextClient(): Promise<FaultClient> {
    return this.#newClients.next();
  }

  nextDial(): Promise<Dial> {
    return this.#newDials.next();
  }

  async start(): Promise<void> {
    if (this.#closing.signal.aborted) throw new Error(closedForGood);
    await this.#inTurn(() => this.#listen());
  }

  async stop(code = 1001, reason = ''): Promise<void> {
    checkEnd(code, reason);
    await this.#inTurn(() => this.#end(code, reason));
  }

  async restart(downFor = 0): Promise<void> {
    await this.stop(1012, 'restarting');
    // Rejects when the server is closed for good meanwhile.
    await sleep(downFor, undefined, { signal: this.#closing.signal }).catch(() => {});
    if (!this.#closing.signal.aborted) await this.start();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.stop();
    this.#host.stop();
    this.#newClients.end(closedForGood);
    this.#newDials.end(closedForGood);
  }

  async #listen(): Promise<void> {
    if (this.#http !== undefined) return;
    const http = createServer((_, response) => {
      response.writeHead(426, { upgrade: 'websocket', connection: 'close' }).end();
    });
    http.on('connection', (link) => {
      this.#links.add(link);
      link.on('close', () => this.#links.delete(link));
    });
    http.on('upgrade', (request, link, head) => this.#dialled(request, link, head));
    http.listen(this.#port, '127.0.0.1');
    await once(http, 'listening');
    this.#http = http;
    this.#port = (http.address() as AddressInfo).port;
  }

  async #end(code: number, reason: string): Promise<void> {
    const http = this.#http;
    if (http === undefined) return;
    this.#http = undefined;
    const closed = once(http, 'close');
    http.close();
    const clients = [...this.#clients.values()];
    for (const client of clients) client.close(code, reason);
    const cut = setTimeout(() => this.#cut(), patience);
    await Promise.all(clients.map(({ left }) => left));
    clearTimeout(cut);
    // Dials that hang, and requests that were never finished.
    this.#cut();
    await closed;
  }

  /** One at a time: what is asked for while the server stops happens when it has. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {}); // reported to who asked for it
    return done;
  }

  #dialled(request: IncomingMessage, link: Duplex, head: Buffer): void {
    // A dial that breaks off, whatever we were about to answer.
    link.on('error', () => {});
    // Accepted by TCP before the server was stopped: to be welcomed now, it would be named, and cut at once.
    if (this.#http === undefined) return void link.destroy();
    const stranger = refusal(request.headers);
    if (stranger !== undefined) return refuse(link, 403);
    const dial = { path: request.url ?? '/', headers: request.headers };
    this.#dials += 1;
    this.#newDials.add(dial);
    const { upgrade, retryAfter, clockOffset } = this.#host.manners;
    if (upgrade === 'hang') return void link.on('end', () => link.destroy()).resume();
    if (upgrade !== 'accept') return refuse(link, upgrade, retryAfter, Date.now() + clockOffset);
    this.#upgrades.handleUpgrade(request, link, head, (socket) => this.#welcome(socket, dial));
  }

  #welcome(socket: WebSocket, dial: Dial): void {
    const client = new Client(socket, this.#host, dial);
    this.#clients.set(socket, client);
    socket.on('close', () => this.#clients.delete(socket));
    this.#newClients.add(client);
    client.welcome();
  }

  #cut(): void {
    for (const link of this.#links) link.destroy();
  }
}

const closedForGood = 'the fault server has been closed';

const serverRules: Rules = {
  port: anyPort,
  // Each of them is checked where they are put on.
  manners: (value) => (isObject(value) ? undefined : 'an object of manners'),
};

/** @param now by the server's clock, epoch ms */
function refuse(link: Duplex, status: number, retryAfter?: number | string, now = Date.now()): void {
  const headers = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `Date: ${new Date(now).toUTCString()}`,
    ...(retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]),
    'Content-Length: 0',
    'Connection: close',
  ];
  link.end(`${headers.join('\r\n')}\r\n\r\n`, () => link.destroy());
}
