/** A client of the fault server, as the server sees it: what it has said, and what can be done to it. */
import { setImmediate as turn } from 'node:timers/promises';

import type { WebSocket } from 'ws';

import { Backlog } from '../../adapters/backlog.ts';
import { type Data, flood, type Host, type Manners, type Peer } from './manners.ts';

/** One connection, as the server sees it. */
export interface FaultClient {
  /** What was dialled. */
  readonly dial: Dial;
  /** All that came, in order, but for the heartbeats. Nothing of it is ever let go. */
  readonly received: readonly Data[];
  /** How many heartbeats came, answered or not. */
  readonly heartbeats: number;
  /** How the connection ended: the code and reason that the client sent, 1005 for none, 1006 without a close frame. */
  readonly left: Promise<{ code: number; reason: string }>;
  /** The next message, heartbeats aside: each is handed out once, also those that came before you asked. Fails when the client has gone. */
  next(): Promise<Data>;
  /** The next heartbeat, in the same way. */
  nextHeartbeat(): Promise<void>;
  /** As `FaultServer.behave()`, to this client alone, until the server is told how to treat everybody. */
  behave(manners?: Partial<Manners>): void;
  /** As it is. What it does not read waits here, however much: a {@link flood} waits for it. */
  send(data: Data): void;
  /** So many answers at once, for which it did not ask. What it does not read of them waits, too. Default 1. */
  beat(times?: number): void;
  /** So many messages of so many bytes, as fast as the client takes them; done when all are on their way, or the client has gone. Infinity will do. */
  flood(messages: number, bytes: number): Promise<void>;
  /**
   * Hangs up with the code that the client is to see. 1005: the close frame carries none. 1006: there is no close frame. Default 1000.
   * @throws {RangeError} for a code or reason that no close frame may carry
   */
  close(code?: number, reason?: string): void;
}

export interface Dial {
  /** Path and query. */
  readonly path: string;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Messages of a flood between which others get their turn. */
const gush = 100;
/** Bytes that may wait in a socket before a flood waits too. */
const mostWaiting = 2 ** 20;
/** Bytes of answers, and of the noise before them, that may wait for a client when it asks for more; with more it is cut off. */
const mostUnread = 4 * 2 ** 20;

/** @internal: its socket is npm `ws`'s, whose types need not be there. */
export class Client implements FaultClient {
  readonly dial: Dial;
  readonly received: Data[] = [];
  readonly left: FaultClient['left'];
  readonly #socket: WebSocket;
  readonly #peer: MannerlyPeer;
  readonly #host: Host<MannerlyPeer>;
  readonly #messages = new Queue<Data>();
  readonly #heartbeats = new Queue<void>();
  #heard = 0;

  constructor(socket: WebSocket, host: Host<MannerlyPeer>, dial: Dial) {
    this.#socket = socket;
    this.#peer = new MannerlyPeer(socket);
    this.#host = host;
    this.dial = dial;
    socket.on('message', (data: Buffer, isBinary) => this.#hear(isBinary ? new Uint8Array(data) : data.toString()));
    // A client that breaks the protocol or its connection: `close` follows.
    socket.on('error', () => {});
    this.left = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        host.gone(this.#peer);
        this.#messages.end('the client has gone');
        this.#heartbeats.end('the client has gone');
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  /** From now on it is treated as the manners have it. */
  welcome(): void {
    this.#host.opened(this.#peer);
  }

  get heartbeats(): number {
    return this.#heard;
  }

  next(): Promise<Data> {
    return this.#messages.next();
  }

  nextHeartbeat(): Promise<void> {
    return this.#heartbeats.next();
  }

  behave(manners?: Partial<Manners>): void {
    this.#host.behave(manners, this.#peer);
  }

  send(data: Data): void {
    this.#socket.send(data);
  }

  beat(times?: number): void {
    this.#host.beat(this.#peer, times);
  }

  async flood(messages: number, bytes: number): Promise<void> {
    let sent = 0;
    for (const message of flood(messages, bytes)) {
      if (this.#socket.readyState !== this.#socket.OPEN) return;
      sent += 1;
      const isWaiting = sent % gush === 0 || sent === messages || this.#socket.bufferedAmount > mostWaiting;
      if (!isWaiting) this.#socket.send(message);
      // Called when the kernel has it, and when the socket breaks.
      else await new Promise<void>((resolve) => this.#socket.send(message, () => resolve()));
      // What the kernel takes at once is called back before anything else gets its turn.
      if (isWaiting) await turn();
    }
  }

  close(code?: number, reason?: string): void {
    this.#host.close(this.#peer, code, reason);
  }

  #hear(data: Data): void {
    this.#peer.asked();
    if (typeof data === 'string' && this.#host.received(this.#peer, data)) {
      this.#heard += 1;
      this.#heartbeats.add();
      return;
    }
    this.received.push(data);
    this.#messages.add(data);
  }
}

/** @internal A socket, as the manners reach it: who asks for more than it reads is cut off. */
export class MannerlyPeer implements Peer {
  readonly #socket: WebSocket;
  readonly #said: Backlog;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#said = new Backlog(socket, Infinity);
    socket.on('ping', (payload: Buffer) => {
      this.#said.ponged(payload);
      this.asked();
    });
  }

  /** It has asked for something. */
  asked(): void {
    if (this.#said.waiting > mostUnread) this.#socket.terminate();
  }

  send(data: Data): void {
    // `ws` makes an error of each that comes too late, and tells of them when this turn is over.
    if (this.#socket.readyState === this.#socket.OPEN) this.#said.answer(data);
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }
}

/** What came, to be taken in order by those who wait for it. */
export class Queue<T> {
  readonly #items: T[] = [];
  readonly #takers: { resolve(item: T): void; reject(error: Error): void }[] = [];
  #ended: string | undefined;

  add(item: T): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#items.push(item);
    else taker.resolve(item);
  }

  next(): Promise<T> {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift() as T);
    const promise = new Promise<T>((resolve, reject) => {
      if (this.#ended === undefined) this.#takers.push({ resolve, reject });
      else reject(new Error(this.#ended));
    });
    promise.catch(() => {}); // reported where it is awaited
    return promise;
  }

  end(why: string): void {
    this.#ended ??= why;
    for (const taker of this.#takers.splice(0)) taker.reject(new Error(why));
  }
}
