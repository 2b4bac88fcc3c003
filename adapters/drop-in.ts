/**
 * A WebSocket, to any code that holds one, with a heart.
 *
 * With `retries: 0` it is what WHATWG WebSockets says, to the letter, plus a dial timeout and a heart: one `open`, one `close`. By default it redials
 * beneath, and keeps the habits of reconnecting-websocket and partysocket; what then differs from the standard stands in docs/WEBSOCKET.md.
 *
 * Events are dispatched where the platform would: never while the app is in a call of one of the methods, and always in the order of what happened.
 */
import { canPing, defaultWebSocket, display, firstWebSocket } from '#platform';

import type { Cause, State } from '../machines/events.ts';
import type { Dropped, Sendable } from './buffer.ts';
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
  timedOut,
  WebSocketBase,
  webSocketInterface,
} from './drop-in.events.ts';
import { boundsOf, type HeartbeatWebSocketOptions, merged, offerOf, settled } from './drop-in.options.ts';
import { Unsent } from './drop-in.unsent.ts';
import { Blob, CustomEvent, Event, MessageEvent } from './event-family.ts';
import { defineHandlers, Handlers } from './event-handlers.ts';
import type { ChosenOptions } from './options.ts';
import { nativePing } from './protocols/native-ping.ts';
import type { Frame } from './protocols/protocol.ts';
import { silent } from './protocols/silent.ts';
import { isConstructing, noStatus } from './socket.ts';
import { Turns } from './turns.ts';
import { isInstance, twinOf } from './twin.ts';
import { checkCloseFrame, webSocketUrl } from './url.ts';
import { asInterface, domString, sendable } from './web-idl.ts';

const { CONNECTING, OPEN, CLOSING, CLOSED } = readyStates;
type BinaryType = 'blob' | 'arraybuffer';
type ReadyState = (typeof readyStates)[keyof typeof readyStates];

export class HeartbeatWebSocket extends WebSocketBase {
  static {
    defineHandlers(this.prototype, ['open', 'error', 'close', 'message'], (socket) => socket.#handlers);
    asInterface(this, webSocketInterface);
    display(this.prototype);
  }

  readonly #where: UrlOption;
  readonly #offer: ProtocolsOption;
  readonly #options: ConnectOptions & ChosenOptions;
  /** What `url` says before anything was dialled. */
  readonly #url: string;
  readonly #handlers = new Handlers(this);
  readonly #turns: Turns;
  readonly #unsent: Unsent;
  #connection: Connection | undefined;
  #readyState: ReadyState = CLOSED;
  #binaryType: BinaryType = 'blob';
  /** Of the server, as its messages carry it. */
  #origin = '';
  /** What the end is to be an `error` for, too: it never opened, or it is full. A line that died has none: it is one that broke, whoever noticed. */
  #failure: string | undefined;
  /** `reconnect()` was called before the end had come. */
  #isWanted = false;
  /** Dials that were made again, or will be, since the line was last stable; of a line that is stable, still those before. */
  #retries = 0;

  /**
   * @param url as `WebSocket` takes it, or a function that is asked before every dial
   * @param protocols likewise
   * @throws {DOMException} `SyntaxError` as `WebSocket` does
   * @throws {TypeError | RangeError} naming the option at fault
   */
  // oxlint-disable-next-line typescript/consistent-return -- of a constructor
  constructor(url: UrlOption, protocols: ProtocolsOption = [], options: HeartbeatWebSocketOptions = {}) {
    if (arguments.length === 0) throw new TypeError('HeartbeatWebSocket: give it a URL');
    super();
    const { startClosed, ...rest } = settled(options);
    const where = typeof url === 'function' ? url : domString(url);
    this.#offer = typeof protocols === 'function' ? protocols : offerOf(protocols, rest.retries === 0);
    this.#url = typeof where === 'function' ? '' : webSocketUrl(where);
    this.#where = typeof where === 'function' ? where : this.#url;
    const WebSocketClass = rest.WebSocket ?? defaultWebSocket();
    const protocol = rest.protocol ?? (canPing(WebSocketClass) ? nativePing() : silent());
    const above = rest.retries === 0 ? 'library' : 'app';
    this.#options = { ...rest, WebSocket: WebSocketClass, protocol, above, buffer: boundsOf(rest) };
    const clock = rest.clock ?? systemClock;
    this.#turns = new Turns((callback, ms) => clock.setTimeout(callback, ms));
    this.#unsent = new Unsent({ buffer: this.#options.buffer, clock }, (detail) => this.#dropped(detail));
    // The class that is dialled with makes one of ours, which is to be dialled with it: what is wanted is what the platform has.
    if (isConstructing(WebSocketClass)) return new (firstWebSocket())(this.#url, this.#offer as string[]) as never;
    if (startClosed !== true) this.#start();
  }

  /**
   * The class with other defaults, for libraries that make their own instances: `retries: 0` for those that redial by themselves.
   * @throws {TypeError | RangeError} naming the option at fault
   */
  static with(defaults: HeartbeatWebSocketOptions): typeof HeartbeatWebSocket {
    const chosen = settled(defaults);
    return twinOf(this, (given) => {
      const [url, protocols, options = {}] = given as ConstructorParameters<typeof HeartbeatWebSocket>;
      return given.length === 0 ? given : [url, protocols, merged(chosen, settled(options))];
    });
  }

  /** What a class with other defaults has made is one of this class, and the other way round. @internal */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, value);
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
    return (this.#connection?.bufferedAmount ?? 0) + this.#unsent.bytes;
  }

  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  set binaryType(given: BinaryType) {
    const was = this.#binaryType;
    const type = domString(given);
    this.#binaryType = type === 'blob' || type === 'arraybuffer' ? type : was;
  }

  /**
   * While there is no line it is buffered, also before the first `reconnect()` and after `close()`, until the next one; with `retries: 0` it is an error
   * before `open`, and nothing after `close()`, as the standard says. What finds no room, or goes nowhere, is `dropped`; with `retries: 0` and a `buffer`
   * the WebSocket fails, as the standard says of one that is full.
   * @returns true: handed over or buffered
   * @throws {DOMException} `InvalidStateError`
   */
  send(data: string | ArrayBufferLike | ArrayBufferView | Dom.Blob): boolean {
    const turns = this.#turns;
    if (arguments.length === 0) throw new TypeError('send: give it data');
    const message = sendable(data);
    const connection = this.#connection;
    if (connection === undefined || this.#isWanted || this.#readyState >= CLOSING) {
      // The standard knows no again.
      const isTooLate = this.#isPlain && connection !== undefined && !this.#isWanted;
      return isTooLate ? this.#unsent.discard(message) : this.#unsent.keep(message);
    }
    if (this.#readyState === CONNECTING && this.#isPlain) {
      throw new DOMException('send: the WebSocket is not open yet', 'InvalidStateError');
    }
    return turns.call(() => {
      const isAccepted = connection.send(message);
      if (!isAccepted) this.#refuse(connection, message);
      return isAccepted;
    });
  }

  /**
   * The end, unless `reconnect()` is called.
   * @throws {DOMException} `InvalidAccessError` for a code other than 1000 and 3000–4999, `SyntaxError` for a reason of more than 123 bytes
   */
  close(code?: number, reason?: string): void {
    const { code: given, reason: because } = this.#saying(code, reason);
    if (this.#isWanted) this.#readyState = CLOSING;
    this.#isWanted = false;
    if (this.#connection === undefined || this.#readyState >= CLOSING) return;
    const wasOpen = this.#readyState === OPEN;
    this.#readyState = CLOSING;
    // Who hangs up while the phone rings has failed to connect (WHATWG WebSockets, `close()`).
    if (!wasOpen && this.#connection.state !== 'reconnecting') this.#failure = 'closed before it was open';
    this.#hangUp(given ?? noStatus, because);
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

  /** Dials that were made again since the line was last stable; while there is none, the next one included. */
  get retryCount(): number {
    const isStable = this.#readyState === OPEN && this.#connection!.actor.getSnapshot().context.attempt === 0;
    return isStable ? 0 : this.#retries;
  }

  /**
   * Leaves the line and dials now, also what was closed or has not been started.
   * @param code told to the peer, as in `close()`. Default 1000
   * @throws {DOMException} as `close()` does
   */
  reconnect(code?: number, reason?: string): void {
    const { code: given = 1000, reason: because } = this.#saying(code, reason);
    if (this.#readyState === CLOSED) return this.#start();
    if (this.#readyState === CLOSING) this.#isWanted = true;
    else this.#turns.call(() => this.#connection!.reconnect(given, because));
    this.#readyState = CONNECTING;
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
      this.#isWanted = false;
      this.#retries = 0;
      this.#watch(connection);
      // Within the same bounds: there is room for all of it.
      for (const data of this.#unsent.take()) connection.send(data);
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
    connection.on('retry', (detail) => {
      this.#count(connection, detail.cause);
      this.#turns.tell(() => this.#failed(detail));
    });
    connection.on('lost', (detail) => {
      this.#count(connection, detail.cause);
      this.#turns.tell(() => this.#lost(detail));
    });
    connection.on('dropped', (detail) => this.#dropped(detail));
    connection.on('closed', (detail) => this.#turns.tell(() => this.#closed(connection, detail)));
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
    const failure = cause === 'dial-timeout' ? timedOut : reason || cause;
    if (nextDialIn === undefined) this.#failure = failure;
    else this.dispatchEvent(errorEvent(failure));
  }

  #lost(detail: ConnectionEvents['lost']): void {
    this.#tell('lost', detail);
    // Of the last loss `closed` tells. What is left by `reconnect()` is connecting already.
    if (this.#readyState >= CLOSING || detail.nextDialIn === undefined) return;
    this.#readyState = CONNECTING;
    this.#end({ ...detail, reconnecting: true });
  }

  #closed(connection: Connection, { undelivered, ...detail }: ConnectionEvents['closed']): void {
    this.#unsent.discarded(undelivered.bytes);
    this.#readyState = this.#isWanted ? CONNECTING : CLOSED;
    this.#end({ ...detail, reconnecting: this.#isWanted });
    // A listener may have called `close()`; or `reconnect()`, which has begun another one.
    if (this.#isWanted) this.#start();
    else if (this.#connection === connection) this.#readyState = CLOSED;
  }

  #end(ending: Ending): void {
    const failure = ending.failed ? ending.reason : this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) this.dispatchEvent(errorEvent(failure));
    this.dispatchEvent(closeEvent(ending));
  }

  /** As it happens, whenever it is told: the next dial forgets whether the line was stable. */
  #count({ actor }: Connection, cause: Cause): void {
    const wasStable = actor.getSnapshot().context.attempt === 0;
    this.#retries = cause === 'user-reconnected' ? 0 : (wasStable ? 0 : this.#retries) + 1;
  }

  #dropped(detail: Dropped): void {
    this.#turns.tell(() => this.#tell('dropped', detail));
  }

  /** As Web IDL converts it, of one that is ours. */
  #saying(code: unknown, reason: unknown): ReturnType<typeof checkCloseFrame> {
    return checkCloseFrame(code, reason);
  }

  #refuse(connection: Connection, data: Sendable): void {
    if (!this.#isPlain) this.#dropped({ data, reason: 'overflow' });
    // The line is lost, and it has not been told yet.
    else if (!connection.actor.getSnapshot().hasTag('open')) this.#unsent.discard(data);
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
