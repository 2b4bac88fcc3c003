/**
 * The line of one connection: made once, given to the machine as its opaque `input.line`, it outlives its visits. What is sent and received passes through
 * it and never through the machine: it holds the gate that every `send()` tests, what waits behind the gate, and the app's listeners.
 *
 * The gate is held while there is no line, released onto the socket of a visit, and shut for good. Everything in here is private, so that inspectors and
 * snapshots show `{}`.
 */
import type { Fact, Line, LivingActor, Obstacle, WorldFact } from '../machines/events.ts';
import { type Amount, byteLength, type Dropped, Outbox, type Sendable } from './buffer.ts';
import { wallTimeOf } from './clock.ts';
import type { Invalid } from './codec.ts';
import type { Lifecycle, LifecycleOptions, WorldWatcher } from './lifecycle.ts';
import { Emitter, type Listeners } from './listeners.ts';
import type { Frame, TopicReport } from './protocols/protocol.ts';
import type { Socket } from './socket.ts';
import { Visit, type VisitOptions, type Visited } from './visit.ts';

export interface LineOptions extends VisitOptions {
  random: () => number;
  /** Undefined: nobody listens to the platform. */
  lifecycle: Lifecycle | undefined;
  whileHidden: LifecycleOptions['whileHidden'];
}

/** What is heard on the data plane. */
export interface LineEvents {
  message: Frame;
  dropped: Dropped;
  drain: undefined;
  warning: { code: string; message: string };
  invalid: Invalid;
}

/** How often a full socket is asked whether it has room again, ms. No WebSocket tells by itself. */
const roomPace = 20;

export class WebSocketLine implements Line, Visited, WorldWatcher {
  readonly #options: LineOptions;
  readonly #events = new Emitter<LineEvents>();
  readonly #outbox: Outbox;
  readonly #handed: Amount = { messages: 0, bytes: 0 };
  /** The one that is served. */
  #actor: LivingActor | undefined;
  /** The visit that goes on, or the last one. */
  #visit: Visit | undefined;
  /** Onto which messages go: undefined while they are held. */
  #socket: Socket | undefined;
  /** Of what has gone onto it; undefined: nobody wants to know. */
  #told: ((message: Sendable) => void) | undefined;
  #isShut = false;
  /** Somebody was refused and has not been told of room yet. */
  #isRefusing = false;
  /** Runs while something waits for the socket to have room. */
  #pump: unknown;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.buffer, options.clock, this.#events.of('dropped'));
  }

  // For the machine, which sees no more of it than this.

  now(): number {
    return this.#options.clock.now();
  }

  wallTime(): number {
    return wallTimeOf(this.#options.clock);
  }

  random(): number {
    const chance = this.#options.random();
    return chance >= 0 && chance < 1 ? chance : 0.5;
  }

  silentFor(): number {
    return this.#visit ? this.wallTime() - this.#visit.heardAt : 0;
  }

  obstacle(): Obstacle | undefined {
    return this.#options.lifecycle?.obstacle(this.#options.whileHidden);
  }

  begin(actor: LivingActor): void {
    if (this.#actor) return;
    this.#actor = actor;
    this.#options.lifecycle?.watch(this);
    actor.subscribe(this);
  }

  // For the machine's actor, and for the platform.

  /** It is done, or was stopped by its host. */
  complete(): void {
    this.#options.lifecycle?.unwatch(this);
    this.shut();
  }

  /** XState leaves the children of an actor that is broken to themselves. */
  error(): void {
    this.complete();
    this.#visit?.end();
  }

  tell(fact: WorldFact): void {
    this.#actor?.send(fact);
  }

  // For visits.

  visit(report: (fact: Fact) => void): Visit {
    this.#visit = new Visit(this.#options, this, report, this.#visit?.heardAt);
    return this.#visit;
  }

  get handed(): Amount {
    return this.#handed;
  }

  get messages(): Listeners<Frame> {
    return this.#events.of('message');
  }

  release(socket: Socket | undefined, told: ((message: Sendable) => void) | undefined): void {
    if (this.#isShut) return;
    this.#socket = socket;
    this.#told = told;
    this.#flush();
  }

  hold(): void {
    this.#socket = undefined;
    this.#stopPump();
  }

  shut(): void {
    this.#isShut = true;
    this.#isRefusing = false;
    this.#outbox.rest();
    this.#stopPump();
  }

  warn({ code, message }: LineEvents['warning']): void {
    if (!this.#events.emit('warning', { code, message })) console.warn(`systole: ${message}`);
  }

  // For the app, by way of its connection.

  get events(): Emitter<LineEvents> {
    return this.#events;
  }

  send(data: Sendable): boolean {
    const bytes = byteLength(data);
    if (this.#isShut) return false;
    if (this.#outbox.messages === 0 && this.#goesAtOnce(data, bytes)) return true;
    const accepted = this.#outbox.offer(data, bytes, this.#inSocket);
    if (!accepted) this.#isRefusing = true;
    this.#startPump();
    return accepted;
  }

  drain(): Sendable[] {
    return this.#outbox.take();
  }

  /** What waits here, without the socket's share. */
  get held(): Amount {
    return { messages: this.#outbox.messages, bytes: this.#outbox.bytes };
  }

  /** How much may wait. */
  get room(): Amount {
    const { messages, bytes } = this.#options.buffer;
    return { messages, bytes };
  }

  get bufferedAmount(): number {
    return this.#outbox.bytes + this.#inSocket;
  }

  /** What was handed to the last socket and is not known to have arrived. */
  get unconfirmed(): Amount {
    return this.#visit?.proof.unconfirmed ?? { messages: 0, bytes: 0 };
  }

  /** When something was heard from the peer at last, epoch ms; undefined before anything was. */
  get lastHeardAt(): number | undefined {
    return this.#visit?.heardAt || undefined;
  }

  /** For inspectors. Undefined: there are no topics here. */
  get topics(): readonly TopicReport[] | undefined {
    return this.#options.protocol.reports;
  }

  /** For inspectors: messages that were heard by topics. */
  get delivered(): number {
    return this.#options.protocol.delivered ?? 0;
  }

  /** Of the visit that goes on, or of the last one. */
  get socket(): Socket | undefined {
    return this.#visit?.socket;
  }

  /** Says goodbye, where there is a line to say it on: it will be left. */
  part(code: number, reason: string): void {
    if (this.#socket?.isOpen) this.#socket.close(code, reason);
  }

  /** A visit goes on, or the connection is over: nobody else can be served. */
  get isTaken(): boolean {
    return this.#isShut || this.#visit?.isOver === false;
  }

  /** From now on nothing is received and nothing accepted. */
  mute(): void {
    this.messages.clear();
    this.shut();
  }

  // The gate.

  get #inSocket(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  #goesAtOnce(data: Sendable, bytes: number): boolean {
    try {
      return this.#handOver(data, bytes);
    } catch (error) {
      this.#events.emit('dropped', { data, reason: 'unsendable', error });
      return true;
    }
  }

  /** False: there is no socket to hand it to, or the one there is has no room. @throws what the class throws at a message that it does not take */
  #handOver(data: Sendable, bytes: number): boolean {
    const socket = this.#socket;
    if (!socket?.isOpen) return false;
    const waiting = socket.bufferedAmount;
    // A message larger than the bound must be sendable at all: it goes when nothing waits before it.
    if (waiting > 0 && waiting + bytes > this.#socketShare) return false;
    let message = data;
    try {
      const { outgoing } = this.#options.protocol;
      if (outgoing !== undefined && typeof data === 'string') message = outgoing(data);
      socket.send(message, waiting);
    } catch (error) {
      // Where the socket is gone with it, it was no trouble of the message's.
      if (!socket.isOpen) return false;
      throw error;
    }
    this.#handed.messages += 1;
    this.#handed.bytes += bytes;
    this.#told?.(message);
    return true;
  }

  /** How many bytes the socket is given at a time: what it has can no longer be dropped. */
  get #socketShare(): number {
    const { bytes, overflow } = this.#options.buffer;
    return overflow === 'drop-oldest' ? bytes / 2 : bytes;
  }

  #flush(): void {
    this.#outbox.flush((data, bytes) => this.#handOver(data, bytes));
    if (this.#isRefusing && this.bufferedAmount <= this.#options.buffer.bytes / 2) {
      this.#isRefusing = false;
      this.#events.emit('drain', undefined);
    }
    this.#startPump();
  }

  /** As long as there is something to wait for. A socket that is no longer open has nothing to wait for: it will be left. */
  #startPump(): void {
    const isWaiting = this.#isRefusing || this.#outbox.messages > 0;
    if (this.#pump !== undefined || !isWaiting || this.#isShut || !this.#socket?.isOpen) return;
    this.#pump = this.#options.clock.setTimeout(() => {
      this.#pump = undefined;
      this.#flush();
    }, roomPace);
  }

  #stopPump(): void {
    if (this.#pump !== undefined) this.#options.clock.clearTimeout(this.#pump);
    this.#pump = undefined;
  }
}
