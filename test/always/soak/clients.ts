/**
 * The clients: `connect()` and `HeartbeatWebSocket`, on npm `ws` and on the WebSocket of Node itself, with every bound of the buffer.
 */
import type { EventEmitter } from 'node:events';

import { WebSocket as NodeWs } from 'ws';

import { connect, type Connection, type ConnectionEvents, type ConnectOptions } from '../../../adapters/connect.ts';
import type { HeartbeatWebSocketOptions } from '../../../adapters/drop-in.options.ts';
import { HeartbeatWebSocket } from '../../../adapters/drop-in.ts';
import { idHeartbeat } from '../../../adapters/protocols/id-heartbeat.ts';
import { nativePing } from '../../../adapters/protocols/native-ping.ts';
import { plain } from '../../../adapters/protocols/plain.ts';
import type { Protocol } from '../../../adapters/protocols/protocol.ts';
import type { WebSocketClass, WebSocketLike } from '../../../adapters/web-socket.ts';
import { Account } from './ledger.ts';
import type { SoakPage } from './platform.ts';
import type { World } from './world.ts';

export const heartbeat = { interval: 300, timeout: 300 };

/** Undefined where Node has none, or hides it behind a flag. */
const builtin = globalThis.WebSocket as unknown as WebSocketClass | undefined;
const ws = NodeWs as unknown as WebSocketClass;

const buffers: NonNullable<ConnectOptions['buffer']>[] = [
  {},
  { messages: 60 },
  { messages: 60, overflow: 'drop-oldest' },
  { maxAge: 300 },
  { bytes: 32_768, overflow: 'drop-oldest' },
  { bytes: 32_768 },
];

export interface ClientInput {
  index: number;
  world: World;
  /** Of the proxy. */
  port: number;
  platform: SoakPage;
  /** What the server of this group speaks, other than pongs. */
  protocols: readonly (() => Protocol)[];
}

export class SoakClient {
  readonly index: number;
  readonly world: World;
  readonly account: Account;
  /** What it is, in a word for each. */
  readonly name: string;
  readonly #aborter = new AbortController();
  readonly #face: HeartbeatWebSocket | undefined;
  readonly #connection: Connection;
  /** The one that was dialled last. */
  #socket: WebSocketLike | undefined;
  /** False: its URL function fails. */
  hasUrl = true;
  /** The numbers of messages whose arrival the server has told of. */
  readonly #answered = new Set<number>();

  constructor({ index, world, port, platform, protocols }: ClientInput) {
    this.index = index;
    this.world = world;
    this.account = new Account(index, (what) => world.complain(this, what));
    const Base = index % 3 === 1 && builtin !== undefined ? builtin : ws;
    const all = Base === ws ? [...protocols, nativePing] : protocols;
    const protocol = all[index % all.length]!();
    const buffer = buffers[index % buffers.length]!;
    const isFace = index % 5 < 2;
    this.name = `client ${index} (${isFace ? 'HeartbeatWebSocket' : 'connect()'} on ${Base === ws ? 'ws' : "Node's own"}, ${protocol.name}, ${JSON.stringify(buffer)})`;

    const where = () => {
      if (!this.hasUrl) throw new Error('there is no URL');
      return `ws://127.0.0.1:${port}/${index}/${this.account.dialled + 1}`;
    };
    const options = {
      protocol,
      heartbeat,
      buffer,
      WebSocket: this.#counted(Base),
      connectTimeout: 250,
      idTimeout: 400,
      closeTimeout: 500,
      stableAfter: 500,
      backoff: { initial: 20, max: 200, spread: 100 },
      lifecycle: { platform, whileHidden: index % 4 === 0 ? ('hold' as const) : ('dial' as const) },
      signal: this.#aborter.signal,
    } satisfies HeartbeatWebSocketOptions;
    const url = index % 7 === 0 ? async () => where() : where;
    if (isFace) {
      this.#face = new HeartbeatWebSocket(url, [], options);
      this.#connection = this.#face.connection!;
      this.#face.addEventListener('message', ({ data }) => this.#hear(data));
      this.#face.addEventListener('dropped', ({ detail }) => this.account.dropped(detail.data, detail.reason));
    } else {
      this.#connection = connect(url, options);
      this.#connection.on('message', (data) => this.#hear(data));
      this.#connection.on('dropped', ({ data, reason }) => this.account.dropped(data, reason));
    }
    this.#watch();
  }

  get state(): Connection['state'] {
    return this.#connection.state;
  }

  /** The number, if it was accepted. */
  send(bytes: number, form: 'text' | 'bytes' | 'blob' = 'text'): number | undefined {
    return this.account.offer(bytes, form, (data) => {
      if (this.#face === undefined) return this.#connection.send(data);
      // What it has no room for is `dropped`.
      this.#face.send(data);
      return true;
    });
  }

  takeBack(): void {
    for (const data of this.#connection.drain()) this.account.takenBack(data);
  }

  reconnect(): void {
    (this.#face ?? this.#connection).reconnect();
  }

  on<T extends keyof ConnectionEvents>(type: T, listener: (detail: ConnectionEvents[T]) => void): () => void {
    return this.#connection.on(type, listener);
  }

  hasAnswerTo(number: number): boolean {
    return this.#answered.has(number);
  }

  /** By word of mouth, or by its signal. */
  close(): Promise<ConnectionEvents['closed']> {
    const closed = new Promise<ConnectionEvents['closed']>((resolve) => this.#connection.on('closed', resolve));
    if (this.index % 2 === 0) (this.#face ?? this.#connection).close();
    else this.#aborter.abort();
    return closed;
  }

  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  #hear(data: unknown): void {
    if (typeof data !== 'string') return;
    this.account.hears(data);
    const answered = / answers (\d+)$/.exec(data)?.[1];
    if (answered !== undefined) this.#answered.add(Number(answered));
  }

  #watch(): void {
    const { account, world } = this;
    let since = performance.now();
    this.on('state', ({ state, previous, cause }) => {
      const now = performance.now();
      world.tell(this, `${state}${cause === undefined ? '' : ` (${cause})`}`);
      if (previous === 'stale') this.#expectShort(now - since);
      since = now;
    });
    this.on('retry', ({ cause }) => {
      world.count(`failed dial: ${cause}`);
      account.failed();
    });
    this.on('lost', ({ cause, code, unconfirmed }) => {
      world.count(`lost: ${cause}`);
      world.tell(this, `lost dial ${account.dialled} (${cause}, ${code}), unconfirmed ${unconfirmed.messages}`);
      account.left(unconfirmed);
      this.#expectDetached();
    });
    this.on('closed', ({ cause, code, unconfirmed }) => {
      world.tell(this, `closed (${cause}, ${code}), unconfirmed ${unconfirmed.messages}`);
      account.left(unconfirmed);
      this.#expectDetached();
    });
    this.on('warning', ({ code }) => world.count(`warning: ${code}`));
  }

  /** A doubt ends, one way or the other: by half the timeout, once more where a timer fired late. */
  #expectShort(ms: number): void {
    this.world.longestDoubt = Math.max(this.world.longestDoubt, ms);
    if (ms < heartbeat.timeout + 200 + 2 * this.world.lateness.worst()) return;
    this.world.complain(this, `it was in doubt for ${ms.toFixed(0)} ms`);
  }

  /** Whoever is left has nobody who listens to it. */
  #expectDetached(): void {
    const socket = this.#socket;
    const isHeard =
      socket !== undefined &&
      ([socket.onopen, socket.onmessage, socket.onclose].some((each) => each !== null) ||
        ((socket as Partial<EventEmitter>).listenerCount?.('message') ?? 0) > 0);
    if (isHeard) this.world.complain(this, 'the socket that was left still has listeners');
  }

  #counted(Base: WebSocketClass): WebSocketClass {
    const { account, world } = this;
    const dialled = (socket: WebSocketLike) => void (this.#socket = socket);
    return class extends (Base as new (...args: unknown[]) => WebSocketLike) {
      readonly #dial: number;

      constructor(url: string, ...more: unknown[]) {
        super(url, ...more);
        this.#dial = Number(url.split('/').at(-1));
        account.dials(this.#dial);
        world.count('dials');
        world.sockets.register(this);
        dialled(this);
      }

      override send(data: never): void {
        account.wrote(this.#dial, data);
        super.send(data);
      }
    };
  }
}

/** By whether its server is told to have bad manners: those speak one dialect. */
export const dialects = {
  real: [idHeartbeat, plain],
  rude: [idHeartbeat],
} satisfies Record<string, (() => Protocol)[]>;
