/**
 * The data plane of one connection: what is sent and received never passes through the machine.
 *
 * A line is made once, given to the machine as its opaque `input.line`, and outlives its visits: it holds the URL, the buffer and the app's
 * listeners, and tests one gate per `send()`. Everything in it is private, so that inspectors and snapshots show `{}`.
 */
import type { Fact, Line as MachineLine } from '../machines/events.ts';
import { type Amount, type BufferBounds, byteLength, Outbox, type Sendable } from './buffer.ts';
import type { Clock } from './clock.ts';
import { listenIn } from './listeners.ts';
import type { Frame, Protocol } from './protocols/protocol.ts';
import { surface } from './surface.ts';
import { type Host, Visit, type WebSocketLike } from './visit.ts';

export interface LineOptions {
  protocol: Protocol;
  clock: Required<Clock>;
  random: () => number;
  buffer: BufferBounds;
  /** A new WebSocket that has begun to dial. */
  dial: () => WebSocketLike;
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
  /** Takes back what is buffered and was not sent, oldest first. */
  drain(): Sendable[];
  /** Bytes that wait here and in the socket. */
  readonly bufferedAmount: number;
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
  /** Undefined between visits, and when the one that was is over. */
  #current: Visit | undefined;
  #listeners: readonly MessageListener[] = [];
  #roomListener: (() => void) | undefined;
  /** Set while somebody was refused and has not been told of room yet. */
  #refusal: { timer: unknown } | undefined;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.buffer);
    this.#host = {
      protocol: options.protocol,
      early: options.buffer,
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

  online(): boolean {
    return (globalThis as { navigator?: { onLine?: boolean } }).navigator?.onLine ?? true;
  }

  shut(): void {
    this.#gate = 'shut';
    this.#forgetRefusal();
  }

  /** From now on nothing is received and nothing accepted. */
  mute(): void {
    this.#listeners = [];
    this.shut();
  }

  // For the socket actor.

  /** Begins a visit. @throws {Error} while another one goes on: a line serves one connection */
  visit(report: (fact: Fact) => void): Visit {
    if (this.#current !== undefined) {
      throw new Error('this line serves a connection already: make one for each, with connectionInput(url, options)');
    }
    this.#gate = 'held';
    const visit = new Visit(this.#host, report);
    this.#visit = visit;
    this.#current = visit;
    return visit;
  }

  // For the app.

  send(data: Sendable): boolean {
    const bytes = byteLength(data);
    if (this.#gate === 'shut') return false;
    const accepted = this.#handOver(data, bytes) || (!this.#isReleased && this.#outbox.offer(data, bytes));
    if (!accepted) this.#refuse();
    return accepted;
  }

  onMessage(listener: MessageListener): () => void {
    return listenIn(
      () => this.#listeners,
      (listeners) => {
        this.#listeners = listeners;
      },
      listener,
    );
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

  /** What waits here, without the socket's share. */
  get held(): Amount {
    return { messages: this.#outbox.messages, bytes: this.#outbox.bytes };
  }

  /** Is told when there is room again after a refusal. */
  onRoom(listener: () => void): void {
    this.#roomListener = listener;
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
    if (waiting > 0 && waiting + bytes > this.#options.buffer.bytes) return false;
    visit.send(data, bytes);
    return true;
  }

  #release(): void {
    const visit = this.#current;
    if (this.#gate !== 'held' || visit === undefined) return;
    this.#gate = 'released';
    this.#outbox.flush((data, bytes) => {
      if (!visit.isOpen) return false;
      visit.send(data, bytes);
      return true;
    });
    this.#tellOfRoom();
  }

  #hold(): void {
    this.#current = undefined;
    if (this.#gate === 'released') this.#gate = 'held';
    if (this.#refusal !== undefined) this.#options.clock.clearTimeout(this.#refusal.timer);
  }

  #refuse(): void {
    if (this.#refusal !== undefined) return;
    this.#refusal = { timer: undefined };
    if (this.#isReleased) this.#tellOfRoom();
  }

  #tellOfRoom(): void {
    if (this.#refusal === undefined) return;
    if (this.bufferedAmount > this.#options.buffer.bytes / 2) {
      this.#refusal.timer = this.#options.clock.setTimeout(() => this.#tellOfRoom(), roomPace);
      return;
    }
    this.#refusal = undefined;
    this.#roomListener?.();
  }

  #forgetRefusal(): void {
    if (this.#refusal !== undefined) this.#options.clock.clearTimeout(this.#refusal.timer);
    this.#refusal = undefined;
  }

  #receive(frame: Frame): void {
    for (const listener of this.#listeners) {
      try {
        listener(frame);
      } catch (error) {
        surface(error);
      }
    }
  }
}
