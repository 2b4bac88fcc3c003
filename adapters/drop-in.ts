/**
 * A WebSocket, to any code that holds one, with a heart.
 *
 * With `retries: 0` it is what WHATWG WebSockets says, to the letter, plus a dial timeout and a heart: one `open`, one `close`. By default it redials
 * beneath, and keeps the habits of reconnecting-websocket and partysocket; what then differs from the standard stands in the README.
 *
 * Events are dispatched where the platform would: never while the app is in a call of one of the methods, and always in the order of what happened.
 */
import { canPing } from '#platform';

import type { State } from '../machines/events.ts';
import { definedOf } from '../machines/settings.ts';
import { byteLength, type Sendable } from './buffer.ts';
import { systemClock } from './clock.ts';
import { Connection, type ConnectionEvents, type ConnectOptions, hangUp, socketOf } from './connect.ts';
import type { ProtocolsOption, UrlOption } from './dial.ts';
import type * as Dom from './dom.ts';
import {
  closeEvent,
  type Ending,
  errorEvent,
  type HeartbeatWebSocketEventMap,
  readyStates,
  WebSocketBase,
} from './drop-in.events.ts';
import { beneath, boundsOf, checkDropIn, type HeartbeatWebSocketOptions, merged, offerOf } from './drop-in.options.ts';
import { Blob, CustomEvent, Event, MessageEvent } from './event-family.ts';
import type { ChosenOptions } from './options.ts';
import { nativePing } from './protocols/native-ping.ts';
import type { Frame } from './protocols/protocol.ts';
import { silent } from './protocols/silent.ts';
import { noStatus } from './socket.ts';
import { Turns } from './turns.ts';
import { checkCloseFrame, webSocketUrl } from './url.ts';
import { asInterface, defineHandlers, Handlers, sendable } from './web-idl.ts';

const { CONNECTING, OPEN, CLOSING, CLOSED } = readyStates;
type BinaryType = 'blob' | 'arraybuffer';
type ReadyState = (typeof readyStates)[keyof typeof readyStates];

export class HeartbeatWebSocket extends WebSocketBase {
  static {
    defineHandlers(this.prototype, ['open', 'message', 'error', 'close'], (socket) => socket.#handlers);
    asInterface(this, 'WebSocket', readyStates);
  }

  readonly #where: UrlOption;
  readonly #offer: ProtocolsOption;
  readonly #options: ConnectOptions & ChosenOptions;
  /** What `url` says before anything was dialled. */
  readonly #url: string;
  readonly #handlers = new Handlers(this);
  readonly #turns: Turns;
  #connection: Connection | undefined;
  #readyState: ReadyState = CLOSED;
  #binaryType: BinaryType = 'blob';
  /** Of the server, as its messages carry it. */
  #origin = '';
  /** Bytes that were sent when it was too late. */
  #discarded = 0;
  /** What the end is to be an `error` for, too: it never opened, or it is full. A line that died has none: it is one that broke, whoever noticed. */
  #failure: string | undefined;
  /** `reconnect()` was called before the end had come. */
  #isWanted = false;

  /**
   * @param url as `WebSocket` takes it, or a function that is asked before every dial
   * @param protocols likewise
   * @throws {DOMException} `SyntaxError` as `WebSocket` does
   * @throws {TypeError | RangeError} naming the option at fault
   */
  constructor(url: UrlOption, protocols: ProtocolsOption = [], options: HeartbeatWebSocketOptions = {}) {
    if (url === undefined) throw new TypeError('HeartbeatWebSocket: give it a URL');
    super();
    checkDropIn(options);
    const { startClosed, ...rest } = definedOf(options) as HeartbeatWebSocketOptions;
    this.#url = typeof url === 'function' ? '' : webSocketUrl(url);
    this.#where = typeof url === 'function' ? url : this.#url;
    this.#offer = typeof protocols === 'function' ? protocols : offerOf(protocols);
    const WebSocketClass = rest.WebSocket ?? beneath(HeartbeatWebSocket);
    const protocol = rest.protocol ?? (canPing(WebSocketClass) ? nativePing() : silent());
    const above = rest.retries === 0 ? 'library' : 'app';
    this.#options = { ...rest, WebSocket: WebSocketClass, protocol, above, buffer: boundsOf(rest) };
    const clock = rest.clock ?? systemClock;
    this.#turns = new Turns((callback, ms) => clock.setTimeout(callback, ms));
    if (startClosed !== true) this.#start();
  }

  /**
   * The class with other defaults, for libraries that make their own instances: `retries: 0` for those that redial by themselves.
   * @throws {TypeError | RangeError} naming the option at fault
   */
  static with(defaults: HeartbeatWebSocketOptions): typeof HeartbeatWebSocket {
    checkDropIn(defaults);
    const Bound = class extends this {
      constructor(url: UrlOption, protocols?: ProtocolsOption, options: HeartbeatWebSocketOptions = {}) {
        super(url, protocols, merged(defaults, options));
      }
    };
    return Object.defineProperty(Bound, 'name', { value: this.name });
  }

  // WHATWG WebSockets §3.1.

  get url(): string {
    return this.#socket?.url ?? this.#url;
  }

  get readyState(): ReadyState {
    return this.#readyState;
  }

  get protocol(): string {
    return this.#socket?.protocol ?? '';
  }

  get extensions(): string {
    return this.#socket?.extensions ?? '';
  }

  /** Bytes that wait here and in the socket; like the platform's, it also counts what was sent when it was too late. */
  get bufferedAmount(): number {
    return (this.#connection?.bufferedAmount ?? 0) + this.#discarded;
  }

  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  set binaryType(type: BinaryType) {
    if (type === 'blob' || type === 'arraybuffer') this.#binaryType = type;
  }

  /**
   * While there is no line it is buffered; with `retries: 0` it is an error before `open`, as the standard says. What finds no room is `dropped`; with
   * `retries: 0` and a `buffer` the WebSocket fails, as the standard says of one that is full.
   * @throws {DOMException} `InvalidStateError`
   */
  send(data: string | ArrayBufferLike | ArrayBufferView | Dom.Blob): void {
    if (arguments.length === 0) throw new TypeError('send: give it data');
    const message = sendable(data);
    const connection = this.#connection;
    if (connection === undefined || this.#readyState >= CLOSING) {
      this.#discarded += byteLength(message);
      return;
    }
    if (this.#readyState === CONNECTING && this.#isPlain) {
      throw new DOMException('send: the WebSocket is not open yet', 'InvalidStateError');
    }
    this.#turns.call(() => {
      if (!connection.send(message)) this.#refuse(connection, message);
    });
  }

  /**
   * The end, unless `reconnect()` is called.
   * @throws {DOMException} `InvalidAccessError` for a code other than 1000 and 3000–4999, `SyntaxError` for a reason of more than 123 bytes
   */
  close(code?: number, reason?: string): void {
    const said = checkCloseFrame(code, reason);
    this.#isWanted = false;
    if (this.#connection === undefined || this.#readyState >= CLOSING) return;
    const wasOpen = this.#readyState === OPEN;
    this.#readyState = CLOSING;
    // Who hangs up while the phone rings has failed to connect (WHATWG WebSockets, `close()`).
    if (!wasOpen && this.#connection.state !== 'reconnecting') this.#failure = 'closed before it was open';
    this.#hangUp(said.code ?? noStatus, said.reason);
  }

  // What a WebSocket has not.

  /** What the machine says; more than `readyState` does. */
  get state(): State {
    return this.#connection?.state ?? 'closed';
  }

  /** Everything else there is to know and to do. Undefined before the first dial; another one after `reconnect()` has revived a closed WebSocket. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** Dials that were made again since the line was last stable. */
  get retryCount(): number {
    return Math.max(0, (this.#connection?.actor.getSnapshot().context.attempt ?? 0) - 1);
  }

  /** Leaves the line and dials now, also what was closed or has not been started. */
  reconnect(): void {
    if (this.#readyState === CLOSED) this.#start();
    else if (this.#readyState === CLOSING) this.#isWanted = true;
    else this.#turns.call(() => this.#connection?.reconnect());
  }

  /** One `open`, one `close`: what redials is above us. */
  get #isPlain(): boolean {
    return this.#options.retries === 0;
  }

  get #socket() {
    return this.#connection && socketOf(this.#connection);
  }

  #start(): void {
    this.#turns.call(() => {
      const connection = new Connection(this.#where, { ...this.#options, protocols: this.#offer });
      this.#connection = connection;
      this.#readyState = CONNECTING;
      this.#watch(connection);
    });
  }

  #watch(connection: Connection): void {
    connection.on('state', (detail) => this.#turns.tell(() => this.#tell('state', detail)));
    connection.on('open', () => this.#turns.tell(() => this.#opened()));
    connection.on('restored', (detail) =>
      this.#turns.tell(() => {
        this.#tell('restored', detail);
        this.#opened();
      }),
    );
    connection.on('message', (data) => {
      if (this.#turns.isQuiet) this.#received(data);
      else this.#turns.tell(() => this.#received(data));
    });
    connection.on('retry', (detail) => this.#turns.tell(() => this.#failed(detail)));
    connection.on('lost', (detail) => this.#turns.tell(() => this.#lost(detail)));
    connection.on('dropped', (detail) => this.#turns.tell(() => this.#tell('dropped', detail)));
    connection.on('closed', (detail) => this.#turns.tell(() => this.#closed(detail)));
  }

  #opened(): void {
    if (this.#readyState !== CONNECTING) return;
    this.#readyState = OPEN;
    this.#origin = new URL(this.url).origin;
    this.dispatchEvent(new Event('open'));
  }

  #received(data: Frame): void {
    // With a word that is heard before the session is named, a server sends us away: beneath a library that is its to hear, on a socket that is open.
    if (this.#isPlain) this.#opened();
    if (this.#readyState !== OPEN) return;
    const content = typeof data === 'string' || this.#binaryType === 'arraybuffer' ? data : new Blob([data]);
    this.dispatchEvent(new MessageEvent('message', { data: content, origin: this.#origin }));
  }

  /** A dial that came to nothing; `close` tells of it only where it was the last. */
  #failed({ cause, reason, nextDialIn }: ConnectionEvents['retry']): void {
    if (this.#readyState !== CONNECTING || cause === 'user-reconnected') return;
    const failure = reason || cause;
    if (nextDialIn === undefined) this.#failure = failure;
    else this.dispatchEvent(errorEvent(failure));
  }

  #lost(detail: ConnectionEvents['lost']): void {
    this.#tell('lost', detail);
    // Of the last loss `closed` tells.
    if (this.#readyState !== OPEN || detail.nextDialIn === undefined) return;
    this.#readyState = CONNECTING;
    this.#end({ ...detail, reconnecting: true });
  }

  #closed({ undelivered, ...detail }: ConnectionEvents['closed']): void {
    this.#discarded += undelivered.bytes;
    this.#readyState = CLOSED;
    this.#end({ ...detail, reconnecting: false });
    if (!this.#isWanted) return;
    this.#isWanted = false;
    this.reconnect();
  }

  #end(ending: Ending): void {
    const failure = ending.failed ? ending.reason : this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) this.dispatchEvent(errorEvent(failure));
    this.dispatchEvent(closeEvent(ending));
  }

  #refuse(connection: Connection, data: Sendable): void {
    if (!this.#isPlain) this.#turns.tell(() => this.#tell('dropped', { data, reason: 'overflow' }));
    // The line is lost, and it has not been told yet.
    else if (!connection.actor.getSnapshot().hasTag('open')) this.#discarded += byteLength(data);
    else {
      this.#readyState = CLOSING;
      this.#failure = 'the buffer is full';
      this.#hangUp(noStatus, '');
    }
  }

  #hangUp(code: number, reason: string): void {
    this.#turns.call(() => hangUp(this.#connection!, code, reason));
  }

  #tell<T extends 'lost' | 'restored' | 'dropped' | 'state'>(
    type: T,
    detail: HeartbeatWebSocketEventMap[T]['detail'],
  ): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
