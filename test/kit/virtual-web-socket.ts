/**
 * A WebSocket of the virtual world, with the habits of those that exist:
 *
 * | like      | a dial that fails       | `close()` on a dead line | shows                                    |
 * | --------- | ----------------------- | ------------------------ | ---------------------------------------- |
 * | `browser` | `error`, `close`        | `close` after 60 s       |                                          |
 * | `ws`      | `error`, `close`        | `close` after 30 s       | refused upgrades, pings and pongs        |
 * | `undici`  | `error` alone (Node 20) | nothing, ever            |                                          |
 */
import { FaultyLine, type FaultSettings } from './faults.ts';
import type { Data, Peer } from './manners.ts';
import type { Schedule, Task } from './schedule.ts';
import { VirtualLane } from './virtual-link.ts';

export type Habits = 'browser' | 'ws' | 'undici';

/** What the server holds of a connection. */
export interface VirtualPeer extends Peer {
  readonly url: string;
  readonly protocols: readonly string[];
  /** False: closed, or closing. */
  readonly isOpen: boolean;
}

/** What a WebSocket is told by its world, and tells it. */
interface Surroundings {
  /** Ms since the beginning. */
  readonly time: number;
  /** All that is not the client's, in true time. */
  readonly nature: Schedule;
  readonly healthy: FaultSettings;
  readonly settings: FaultSettings;
  readonly server: VirtualServer;
  readonly isRefusing: boolean;
  began(socket: VirtualWebSocket): void;
  ended(socket: VirtualWebSocket): void;
  unlinked(link: VirtualLink): void;
  wrote(socket: VirtualWebSocket, data: Data): void;
  /** Before and after the handlers of an event are called. `data`: of a message. */
  firing(socket: VirtualWebSocket, type: string, data: unknown): void;
  fired(socket: VirtualWebSocket, type: string, data: unknown): void;
  /** To the client, when it can take it. */
  deliver(what: () => void): void;
}

/** Answers the dials of a virtual world, and talks. */
export interface VirtualServer {
  /** A status refuses, `hang` never answers. Default: every dial is taken. */
  upgrade?(request: { url: string; protocols: readonly string[] }): Refusal | 'hang' | undefined;
  opened?(peer: VirtualPeer): void;
  received?(peer: VirtualPeer, data: Data): void;
  /** Once for each that was opened. 1006: without a close frame. */
  gone?(peer: VirtualPeer, code: number): void;
}

export interface Refusal {
  status: number;
  headers?: Readonly<Record<string, string>>;
}

type SentFrame = string | ArrayBuffer | ArrayBufferView;
type EventOf = { type: string; target: VirtualWebSocket } & Record<string, unknown>;
type Handler = ((event: never) => unknown) | null;

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** How long a close frame is waited for, ms. */
const patience: Record<Habits, number> = { browser: 60_000, ws: 30_000, undici: Infinity };

export class VirtualWebSocket {
  static readonly CONNECTING = CONNECTING;
  static readonly OPEN = OPEN;
  static readonly CLOSING = CLOSING;
  static readonly CLOSED = CLOSED;
  readonly CONNECTING = CONNECTING;
  readonly OPEN = OPEN;
  readonly CLOSING = CLOSING;
  readonly CLOSED = CLOSED;

  readonly url: string;
  readonly extensions = '';
  protocol = '';
  readyState = CONNECTING;
  binaryType = 'blob';
  onopen: Handler = null;
  onmessage: Handler = null;
  onerror: Handler = null;
  onclose: Handler = null;

  readonly world: Surroundings;
  readonly link: VirtualLink;
  readonly #habits: Habits;
  readonly #listeners = new Map<string, Set<(...args: never[]) => unknown>>();
  #discarded = 0;
  #farewell: Task | undefined;

  constructor(world: Surroundings, habits: Habits, url: string, protocols: string | readonly string[] = []) {
    this.world = world;
    this.#habits = habits;
    this.url = url;
    this.link = new VirtualLink(world, this, [protocols].flat());
    world.began(this);
  }

  get bufferedAmount(): number {
    return this.link.up.waiting + this.#discarded;
  }

  /** @throws {TypeError} for a Blob: its bytes cannot be had at once */
  send(data: SentFrame): void {
    if (this.readyState === CONNECTING) {
      throw new DOMException('send: the WebSocket is not open yet', 'InvalidStateError');
    }
    const sent = copyOf(data);
    if (this.readyState !== OPEN) {
      this.#discarded += sizeOf(sent);
      return;
    }
    this.world.wrote(this, sent);
    this.link.toServer(sizeOf(sent), () => this.link.peer?.received(sent));
  }

  close(code = 1005, reason = ''): void {
    if (this.readyState >= CLOSING) return;
    const wasOpen = this.readyState === OPEN;
    this.readyState = CLOSING;
    if (!wasOpen) return this.#fail('closed before the connection was established');
    this.link.toServer(8, () => this.link.peer?.closed(code, reason));
    this.#endAtLast(1006, '', false);
  }

  addEventListener(type: string, listener: (event: never) => unknown): void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
  }

  removeEventListener(type: string, listener: (event: never) => unknown): void {
    this.#listeners.get(type)?.delete(listener);
  }

  // For the link.

  opened(protocol: string): void {
    if (this.readyState !== CONNECTING) return;
    this.protocol = protocol;
    this.readyState = OPEN;
    this.#fire('open');
  }

  refused(refusal: Refusal | undefined): void {
    if (this.readyState !== CONNECTING) return;
    const isShown = this.#habits === 'ws' && (this.#listeners.get('unexpected-response')?.size ?? 0) > 0;
    if (refusal === undefined || !isShown) return this.#fail(refusal ? `HTTP ${refusal.status}` : 'ECONNREFUSED');
    const headers = lowerCased(refusal.headers ?? {});
    this.#call('unexpected-response', [{}, { statusCode: refusal.status, headers }]);
  }

  heard(data: Data): void {
    if (this.readyState !== OPEN) return;
    this.#fire('message', { data: typeof data === 'string' ? data : this.#binary(data) });
  }

  /** A close frame: it is answered, and the connection ends. */
  told(code: number, reason: string): void {
    if (this.readyState === CLOSED) return;
    const wasOpen = this.readyState === OPEN;
    this.readyState = CLOSING;
    const { link, world } = this;
    const endIn = (ms: number) => void world.nature.at(world.time + ms, () => this.#end(code, reason, true));
    if (link.peer?.isGone) return endIn(0);
    // What is still on its way to the server, our own close frame too, is not to be lost.
    link.toServer(wasOpen ? 8 : 0, () => {
      endIn(link.delayed);
      link.peer?.closed(code, '');
    });
    this.#endAtLast(code, reason, true);
  }

  /** The connection is gone without a close frame. */
  broken(): void {
    if (this.readyState === CONNECTING) this.#fail('ECONNRESET');
    else this.#end(1006, '', false);
  }

  // Of npm `ws`, for those that look like it.

  protected sendPing(): void {
    if (this.readyState === OPEN) this.link.toServer(2, () => this.link.toClient(2, () => this.#call('pong', [])));
  }

  protected cutOff(): void {
    if (this.readyState === CLOSED) return;
    const wasOpen = this.readyState >= OPEN;
    this.readyState = CLOSING;
    this.link.drop();
    if (wasOpen) this.world.nature.at(this.world.time, () => this.#end(1006, '', false));
    else this.#fail('closed before the connection was established');
  }

  #fail(message: string): void {
    this.link.drop();
    this.readyState = CLOSING;
    this.world.nature.at(this.world.time, () => {
      this.world.deliver(() => {
        if (this.readyState === CLOSED) return;
        this.readyState = CLOSED;
        const error = Object.assign(new Error(message), { code: message });
        try {
          const isHeard = this.#fire('error', { error, message });
          // As an EventEmitter does with an `error` for which nobody listens.
          if (this.#habits === 'ws' && !isHeard) throw error;
          if (this.#habits !== 'undici') this.#fire('close', { code: 1006, reason: '', wasClean: false });
        } finally {
          this.world.ended(this);
        }
      });
    });
  }

  /** If nothing else ends it before. */
  #endAtLast(code: number, reason: string, wasClean: boolean): void {
    const { nature, time } = this.world;
    const wait = patience[this.#habits];
    nature.callOff(this.#farewell);
    if (wait !== Infinity) this.#farewell = nature.at(time + wait, () => this.#end(code, reason, wasClean));
  }

  #end(code: number, reason: string, wasClean: boolean): void {
    this.world.nature.callOff(this.#farewell);
    this.link.drop();
    this.world.deliver(() => {
      if (this.readyState === CLOSED) return;
      this.readyState = CLOSED;
      try {
        this.#fire('close', { code, reason, wasClean });
      } finally {
        this.world.ended(this);
      }
    });
  }

  /** False: nobody listens. */
  #fire(type: string, fields: Record<string, unknown> = {}): boolean {
    const handler = this[`on${type}` as 'onopen'];
    const listeners = this.#listeners.get(type);
    if (handler === null && listeners === undefined) return false;
    const event: EventOf = { type, target: this, ...fields };
    this.world.firing(this, type, fields.data);
    try {
      handler?.call(this, event as never);
      for (const listener of listeners ?? []) listener.call(this, event as never);
    } finally {
      this.world.fired(this, type, fields.data);
    }
    return true;
  }

  #call(type: string, args: unknown[]): void {
    this.world.firing(this, type, undefined);
    try {
      for (const listener of this.#listeners.get(type) ?? []) listener.apply(this, args as never);
    } finally {
      this.world.fired(this, type, undefined);
    }
  }

  #binary(data: Uint8Array): unknown {
    const copy = data.slice();
    if (this.binaryType === 'arraybuffer') return copy.buffer;
    return this.#habits === 'ws' ? copy : new Blob([copy]);
  }
}

/** Like npm `ws`, as far as an adapter can tell. */
export class VirtualNodeWebSocket extends VirtualWebSocket {
  ping(): void {
    this.sendPing();
  }

  terminate(): void {
    this.cutOff();
  }

  on(type: string, listener: (...args: never[]) => unknown): this {
    this.addEventListener(type, listener);
    return this;
  }

  off(type: string, listener: (...args: never[]) => unknown): this {
    this.removeEventListener(type, listener);
    return this;
  }
}

/** One connection: the wire in both directions, and what the server holds of it. */
export class VirtualLink extends FaultyLine {
  readonly up: VirtualLane;
  readonly down: VirtualLane;
  peer: ServerEnd | undefined;
  readonly #world: Surroundings;
  readonly #socket: VirtualWebSocket;
  /** A router on the way has forgotten the connection: what comes next is answered with a reset. */
  #isForgotten = false;
  #isGone = false;

  constructor(world: Surroundings, socket: VirtualWebSocket, protocols: readonly string[]) {
    super(world.healthy, world.settings);
    this.#world = world;
    this.#socket = socket;
    this.up = new VirtualLane('to-server', world.nature, this);
    this.down = new VirtualLane('to-client', world.nature, this);
    this.toServer(300, () => this.#dialled(protocols));
  }

  toServer(bytes: number, arrive: () => void): void {
    if (this.#isGone) return;
    if (!this.#isForgotten) return this.up.carry(bytes, arrive);
    this.up.carry(bytes, () => this.#world.deliver(() => this.#socket.broken()));
  }

  toClient(bytes: number, arrive: () => void): void {
    if (this.#isGone || this.#isForgotten) return;
    this.down.carry(bytes, () => this.#world.deliver(arrive));
  }

  override adjust(change: Partial<FaultSettings>): void {
    super.adjust(change);
    this.up.adjust(this.settings);
    this.down.adjust(this.settings);
  }

  /** Ends both ends without a close frame. */
  reset(): void {
    if (this.#isGone) return;
    this.drop();
    this.#world.deliver(() => this.#socket.broken());
  }

  forget(): void {
    this.#isForgotten = true;
  }

  /** The client has left, or is to hear no more: the server hears of it unless it cannot. */
  drop(): void {
    if (this.#isGone) return;
    const { peer } = this;
    const tell = () => peer?.lost();
    const isReached = !this.up.isSilenced && !this.#isForgotten;
    this.#isGone = true;
    this.up.cut();
    this.down.cut();
    this.#world.unlinked(this);
    // A server that cannot be told finds out by itself, after a while.
    if (peer) this.#world.nature.at(this.#world.time + (isReached ? this.delayed : serverPatience), tell);
  }

  #dialled(protocols: readonly string[]): void {
    const { server, isRefusing } = this.#world;
    const { url } = this.#socket;
    if (isRefusing) return this.toClient(60, () => this.#socket.refused(undefined));
    const refusal = server.upgrade?.({ url, protocols });
    if (refusal === 'hang') return;
    if (refusal !== undefined) return this.toClient(200, () => this.#socket.refused(refusal));
    this.peer = new ServerEnd(server, this, url, protocols);
    this.toClient(150, () => this.#socket.opened(protocols[0] ?? ''));
    server.opened?.(this.peer);
  }

  // For the server's end.

  say(data: Data): void {
    const said = copyOf(data);
    this.toClient(sizeOf(said), () => this.#socket.heard(said));
  }

  sayGoodbye(code: number, reason: string): void {
    this.toClient(8, () => this.#socket.told(code, reason));
  }

  hangUp(): void {
    if (this.#isGone) return;
    this.toClient(0, () => this.#socket.broken());
  }
}

/** Ms after which a server believes that a client of whom it hears nothing is gone. */
const serverPatience = 150_000;

class ServerEnd implements VirtualPeer {
  readonly url: string;
  readonly protocols: readonly string[];
  readonly #server: VirtualServer;
  readonly #link: VirtualLink;
  #state: 'open' | 'closing' | 'gone' = 'open';

  constructor(server: VirtualServer, link: VirtualLink, url: string, protocols: readonly string[]) {
    this.#server = server;
    this.#link = link;
    this.url = url;
    this.protocols = protocols;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get isGone(): boolean {
    return this.#state === 'gone';
  }

  send(data: Data): void {
    if (this.#state === 'open') this.#link.say(data);
  }

  close(code = 1005, reason = ''): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#link.sayGoodbye(code, reason);
  }

  terminate(): void {
    if (this.#state === 'gone') return;
    this.#link.hangUp();
    this.#leave(1006);
  }

  // For the link.

  received(data: Data): void {
    if (this.#state === 'open') this.#server.received?.(this, data);
  }

  /** A close frame: it is answered. */
  closed(code: number, reason: string): void {
    if (this.#state === 'open') this.#link.sayGoodbye(code, reason);
    this.#leave(code);
  }

  lost(): void {
    this.#leave(1006);
  }

  #leave(code: number): void {
    if (this.#state === 'gone') return;
    this.#state = 'gone';
    this.#server.gone?.(this, code);
  }
}

function sizeOf(data: Data): number {
  return typeof data === 'string' ? data.length : data.byteLength;
}

/** What is sent is what it was when it was sent. */
function copyOf(data: SentFrame): Data {
  if (typeof data === 'string') return data;
  if (typeof data?.byteLength !== 'number') {
    throw new TypeError(
      'send: data must be a string, an ArrayBuffer or a view of one; in place of a Blob, await blob.arrayBuffer()',
    );
  }
  const view = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
  return view.slice();
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
