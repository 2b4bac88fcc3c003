/**
 * The data plane of one connection: what is sent and received never passes through the machine.
 *
 * A line is made once, given to the machine as its opaque `input.line`, and outlives its visits: it holds the URL, the buffer and the app's
 * listeners, and tests one gate per `send()`. Everything in it is private, so that inspectors and snapshots show `{}`.
 */
import type { Fact, Line as MachineLine, Obstacle } from '../machines/events.ts';
import {
  type Amount,
  type BufferBounds,
  byteLength,
  defaultBounds,
  type Dropped,
  Outbox,
  type Sendable,
} from './buffer.ts';
import type { Clock } from './clock.ts';
import type { Address } from './dial.ts';
import type { Lifecycle, LifecycleOptions, WorldFact } from './lifecycle.ts';
import { Listeners } from './listeners.ts';
import type { Frame, Protocol } from './protocols/protocol.ts';
import { surface } from './surface.ts';
import { type Host, Visit, type WebSocketLike } from './visit.ts';

export interface LineOptions {
  protocol: Protocol;
  clock: Required<Clock>;
  random: () => number;
  buffer: BufferBounds;
  /** Undefined: nobody listens to the platform. */
  world: { lifecycle: Lifecycle; options: LifecycleOptions } | undefined;
  /** Where to dial this time. @throws {UrlError}, or rejects with one */
  address: (signal: () => AbortSignal) => Address | Promise<Address>;
  /** A new WebSocket that has begun to dial. */
  dial: (address: Address) => WebSocketLike;
}

export type MessageListener = (data: Frame) => void;

/** What an app does with the messages of a connection, also of one that its own machine invokes. */
export interface DataPlane {
  /**
   * True: handed to the socket, or buffered until there is one. False: refused (no room, or closed), and nothing else happened.
   * @throws {TypeError} for what no WebSocket can send
   */
  send(data: Sendable): boolean;
  /** Hears every message; the answer undoes it. */
  onMessage(listener: MessageListener): () => void;
  /** Hears of every message that was accepted and will not be sent; the answer undoes it. */
  onDropped(listener: (dropped: Dropped) => void): () => void;
  /** Is told when there is room again, after a message was refused; the answer undoes it. */
  onDrain(listener: () => void): () => void;
  /** Takes back what is buffered and was not sent, oldest first. */
  drain(): Sendable[];
  /** Bytes that wait here and in the socket. */
  readonly bufferedAmount: number;
  /** What waits here, without the socket's share; and how much of it there may be. */
  readonly held: Amount;
  readonly room: Amount;
  /** What was handed to sockets since the beginning. */
  readonly sent: Amount;
  /** What was handed to the last socket and is not known to have arrived: a beat's answer confirms all that went before the beat. */
  readonly unconfirmed: Amount;
}

/** How often a full socket is asked whether it has room again, ms. No WebSocket tells by itself. */
const roomPace = 20;

export class Line implements MachineLine, DataPlane {
  readonly #options: LineOptions;
  readonly #outbox: Outbox;
  readonly #host: Host;
  #gate: 'held' | 'released' | 'shut' = 'held';
  #visit: Visit | undefined;
  #watching = 0;
  /** On earlier visits. */
  #sentBefore: Amount = { messages: 0, bytes: 0 };
  /** Undefined between visits, and when the one that was is over. */
  #current: Visit | undefined;
  readonly #listeners = new Listeners<Frame>();
  readonly #dropListeners = new Listeners<Dropped>();
  readonly #drainListeners = new Listeners<void>();
  /** Somebody was refused and has not been told of room yet. */
  #isRefusing = false;
  /** Runs while something waits for the socket to have room. */
  #pump: unknown;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.buffer, options.clock, (dropped) => this.#dropListeners.call(dropped));
    this.#host = {
      protocol: options.protocol,
      early: finite(options.buffer),
      address: options.address,
      dial: options.dial,
      now: () => options.clock.now(),
      wallTime: () => options.clock.wallTime(),
      receive: (frame) => this.#receive(frame),
      gate: { release: () => this.#release(), hold: () => this.#hold(), seal: () => this.shut() },
    };
  }

  // For the machine.

  wallTime(): number {
    return this.#options.clock.wallTime();
  }

  random(): number {
    const chance = this.#options.random();
    return chance >= 0 && chance < 1 ? chance : 0.5;
  }

  silentFor(): number {
    return this.#visit === undefined ? 0 : this.wallTime() - this.#visit.heardAt;
  }

  obstacle(): Obstacle | undefined {
    const { world } = this.#options;
    return world?.lifecycle.obstacle(world.options);
  }

  /** As long as a connection lives, one of its states watches. */
  watchWorld(report: (fact: WorldFact) => void): () => void {
    this.#watching += 1;
    const undo = this.#options.world?.lifecycle.watch(report);
    return () => {
      undo?.();
      this.#watching -= 1;
      // The next state has begun to watch by then, or there is none: an actor that was stopped tells nobody else.
      queueMicrotask(() => {
        if (this.#watching === 0) this.shut();
      });
    };
  }

  shut(): void {
    this.#gate = 'shut';
    this.#isRefusing = false;
    this.#outbox.rest();
    this.#stopPump();
  }

  /** From now on nothing is received and nothing accepted. */
  mute(): void {
    this.#listeners.all = [];
    this.shut();
  }

  // For the socket actor.

  /** Begins a visit. @throws {Error} while another one goes on: a line serves one connection */
  visit(report: (fact: Fact) => void): Visit {
    if (this.#current !== undefined) {
      throw new Error('this line serves a connection already: make one for each, with connectionInput(url, options)');
    }
    this.#gate = 'held';
    this.#sentBefore = this.sent;
    const visit = new Visit(this.#host, report);
    this.#visit = visit;
    this.#current = visit;
    return visit;
  }

  // For the app.

  send(data: Sendable): boolean {
    const bytes = byteLength(data);
    if (this.#gate === 'shut') return false;
    if (this.#outbox.messages === 0 && this.#handOver(data, bytes)) return true;
    const accepted = this.#outbox.offer(data, bytes, this.#current?.bufferedAmount ?? 0);
    if (!accepted) this.#isRefusing = true;
    this.#startPump();
    return accepted;
  }

  onMessage(listener: MessageListener): () => void {
    return this.#listeners.add(listener);
  }

  onDropped(listener: (dropped: Dropped) => void): () => void {
    return this.#dropListeners.add(listener);
  }

  onDrain(listener: () => void): () => void {
    return this.#drainListeners.add(listener);
  }

  drain(): Sendable[] {
    return this.#outbox.take();
  }

  get bufferedAmount(): number {
    return this.#outbox.bytes + (this.#current?.bufferedAmount ?? 0);
  }

  get unconfirmed(): Amount {
    return this.#visit?.unconfirmed ?? { messages: 0, bytes: 0 };
  }

  get room(): Amount {
    const { messages, bytes } = this.#options.buffer;
    return { messages, bytes };
  }

  get sent(): Amount {
    const { messages, bytes } = this.#visit?.handed ?? { messages: 0, bytes: 0 };
    return { messages: this.#sentBefore.messages + messages, bytes: this.#sentBefore.bytes + bytes };
  }

  get held(): Amount {
    return { messages: this.#outbox.messages, bytes: this.#outbox.bytes };
  }

  /** The WebSocket of this visit, or of the last one. */
  get socket(): WebSocketLike | undefined {
    return this.#visit?.socket;
  }

  // The gate.

  get #isReleased(): boolean {
    return this.#gate === 'released' && this.#current?.isOpen === true;
  }

  /** False: there is no socket to hand it to, or the one there is has no room. */
  #handOver(data: Sendable, bytes: number): boolean {
    const visit = this.#current;
    if (visit === undefined || !this.#isReleased) return false;
    const waiting = visit.bufferedAmount;
    // A message larger than the bound must be sendable at all: it goes when nothing waits before it.
    if (waiting > 0 && waiting + bytes > this.#socketShare) return false;
    visit.send(data, bytes);
    return true;
  }

  /** How many bytes the socket is given at a time: what it has can no longer be dropped. */
  get #socketShare(): number {
    const { bytes, overflow } = this.#options.buffer;
    return overflow === 'drop-oldest' ? bytes / 2 : bytes;
  }

  #release(): void {
    if (this.#gate !== 'held') return;
    this.#gate = 'released';
    this.#flush();
  }

  #hold(): void {
    this.#current = undefined;
    if (this.#gate === 'released') this.#gate = 'held';
    this.#stopPump();
  }

  #flush(): void {
    this.#outbox.flush((data, bytes) => this.#handOver(data, bytes));
    if (this.#isRefusing && this.bufferedAmount <= this.#options.buffer.bytes / 2) {
      this.#isRefusing = false;
      this.#drainListeners.call();
    }
    this.#startPump();
  }

  /** As long as there is something to wait for. A socket that is no longer open has nothing to wait for: it will be left. */
  #startPump(): void {
    const isWaiting = this.#isRefusing || this.#outbox.messages > 0;
    if (this.#pump !== undefined || !isWaiting || !this.#isReleased) return;
    this.#pump = this.#options.clock.setTimeout(() => {
      this.#pump = undefined;
      this.#flush();
    }, roomPace);
  }

  #stopPump(): void {
    if (this.#pump !== undefined) this.#options.clock.clearTimeout(this.#pump);
    this.#pump = undefined;
  }

  /** On the hot path: not shared with others, whose listeners are of other kinds. */
  #receive(frame: Frame): void {
    const listeners = this.#listeners.all;
    for (let i = 0; i < listeners.length; i += 1) {
      try {
        listeners[i]!(frame);
      } catch (error) {
        surface(error);
      }
    }
  }
}

/** A server that never names the session must not fill the memory, whatever the app may keep for it. */
function finite({ messages, bytes }: BufferBounds): Amount {
  return {
    messages: Number.isFinite(messages) ? messages : defaultBounds.messages,
    bytes: Number.isFinite(bytes) ? bytes : defaultBounds.bytes,
  };
}
