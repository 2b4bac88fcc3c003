/**
 * A server of id-heartbeat as docs/PROTOCOL.md has it, written from that text alone, on npm `ws`: it shares nothing with ours, so that it can judge who
 * judges. What it does is a {@link Conduct}; whoever replaces one thing in it has a server that is right but for that.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

import { WebSocket, WebSocketServer } from 'ws';

export interface Running {
  readonly url: string;
  readonly port: number;
  /** Lines that are open, whoever dialled them. */
  readonly size: number;
  close(): Promise<void>;
}

/** What a server does, in which the rules of the protocol are kept. Whoever is spoken of is there. */
export interface Conduct {
  /** What an upgrade is answered with. 101: it is accepted. `hang`: it is not. */
  readonly admits: (house: House) => number | 'hang';
  /** L1, W1, W3, W4. */
  readonly arrived: (guest: Guest) => void;
  /** W2, W5. */
  readonly welcome: (guest: Guest) => string | Buffer;
  /** H1, H2, H4, H5, H6. */
  readonly heard: (guest: Guest, data: Buffer, isBinary: boolean) => void;
  /** H3. */
  readonly answer: (guest: Guest) => string | Buffer;
  /** L2. */
  readonly pinged: (guest: Guest, payload: Buffer) => void;
  /** T1. ms since 1970 */
  readonly now: (guest: Guest) => number;
  /** L4, G2: nothing came for longer than its `silence`. */
  readonly silent: (guest: Guest) => void;
  /** L5. */
  readonly crammed: (guest: Guest) => void;
  /** L5. All that is said passes here. */
  readonly write: (guest: Guest, data: string | Buffer) => void;
  /** G1: its close frame came. */
  readonly left: (guest: Guest, code: number | undefined) => void;
}

export const right: Conduct = {
  admits: () => 101,
  arrived: (guest) => guest.welcome(),
  welcome: (guest) => JSON.stringify({ id: guest.id, now_time: guest.now() }),
  heard(guest, data, isBinary) {
    if (isHeartbeat(data, isBinary)) guest.answer();
  },
  answer: (guest) => JSON.stringify({ heartbeat: guest.now() }),
  pinged: (guest, payload) => guest.socket.pong(payload),
  now: () => Date.now(),
  silent: (guest) => guest.socket.terminate(),
  crammed: (guest) => guest.socket.terminate(),
  write: (guest, data) => guest.socket.send(data),
  left: (guest, code) => guest.leave(code),
};

export function isHeartbeat(data: Buffer, isBinary: boolean): boolean {
  return !isBinary && data.toString() === 'heartbeat';
}

/** Bytes that may wait for one client. */
const mostWaiting = 262_144;

/** One client. */
export class Guest {
  readonly socket: WebSocket;
  /** Below it: bytes, and when they end. */
  readonly stream: Duplex;
  readonly house: House;
  /** From 1 on, as they came. */
  readonly number: number;
  /** Monotonic ms, all of them. */
  readonly since = performance.now();
  heardAt = this.since;
  /** Its last frame that was no heartbeat; a ping is none. */
  messageAt = -Infinity;
  pingAt = -Infinity;
  /** What faults remember. */
  isAnswering = false;
  pongedAt: number | undefined;
  answeredAt: number | undefined;
  heartbeats = 0;
  answers = 0;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(socket: WebSocket, stream: Duplex, house: House, number: number) {
    this.socket = socket;
    this.stream = stream;
    this.house = house;
    this.number = number;
  }

  get id(): string {
    return `guest-${this.number}`;
  }

  now(): number {
    return this.house.conduct.now(this);
  }

  welcome(): void {
    this.say(this.house.conduct.welcome(this));
  }

  answer(): void {
    this.answers += 1;
    this.say(this.house.conduct.answer(this));
  }

  say(data: string | Buffer): void {
    const { conduct } = this.house;
    if (this.socket.readyState !== WebSocket.OPEN) return;
    if (this.socket.bufferedAmount > mostWaiting) conduct.crammed(this);
    else conduct.write(this, data);
  }

  /** Answers a close frame, as npm `ws` does: it ends the connection once both frames are there. */
  leave(code?: number): void {
    WebSocket.prototype.close.call(this.socket, code);
  }

  /** Unless it is gone by then. */
  after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }

  every(ms: number, act: () => void): void {
    this.#timers.add(setInterval(act, ms));
  }

  gone(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

export interface HouseOptions {
  conduct?: Partial<Conduct>;
  /** Ms. Default 4,000. */
  silence?: number;
}

export class House {
  readonly conduct: Conduct;
  readonly guests = new Set<Guest>();
  readonly #silence: number;
  readonly #http = createServer((_, response) => response.writeHead(426).end());
  readonly #upgrades = new WebSocketServer({ noServer: true, autoPong: false, maxPayload: 1_048_576 });
  readonly #streams = new Set<Duplex>();
  #sweeping: NodeJS.Timeout | undefined;
  #met = 0;

  constructor({ conduct = {}, silence = 4_000 }: HouseOptions) {
    this.conduct = { ...right, ...conduct };
    this.#silence = silence;
  }

  async open(): Promise<Running> {
    this.#http.on('connection', (stream: Duplex) => {
      this.#streams.add(stream);
      stream.on('close', () => this.#streams.delete(stream)).on('error', () => {});
    });
    this.#http.on('upgrade', (request, stream, head) => this.#asked(request, stream, head));
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
    const pace = Math.min(this.#silence / 8, 250);
    // Who is judged by a late timer is read first.
    this.#sweeping = setInterval(() => setImmediate(() => this.#sweep()), pace);
    const { port } = this.#http.address() as AddressInfo;
    const { guests } = this;
    return {
      url: `ws://127.0.0.1:${port}/`,
      port,
      get size() {
        return guests.size;
      },
      close: () => this.close(),
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeping);
    for (const guest of this.guests) guest.gone();
    const closed = new Promise((resolve) => this.#http.close(resolve));
    // Also what a fault keeps open.
    for (const stream of this.#streams) stream.destroy();
    await closed;
  }

  #asked(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const verdict = this.conduct.admits(this);
    if (verdict === 'hang') return;
    if (verdict !== 101) {
      const more = verdict === 302 ? 'Location: http://127.0.0.1/login\r\n' : '';
      stream.end(
        `HTTP/1.1 ${verdict} ${STATUS_CODES[verdict]}\r\n${more}Content-Length: 0\r\nConnection: close\r\n\r\n`,
      );
      return;
    }
    this.#upgrades.handleUpgrade(request, stream, head, (socket) => this.#receive(socket, stream));
  }

  #receive(socket: WebSocket, stream: Duplex): void {
    const { conduct } = this;
    const guest = new Guest(socket, stream, this, (this.#met += 1));
    this.guests.add(guest);
    socket.on('error', () => {});
    socket.on('close', () => {
      guest.gone();
      this.guests.delete(guest);
    });
    // What npm `ws` calls when a close frame came.
    socket.close = (code) => conduct.left(guest, code);
    socket.on('message', (data: Buffer, isBinary) => {
      guest.heardAt = performance.now();
      if (isHeartbeat(data, isBinary)) guest.heartbeats += 1;
      else guest.messageAt = guest.heardAt;
      conduct.heard(guest, data, isBinary);
    });
    socket.on('ping', (payload) => {
      guest.heardAt = guest.pingAt = performance.now();
      if (socket.readyState !== WebSocket.OPEN) return;
      if (socket.bufferedAmount > mostWaiting) conduct.crammed(guest);
      else conduct.pinged(guest, payload);
    });
    socket.on('pong', () => (guest.heardAt = performance.now()));
    conduct.arrived(guest);
  }

  #sweep(): void {
    for (const guest of this.guests) {
      if (performance.now() - guest.heardAt > this.#silence) this.conduct.silent(guest);
    }
  }
}
