/**
 * `connect()`: the machine and the line as one object, for apps that do not run machines of their own.
 */
import { type Actor, createActor, type InspectionEvent, type Observer } from 'xstate';

import { display } from '#platform';

import { connectionMachine, type Context, stateOf } from '../machines/connection.ts';
import type { Cause, CloseInfo, Fact, Output, Report, State, Warning } from '../machines/events.ts';
import { onAbort } from './aborts.ts';
import type { Amount, Dropped, Sendable } from './buffer.ts';
import { having, isFunction, isObject, rule, type Rules } from './check.ts';
import { soon } from './clock.ts';
import type { Codec, Coding, Invalid } from './codec.ts';
import type { UrlOption } from './dial.ts';
import type * as Dom from './dom.ts';
import { discreet } from './inspected.ts';
import type { WebSocketLine } from './line.ts';
import { checkListener, type Emitter, Listeners } from './listeners.ts';
import { checkOptions, type ChosenOptions, type ConnectionOptions, connectionRules, inputOf } from './options.ts';
import { idHeartbeat } from './protocols/id-heartbeat.ts';
import { type Frame, frameSize } from './protocols/protocol.ts';
import { readFrom } from './reader.ts';
import {
  clockOffsetOf,
  observerOf,
  Sight,
  type Snapshot,
  type SnapshotListener,
  type SnapshotObserver,
} from './snapshot.ts';
import type { Socket } from './socket.ts';
import { guarded, surface } from './surface.ts';
import { checkClose } from './url.ts';
import { lineActor } from './websocket.ts';

/** Provided once: a machine of its own would cost each connection 30 KiB. */
const machine = connectionMachine.provide({ actors: { socket: lineActor } });

export interface ConnectOptions extends ConnectionOptions {
  /** None: messages are text or binary. */
  codec?: undefined;
  /** Closes the connection when aborted, with cause `aborted`. */
  signal?: Dom.AbortSignal | undefined;
  /** XState's inspection: hears all that the machine does. Neither URL, headers, subprotocols nor messages are in it, of the session's id the end. */
  inspect?: ((event: InspectionEvent) => void) | Observer<InspectionEvent> | undefined;
}

/** Of messages that have types. */
export interface CodecOptions<Receive, Send = Receive> extends Omit<ConnectOptions, 'codec'> {
  /** How messages are written: `json()`, or `codec({ decode, encode })`. */
  codec: Codec<Receive, Send>;
}

type Of<T extends Report['type']> = Omit<Extract<Report, { type: T }>, 'type'>;

/** What `on()` hears. Durations in ms. */
export interface ConnectionEvents<Receive = Frame> {
  /** Alive for the first time. */
  open: Of<'open'>;
  /** A message: what the `codec` makes of it; without one as received, text, or binary as an ArrayBuffer. */
  message: Receive;
  /** A message that the `codec` does not take. With no listener the first one goes to `warning`. */
  invalid: Invalid;
  /** The line is left for good. `unconfirmed`: handed to its socket, not known to have arrived, and not sent again. */
  lost: Of<'lost'> & { unconfirmed: Amount };
  /** A dial failed. */
  retry: Of<'retry'>;
  /** Alive again. */
  restored: Of<'restored'>;
  /** A message that `send()` accepted will not be sent. `data`: as it is written. */
  dropped: Dropped;
  /** After `send()` has refused a message: there is room again. */
  drain: undefined;
  /** Every change of state. `cause`: why, where all is not well. */
  state: { state: State; previous: State; cause: Cause | undefined };
  /** Something to tell the developers of the server. With no listener it goes to `console.warn`. `code`: the machine's, or one of the protocol's own. */
  warning: { code: Warning | (string & {}); message: string };
  /**
   * Once, last. `undelivered`: accepted and never handed to a socket; each was `dropped` before. `unconfirmed`: as in `lost`, of the last socket;
   * nothing where your `close()` was answered.
   */
  closed: Output & { undelivered: Amount; unconfirmed: Amount };
}

export type ConnectionListener<T extends keyof ConnectionEvents, Receive = Frame> = (
  detail: ConnectionEvents<Receive>[T],
) => void;

/**
 * Opens a connection that knows when its line is dead, and dials again.
 *
 * What is received and sent has the types of `codec`; without one it is text or binary, and nothing else is claimed.
 * @throws {DOMException} `SyntaxError` for a URL or subprotocols that `new WebSocket()` would not take either
 * @throws {TypeError | RangeError} naming the option at fault
 */
export function connect<Receive, Send = Receive>(
  url: UrlOption,
  options: CodecOptions<Receive, Send>,
): Connection<Receive, Send>;
export function connect(url: UrlOption, options?: ConnectOptions): Connection;
export function connect(url: UrlOption, options: ConnectOptions | CodecOptions<any> = {}): Connection<any, any> {
  checkOptions(options, connectRules);
  return new Connection(url, { ...options, protocol: options.protocol ?? idHeartbeat() });
}

const nothing: Amount = { messages: 0, bytes: 0 };

/** What it throws must not end the machine's step halfway: a timer would be gone, and none set in its place. */
function inspectorOf(inspect: NonNullable<ConnectOptions['inspect']>): (event: InspectionEvent) => void {
  const asTold = discreet();
  return guarded((event) => (typeof inspect === 'function' ? inspect(asTold(event)) : inspect.next?.(asTold(event))));
}

/** What belongs to the drop-in class and to nobody else. */
export let socketOf: (connection: Connection) => Socket | undefined;
/** As `close()`, with any code; 1005: the close frame carries none. */
export let hangUp: (connection: Connection, code: number, reason: string) => void;

/** Where the lib has no `Symbol.asyncDispose`, a class cannot be declared to have it. What is merged is the method below. */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging, no-unused-vars
export interface Connection<Receive = Frame, Send = Sendable> extends Dom.AsyncDisposable {
  [Symbol.observable](): { subscribe(observer: SnapshotObserver): { unsubscribe(): void } };
}

/** Its methods may be taken off it: `const { send, close } = connection`. */
export class Connection<Receive = Frame, Send = Sendable> implements AsyncIterable<Receive> {
  static {
    display(this.prototype);
    Object.defineProperty(this.prototype, Symbol.observable ?? '@@observable', {
      value() {
        return this as unknown;
      },
    });
    socketOf = (connection) => connection.#line.socket;
    hangUp = (connection, code, reason) => connection.#shutDown({ code, reason });
  }

  /** The machine at work: its snapshot has more to show than this object does. */
  readonly actor: Actor<typeof machine>;
  readonly #line: WebSocketLine;
  readonly #events: Emitter<ConnectionEvents>;
  readonly #coding: Coding | undefined;
  readonly #sight = new Sight();
  readonly #views = new Listeners<Snapshot>();
  #state: State;

  /** @param options that were checked */
  constructor(
    url: UrlOption,
    { signal, inspect, codec, ...options }: (ConnectOptions | CodecOptions<Receive, Send>) & ChosenOptions,
  ) {
    const input = inputOf(url, options);
    this.#line = input.line;
    // What is heard of the line is heard of the connection, among other things.
    this.#events = input.line.events;
    this.#coding = codec?.begin(codec, input.line);
    this.actor = createActor(machine, {
      input,
      ...(inspect && { inspect: inspectorOf(inspect) }),
      ...(options.clock && { clock: options.clock }),
    });
    this.#state = stateOf(this.actor.getSnapshot());
    this.#watch();
    if (signal !== undefined) this.#closeOn(signal);
    this.actor.start();
  }

  /** What is going on, in one word. */
  get state(): State {
    return stateOf(this.actor.getSnapshot());
  }

  /** What the server calls this session; the last one's name while there is none. Undefined for protocols that name nothing. */
  get id(): string | undefined {
    return this.#context.id;
  }

  /** Ms from the last heartbeat to its answer; undefined from each dial until there is one. */
  get roundTripTime(): number | undefined {
    return this.#context.roundTripTime;
  }

  /** Ms to add to `Date.now()` to have the server's clock; undefined where the server states none, or one that cannot be trusted. */
  get clockOffset(): number | undefined {
    return clockOffsetOf(this.#context);
  }

  /** When something was heard from the server at last, epoch ms; undefined before anything was. */
  get lastHeardAt(): number | undefined {
    return this.#line.lastHeardAt;
  }

  /** Bytes that wait to be sent, here and in the socket. */
  get bufferedAmount(): number {
    return this.#line.bufferedAmount;
  }

  /** All that a view renders, frozen: the same object until something of it changes, which no message does. */
  get snapshot(): Snapshot {
    return this.#look();
  }

  /**
   * Hears the snapshot: at once, and at every change, until the answer is called or the connection is closed. As a store of Svelte's, and an observable of
   * RxJS's.
   */
  subscribe = (listener: SnapshotListener | SnapshotObserver): (() => void) => {
    // Left whole: those of RxJS are objects of a class.
    const observer = observerOf(listener);
    let told: Snapshot | undefined;
    const tell = guarded((snapshot: Snapshot) => {
      if (snapshot === told) return;
      told = snapshot;
      observer.next?.(snapshot);
      if (snapshot.state === 'closed') observer.complete?.();
    });
    const undo = this.#views.add(tell);
    tell(this.snapshot);
    return undo;
  };

  /**
   * True: handed over, or buffered until the line is back. False: refused (the buffer is full, the connection is closed, or the message is `invalid`), and
   * nothing else happened; `drain` tells when to try again.
   * @throws {TypeError} without a codec, for what no WebSocket can send
   */
  send = (message: Send): boolean => {
    return (this.#coding ?? this.#line).send(message as Send & Sendable);
  };

  /** Takes back what is buffered and was not sent, as it is written, oldest first. */
  drain = (): Sendable[] => this.#line.drain();

  /**
   * Leaves the line, if there is one, and dials now. Does nothing once closed.
   * @param code tells the peer, as in `close()`; the answer is not waited for. Without one the line is cut off
   * @throws {RangeError} as `close()` does
   */
  reconnect = (code?: number, reason = ''): void => {
    if (code === undefined) return this.#tell({ type: 'user.reconnected' });
    checkClose(code, reason);
    this.#line.part(code, reason);
    return this.#tell({ type: 'user.reconnected', code, reason });
  };

  /**
   * Closes for good, behind what was handed over. From now on nothing is received or accepted. On a line that does not answer, after
   * `closeTimeout`.
   * @param code 1000 or 3000–4999
   * @param reason at most 123 bytes
   * @throws {RangeError} for others
   */
  close = (code = 1000, reason = ''): void => {
    checkClose(code, reason);
    this.#shutDown({ code, reason });
  };

  /** Closes, and waits until it is done. @internal: told by the interface above */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.actor.getSnapshot().status !== 'active') return;
    const closed = new Promise<void>((resolve) => this.on('closed', () => resolve()));
    this.close();
    await closed;
  }

  /** Hears one kind of event; the answer undoes it. A listener that throws stops nothing: its error surfaces as an uncaught one. */
  on = <T extends keyof ConnectionEvents>(type: T, listener: ConnectionListener<T, Receive>): (() => void) =>
    this.#of(type, listener).add(listener);

  /** The same, of the next one only. */
  once = <T extends keyof ConnectionEvents>(type: T, listener: ConnectionListener<T, Receive>): (() => void) =>
    this.#of(type, listener).addOnce(listener);

  /** Undoes `on` or `once` of the same listener. */
  off = <T extends keyof ConnectionEvents>(type: T, listener: ConnectionListener<T, Receive>): void =>
    this.#of(type, listener).remove(listener);

  /**
   * The messages from now on, until the connection is closed.
   * @throws {RangeError} where more wait to be read than `buffer` allows: a reader this slow would otherwise lose messages, or use up the memory
   */
  [Symbol.asyncIterator](): AsyncGenerator<Receive, void, undefined> {
    return readFrom<Receive>(this, this.#line.room, this.#coding?.size ?? (frameSize as (data: Receive) => number));
  }

  /** Proxies of views, such as Vue's, leave alone what is no plain object. @internal */
  get [Symbol.toStringTag](): string {
    return 'Connection';
  }

  #of<T extends keyof ConnectionEvents>(type: T, listener: unknown): Listeners<ConnectionEvents<Receive>[T]> {
    checkListener(eventTypes, type, listener);
    return ((type === 'message' && this.#coding?.messages) || this.#events.of(type)) as never;
  }

  #look(unconfirmed?: Amount): Snapshot {
    return this.#sight.look(this.state, this.#context, unconfirmed);
  }

  #show(unconfirmed?: Amount): void {
    this.#views.call(this.#look(unconfirmed));
  }

  get #context(): Context {
    return this.actor.getSnapshot().context;
  }

  #watch(): void {
    this.actor.on('*', ({ type, ...detail }) => {
      if (type === 'lost') {
        const { unconfirmed } = this.#line;
        Object.assign(detail, { unconfirmed });
        this.#look(unconfirmed);
      }
      if (type === 'warning') this.#line.warn(detail as ConnectionEvents['warning']);
      else this.#events.emit(type, detail as never);
    });
    this.actor.subscribe({
      next: (snapshot) => {
        const previous = this.#state;
        const state = stateOf(snapshot);
        this.#state = state;
        if (state !== previous) this.#events.emit('state', { state, previous, cause: snapshot.context.cause });
        if (snapshot.status === 'done') this.#finish(snapshot.output);
        else this.#show();
      },
      error: surface,
    });
  }

  #finish(output: Output): void {
    this.#line.shut();
    const isAnswered = output.wasClean && (output.cause === 'user-closed' || output.cause === 'aborted');
    const unconfirmed = isAnswered ? nothing : this.#line.unconfirmed;
    this.#show(unconfirmed.messages > 0 ? unconfirmed : undefined);
    const undelivered = this.#line.held;
    for (const data of this.#line.drain()) this.#events.emit('dropped', { data, reason: 'closed' });
    this.#events.emit('closed', { ...output, undelivered, unconfirmed });
    for (const type of eventTypes) this.#events.of(type).clear();
    this.#coding?.messages.clear();
    this.#views.clear();
  }

  #closeOn(signal: AbortSignal): void {
    const abort = () => this.#shutDown({ cause: 'aborted' });
    // Not before the app could listen to this connection.
    if (signal.aborted) return soon(abort);
    this.on('closed', onAbort(signal, abort));
  }

  /** The line is shut at once: the machine may be in the middle of a step, and messages behind it. */
  #shutDown(how: Partial<Pick<CloseInfo, 'code' | 'reason'>> & { cause?: 'aborted' }): void {
    this.#line.mute();
    this.#tell({ type: 'user.closed', ...how });
  }

  /** Not once closed: XState warns of what is sent to an actor that is done. */
  #tell(fact: Fact): void {
    if (this.actor.getSnapshot().status === 'active') this.actor.send(fact);
  }
}

export const eventTypes: ReadonlySet<keyof ConnectionEvents> = new Set<keyof ConnectionEvents>([
  'open',
  'message',
  'invalid',
  'lost',
  'retry',
  'restored',
  'dropped',
  'drain',
  'state',
  'warning',
  'closed',
]);

export const connectRules: Rules = {
  ...connectionRules,
  signal: having(['addEventListener', 'removeEventListener'], 'an AbortSignal'),
  codec: having(['begin'], 'json(), or codec({ decode, encode })'),
  inspect: rule((value) => isFunction(value) || isObject(value), 'a function or an observer'),
};
