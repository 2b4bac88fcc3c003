/**
 * A WebSocket, to any code that holds one, with a heart.
 *
 * With `retries: 0` it is what WHATWG WebSockets says, to the letter, plus a dial timeout and a heart: one `open`, one `close`. By default it redials
 * beneath, and keeps the habits of reconnecting-websocket and partysocket; what then differs from the standard stands in the README.
 *
 * Events are dispatched where the platform would: never while the app is in a call of one of the methods, and always in the order of what happened.
 */
import { defaultWebSocket } from '#platform';

import type { Cause, State } from '../machines/events.ts';
import { definedOf } from '../machines/settings.ts';
import { byteLength, type Dropped, type Sendable } from './buffer.ts';
import { check, type Rules } from './check.ts';
import { systemClock } from './clock.ts';
import { connect, type Connection, type ConnectionEvents, type ConnectOptions, connectRules } from './connect.ts';
import type { ProtocolsOption, UrlOption } from './dial.ts';
import type { Line } from './line.ts';
import { canPing } from './options.ts';
import { nativePing } from './protocols/native-ping.ts';
import type { Frame, Protocol } from './protocols/protocol.ts';
import { silent } from './protocols/silent.ts';
import { checkCloseFrame, domString, syntaxError, webSocketUrl } from './url.ts';
import { noStatus, type WebSocketClass } from './visit.ts';
import { lineOf } from './websocket.ts';

/** Those of `connect()`; its `protocols` are the constructor's second argument. */
export interface HeartbeatWebSocketOptions extends Omit<ConnectOptions, 'protocols'> {
  /**
   * Default `nativePing()` on npm `ws`. In browsers, and with Node's built-in class, `silent()`: neither lets anyone ask, so **a pulled cable is not
   * noticed** until you name a protocol that your server answers, such as `plain()` or `idHeartbeat()`.
   */
  protocol?: Protocol | undefined;
  /** True: nothing is dialled before `reconnect()`. Default false. */
  startClosed?: boolean | undefined;
}

/** `reconnecting`: the line will be dialled again, and this is not the end. */
export interface HeartbeatCloseEvent extends CloseEvent {
  readonly reconnecting: boolean;
  readonly cause: Cause;
}

export interface HeartbeatWebSocketEventMap {
  open: Event;
  message: MessageEvent;
  error: Event;
  close: HeartbeatCloseEvent;
  lost: CustomEvent<ConnectionEvents['lost']>;
  restored: CustomEvent<ConnectionEvents['restored']>;
  dropped: CustomEvent<Dropped>;
  state: CustomEvent<ConnectionEvents['state']>;
}

type Handlers = {
  [T in 'open' | 'message' | 'error' | 'close']?: { value: unknown; listener: (event: Event) => void } | undefined;
};
type HandlerOf<E extends Event> = ((this: WebSocket, event: E) => unknown) | null;

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
type ReadyState = typeof CONNECTING | typeof OPEN | typeof CLOSING | typeof CLOSED;

/** No close frame came (RFC 6455 §7.1.5). */
const noHandshake = 1006;

/** Node 20 and 22 have none. */
const CloseEventClass: typeof CloseEvent =
  globalThis.CloseEvent ??
  class CloseEvent extends Event {
    readonly code: number;
    readonly reason: string;
    readonly wasClean: boolean;

    constructor(type: string, { code = 0, reason = '', wasClean = false, ...init }: CloseEventInit = {}) {
      super(type, init);
      this.code = code;
      this.reason = reason;
      this.wasClean = wasClean;
    }
  };

// oxlint-disable-next-line no-unsafe-declaration-merging -- only overloads, of what EventTarget implements
export class HeartbeatWebSocket extends EventTarget implements WebSocket {
  static {
    // As Web IDL has it: constants here and on the prototype, none of them to be changed, and members that can be enumerated.
    const constants = { CONNECTING, OPEN, CLOSING, CLOSED };
    for (const [name, value] of Object.entries(constants)) {
      for (const each of [this, this.prototype]) Object.defineProperty(each, name, { value, enumerable: true });
    }
    for (const name of Object.getOwnPropertyNames(this.prototype)) {
      if (name !== 'constructor') Object.defineProperty(this.prototype, name, { enumerable: true });
    }
    Object.defineProperty(this.prototype, Symbol.toStringTag, { value: 'WebSocket', configurable: true });
  }

  declare static readonly CONNECTING: typeof CONNECTING;
  declare static readonly OPEN: typeof OPEN;
  declare static readonly CLOSING: typeof CLOSING;
  declare static readonly CLOSED: typeof CLOSED;
  declare readonly CONNECTING: typeof CONNECTING;
  declare readonly OPEN: typeof OPEN;
  declare readonly CLOSING: typeof CLOSING;
  declare readonly CLOSED: typeof CLOSED;

  readonly #where: UrlOption;
  readonly #offer: ProtocolsOption;
  readonly #options: ConnectOptions;
  readonly #setTimeout: (callback: () => void, ms: number) => unknown;
  /** What `url` says before anything was dialled. */
  readonly #url: string;
  readonly #handlers: Handlers = {};
  #connection: Connection | undefined;
  #readyState: ReadyState = CLOSED;
  #binaryType: BinaryType = 'blob';
  /** Of the server, as its messages carry it. */
  #origin = '';
  /** Bytes that were sent when it was too late. */
  #discarded = 0;
  /** Above 0 while the app is in one of the methods. */
  #calls = 0;
  /** What is still to be told; all that comes after it has to wait behind it. */
  #queue: (() => void)[] = [];
  /** The end is to be an `error` too: it never opened, or it is full. A line that died has none: it is one that broke, whoever noticed. */
  #isFailing = false;
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
    checkOptions(options);
    const { startClosed, ...rest } = definedOf(options) as HeartbeatWebSocketOptions;
    this.#url = typeof url === 'function' ? '' : webSocketUrl(url);
    this.#where = typeof url === 'function' ? url : this.#url;
    this.#offer = typeof protocols === 'function' ? protocols : textsOf(protocols);
    const WebSocketClass = rest.WebSocket ?? ownWebSocket();
    const protocol = rest.protocol ?? (canPing(WebSocketClass) ? nativePing() : silent());
    this.#options = { ...rest, WebSocket: WebSocketClass, protocol, buffer: boundsOf(rest) };
    const clock = rest.clock ?? systemClock;
    this.#setTimeout = (callback, ms) => clock.setTimeout(callback, ms);
    if (startClosed !== true) this.#start();
  }

  /**
   * The class with other defaults, for libraries that make their own instances: `retries: 0` for those that redial by themselves.
   * @throws {TypeError | RangeError} naming the option at fault
   */
  static with(defaults: HeartbeatWebSocketOptions): typeof HeartbeatWebSocket {
    checkOptions(defaults);
    const Bound = class extends this {
      constructor(url: UrlOption, protocols?: ProtocolsOption, options: HeartbeatWebSocketOptions = {}) {
        super(url, protocols, merged(defaults, options));
      }
    };
    return Object.defineProperty(Bound, 'name', { value: this.name });
  }

  // WHATWG WebSockets §3.1.

  get url(): string {
    return this.#line?.socket?.url ?? this.#url;
  }

  get readyState(): ReadyState {
    return this.#readyState;
  }

  get protocol(): string {
    return this.#line?.socket?.protocol ?? '';
  }

  get extensions(): string {
    return this.#line?.socket?.extensions ?? '';
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
  send(data: string | ArrayBufferLike | ArrayBufferView | Blob): void {
    if (arguments.length === 0) throw new TypeError('send: give it data');
    const message = sendableOf(data);
    const connection = this.#connection;
    if (connection === undefined || this.#readyState >= CLOSING) {
      this.#discarded += byteLength(message);
      return;
    }
    if (this.#readyState === CONNECTING && this.#isPlain) {
      throw new DOMException('send: the WebSocket is not open yet', 'InvalidStateError');
    }
    this.#call(() => {
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
    if (!wasOpen && this.#connection.state !== 'reconnecting') this.#isFailing = true;
    this.#hangUp(said.code ?? noStatus, said.reason);
  }

  get onopen(): HandlerOf<Event> {
    return this.#handler('open');
  }

  set onopen(handler: HandlerOf<Event>) {
    this.#handle('open', handler);
  }

  get onmessage(): HandlerOf<MessageEvent> {
    return this.#handler('message');
  }

  set onmessage(handler: HandlerOf<MessageEvent>) {
    this.#handle('message', handler);
  }

  get onerror(): HandlerOf<Event> {
    return this.#handler('error');
  }

  set onerror(handler: HandlerOf<Event>) {
    this.#handle('error', handler);
  }

  get onclose(): HandlerOf<CloseEvent> {
    return this.#handler('close');
  }

  set onclose(handler: HandlerOf<CloseEvent>) {
    this.#handle('close', handler);
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
    else this.#call(() => this.#connection?.reconnect());
  }

  /** One `open`, one `close`: what redials is above us. */
  get #isPlain(): boolean {
    return this.#options.retries === 0;
  }

  get #line(): Line | undefined {
    return this.#connection && (lineOf(this.#connection.actor) as Line);
  }

  #start(): void {
    this.#call(() => {
      const connection = connect(this.#where, { ...this.#options, protocols: this.#offer });
      this.#connection = connection;
      this.#readyState = CONNECTING;
      this.#watch(connection);
    });
  }

  #watch(connection: Connection): void {
    connection.on('state', (detail) => this.#post(() => this.#tell('state', detail)));
    connection.on('open', () => this.#post(() => this.#opened()));
    connection.on('restored', (detail) =>
      this.#post(() => {
        this.#tell('restored', detail);
        this.#opened();
      }),
    );
    connection.on('message', (data) => {
      if (this.#isQuiet) this.#received(data);
      else this.#post(() => this.#received(data));
    });
    connection.on('retry', (detail) => this.#post(() => this.#failed(detail)));
    connection.on('lost', (detail) => this.#post(() => this.#lost(detail)));
    connection.on('dropped', (detail) => this.#post(() => this.#tell('dropped', detail)));
    connection.on('closed', (detail) => this.#post(() => this.#closed(detail)));
  }

  #opened(): void {
    if (this.#readyState !== CONNECTING) return;
    this.#readyState = OPEN;
    this.#origin = new URL(this.url).origin;
    this.dispatchEvent(new Event('open'));
  }

  #received(data: Frame): void {
    if (this.#readyState !== OPEN) return;
    const content = typeof data === 'string' || this.#binaryType === 'arraybuffer' ? data : new Blob([data]);
    this.dispatchEvent(new MessageEvent('message', { data: content, origin: this.#origin }));
  }

  /** A dial that came to nothing; `close` tells of it only where it was the last. */
  #failed({ cause, nextDialIn }: ConnectionEvents['retry']): void {
    if (this.#readyState !== CONNECTING || cause === 'user-reconnected') return;
    if (nextDialIn === undefined) this.#isFailing = true;
    else this.dispatchEvent(new Event('error'));
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

  #end(detail: Pick<HeartbeatCloseEvent, 'code' | 'reason' | 'wasClean' | 'cause' | 'reconnecting'>): void {
    const { code, reason, wasClean, cause, reconnecting } = detail;
    const isFailing = this.#isFailing;
    this.#isFailing = false;
    if (isFailing) this.dispatchEvent(new Event('error'));
    // Where no close frame came there is no reason in it; what there is to say, `lost` has said.
    const event = new CloseEventClass('close', { code, reason: code === noHandshake ? '' : reason, wasClean });
    this.dispatchEvent(Object.assign(event, { cause, reconnecting }));
  }

  #refuse(connection: Connection, data: Sendable): void {
    if (!this.#isPlain) this.#post(() => this.#tell('dropped', { data, reason: 'overflow' }));
    // The line is lost, and it has not been told yet.
    else if (!connection.actor.getSnapshot().hasTag('open')) this.#discarded += byteLength(data);
    else {
      this.#readyState = CLOSING;
      this.#isFailing = true;
      this.#hangUp(noStatus, '');
    }
  }

  #hangUp(code: number, reason: string): void {
    const { actor } = this.#connection!;
    this.#call(() => {
      this.#line?.mute();
      if (actor.getSnapshot().status === 'active') actor.send({ type: 'user.closed', code, reason });
    });
  }

  #tell<T extends 'lost' | 'restored' | 'dropped' | 'state'>(
    type: T,
    detail: HeartbeatWebSocketEventMap[T]['detail'],
  ): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** What happens meanwhile is told when the call is over. */
  #call(what: () => void): void {
    this.#calls += 1;
    try {
      what();
    } finally {
      this.#calls -= 1;
    }
  }

  get #isQuiet(): boolean {
    return this.#calls === 0 && this.#queue.length === 0;
  }

  #post(event: () => void): void {
    if (this.#isQuiet) return event();
    if (this.#queue.length === 0) this.#setTimeout(() => this.#flush(), 0);
    this.#queue.push(event);
  }

  #flush(): void {
    // One that is being told still keeps later ones behind it.
    for (let event = this.#queue[0]; event !== undefined; event = this.#queue[0]) {
      event();
      this.#queue.shift();
    }
  }

  #handler<E extends Event>(type: keyof Handlers): HandlerOf<E> {
    return (this.#handlers[type]?.value ?? null) as HandlerOf<E>;
  }

  /** An event handler attribute (HTML §8.1.8.1): it keeps the place in which it was first set, until it is set to what is no object. */
  #handle(type: keyof Handlers, value: unknown): void {
    const handler = this.#handlers[type];
    const isObject = typeof value === 'function' || (typeof value === 'object' && value !== null);
    if (!isObject) {
      if (handler !== undefined) this.removeEventListener(type, handler.listener);
      this.#handlers[type] = undefined;
    } else if (handler !== undefined) handler.value = value;
    else {
      const made = {
        value,
        listener: (event: Event) => {
          // What cannot be called is kept, and not called.
          if (typeof made.value === 'function') made.value.call(this, event);
        },
      };
      this.#handlers[type] = made;
      this.addEventListener(type, made.listener);
    }
  }
}

export interface HeartbeatWebSocket {
  addEventListener<T extends keyof HeartbeatWebSocketEventMap>(
    type: T,
    listener: (this: WebSocket, event: HeartbeatWebSocketEventMap[T]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<T extends keyof HeartbeatWebSocketEventMap>(
    type: T,
    listener: (this: WebSocket, event: HeartbeatWebSocketEventMap[T]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | EventListenerOptions,
  ): void;
}

/** What users of reconnecting-websocket and partysocket know, and what it is called here. */
const formerNames: Readonly<Record<string, string>> = {
  minReconnectionDelay: 'backoff.initial',
  maxReconnectionDelay: 'backoff.max',
  reconnectionDelayGrowFactor: 'backoff.factor',
  minUptime: 'stableAfter',
  connectionTimeout: 'connectTimeout',
  maxRetries: 'retries',
  maxEnqueuedMessages: 'buffer.messages',
  debug: 'inspect',
};

const { protocols: _, ...others } = connectRules;
const rules: Rules = {
  ...others,
  startClosed: (value) => (typeof value === 'boolean' ? undefined : 'true or false'),
};

function checkOptions(options: HeartbeatWebSocketOptions): void {
  for (const name of Object.keys(options ?? {})) {
    if (Object.hasOwn(formerNames, name)) throw new TypeError(`${name} is called ${formerNames[name]} here`);
  }
  check(options, rules);
}

function merged(defaults: HeartbeatWebSocketOptions, options: HeartbeatWebSocketOptions): HeartbeatWebSocketOptions {
  const { heartbeat, buffer, backoff } = defaults;
  return {
    ...defaults,
    ...definedOf(options),
    heartbeat: { ...heartbeat, ...definedOf(options.heartbeat ?? {}) },
    buffer: buffer || options.buffer ? { ...buffer, ...definedOf(options.buffer ?? {}) } : undefined,
    backoff:
      typeof options.backoff === 'object' && typeof backoff === 'object'
        ? { ...backoff, ...definedOf(options.backoff) }
        : (options.backoff ?? backoff),
  } as HeartbeatWebSocketOptions;
}

/** As it was before an app put a class of ours in its place. */
const firstWebSocket = globalThis.WebSocket as typeof WebSocket | undefined;

function ownWebSocket(): WebSocketClass {
  const usual = defaultWebSocket();
  const isOurs = usual === HeartbeatWebSocket || usual.prototype instanceof HeartbeatWebSocket;
  return isOurs && firstWebSocket !== undefined ? firstWebSocket : usual;
}

/** What is nothing but a WebSocket buffers without bound, as WebSockets do. */
function boundsOf({ retries, buffer }: HeartbeatWebSocketOptions): ConnectOptions['buffer'] {
  return retries === 0 && buffer === undefined ? { messages: Infinity, bytes: Infinity } : buffer;
}

/** As Web IDL converts a string, or a sequence of strings. */
function textsOf(protocols: unknown): string[] {
  if (typeof protocols !== 'object' || protocols === null) return [domString(protocols)];
  if (Symbol.iterator in protocols) return Array.from(protocols as Iterable<unknown>, domString);
  throw syntaxError('protocols: a string or strings; options are the third argument');
}

/** As Web IDL converts it: what is nothing else becomes a string. @throws {TypeError} for a symbol */
function sendableOf(data: unknown): Sendable {
  const isBinary =
    ArrayBuffer.isView(data) || data instanceof Blob || Object.prototype.toString.call(data) === '[object ArrayBuffer]';
  return isBinary ? (data as Sendable) : domString(data);
}
