/**
 * One visit: one WebSocket, one session of the protocol, from the dial to the hang-up. The conductor: a line for everything that happens, and one for
 * every order. What it plays on stands elsewhere: the WebSocket in socket.ts, what is asked and answered in proof.ts, what comes in in inbox.ts, what
 * goes out in line.ts.
 */
import type { Fact, Order } from '../machines/events.ts';
import { UrlError } from './asked.ts';
import { type Amount, type BufferBounds, isBlob, type Sendable } from './buffer.ts';
import { errorName } from './check.ts';
import { type Clock, soon, wallTimeOf } from './clock.ts';
import { watchDeparture } from './departure.ts';
import type { Address, Addresses } from './dial.ts';
import { Inbox } from './inbox.ts';
import type { Listeners } from './listeners.ts';
import { Proof } from './proof.ts';
import { type Above, type Answer, type Frame, type Protocol, type Session, swallowed } from './protocols/protocol.ts';
import { noHandshake, Socket } from './socket.ts';
import { guarded, surface } from './surface.ts';
import type { Ears, SocketLoss, WebSocketClass } from './web-socket.ts';

export interface VisitOptions {
  protocol: Protocol;
  above: Above;
  clock: Clock;
  buffer: BufferBounds;
  addresses: Addresses;
  WebSocket: WebSocketClass;
}

type Warned = NonNullable<Answer['warning']>;

/** The line that is visited. */
export interface Visited {
  /** All that it has ever handed to sockets. */
  readonly handed: Readonly<Amount>;
  /** Who hears what comes in. */
  readonly messages: Listeners<Frame>;
  /**
   * What waits goes onto the socket, in order, and from now on everything.
   * @param told of every message that has gone
   */
  release(socket: Socket | undefined, told: ((message: Sendable) => void) | undefined): void;
  /** There is no socket any more. */
  hold(): void;
  /** From now on everything is refused, and what waits no longer grows old. */
  shut(): void;
  /** There is something to tell the developers. */
  warn(warning: Warned): void;
}

export class Visit implements Ears {
  readonly #options: VisitOptions;
  readonly #line: Visited;
  readonly #report: (fact: Fact) => void;
  readonly #session: Session;
  readonly #inbox: Inbox;
  readonly proof: Proof;
  /** Dialling, open, closing, or what is left of it. Undefined before the address is known. */
  socket: Socket | undefined;
  /** Ends the watch on the last question, where something lay before it. */
  #stopWatching = () => {};
  /** Given to the app's functions; aborted when the visit ends. */
  #leaving: AbortController | undefined;
  /** The next inbound frame is to be reported. */
  #armed = false;
  /** Epoch ms of the last inbound frame, or of the opening; of the visit before, while there is none; 0: nothing was ever heard. */
  heardAt: number;
  /** The clock has been read for what the socket hands over in this turn. */
  #isStamped = false;
  isOver = false;

  constructor(options: VisitOptions, line: Visited, report: (fact: Fact) => void, heardAt = 0) {
    this.#options = options;
    this.#line = line;
    this.#report = report;
    this.heardAt = heardAt;
    this.#inbox = new Inbox(line.messages, options.buffer);
    const { protocol, above } = options;
    this.#session = guarded(() => protocol.session({ above, tell: (answer) => this.#told(answer) }))() ?? {};
    this.proof = new Proof(line.handed);
    this.#begin();
  }

  // What happens.

  opened(): void {
    this.#stamp();
    this.#report({ type: 'socket.opened' });
    this.#understand(this.#ask((session) => session.opened?.(this.socket?.protocol)));
  }

  /** The hot path. */
  heard(frame: Frame): void {
    if (!this.#isStamped) this.#stamp();
    const answer = this.#read(frame);
    if (answer === undefined || answer === swallowed) {
      if (this.#armed) this.#spoke();
      if (answer === swallowed) return;
    } else if (this.#heed(answer, frame)) return;
    if (this.#inbox.take(answer?.deliver ?? frame)) return;
    this.#report({ type: 'peer.refused', reason: 'more messages before the session was named than buffer allows' });
  }

  signed(frame: 'ping' | 'pong'): void {
    this.#stamp();
    if (frame === 'pong') this.#understand(this.#ask((session) => session.ponged?.()));
    this.#spoke();
  }

  lost({ code, reason, wasClean, failed, status, retryAfter }: SocketLoss): void {
    const verdict = code === undefined ? undefined : guarded(() => this.#session.closed?.(code, reason))();
    this.#report({
      type: 'socket.lost',
      code: code ?? noHandshake,
      reason,
      wasClean: wasClean ?? false,
      failed,
      status,
      fatal: verdict?.fatal,
      retryAfter: verdict?.retryAfter ?? retryAfter,
    });
  }

  // What is ordered.

  obey(order: Order): void {
    try {
      this.#do(order);
    } catch (error) {
      this.#fail(error);
    }
  }

  #do(order: Order): void {
    switch (order.type) {
      case 'probe':
        return this.#probe(order.again);
      case 'await':
        return this.proof.await();
      case 'release':
        return this.#line.release(this.socket, this.#session.sent && ((message) => this.#sent(message)));
      case 'deliver':
        return this.#inbox.deliver();
      case 'hang-up':
        return this.#hangUp(order.code, order.reason);
    }
  }

  /** Leaves the socket for good: whatever it does later changes nothing. */
  end(): void {
    this.isOver = true;
    this.#turnOff();
    this.#armed = false;
    this.#stopWatching();
    this.#line.hold();
    this.#leaving?.abort();
    this.socket?.drop();
  }

  // How it is done.

  #begin(): void {
    try {
      const address = this.#options.addresses.next(() => (this.#leaving ??= new AbortController()).signal);
      if ('then' in address) address.then((found) => this.#dial(found)).catch((error: unknown) => this.#fail(error));
      else this.#dial(address);
    } catch (error) {
      this.#fail(error);
    }
  }

  #dial(address: Address): void {
    // Nobody waits for the address any more.
    if (this.#inbox.isOff) return;
    this.socket = new Socket(this.#options.WebSocket, address, this);
  }

  #hangUp(code: number, reason: string): void {
    this.#turnOff();
    this.#line.shut();
    this.socket?.close(code, reason);
  }

  /** Nothing more is heard. */
  #turnOff(): void {
    if (this.#inbox.isOff) return;
    this.#inbox.turnOff();
    guarded(() => this.#session.ended?.(this.heardAt))();
  }

  #probe(again: boolean): void {
    this.#armed = true;
    const answer = this.#ask((session) => session.probe?.(again));
    if (answer?.write === undefined) return;
    this.proof.ask(this.#options.clock.now(), again);
    this.#watchDeparture(again);
    this.#write(answer.write);
  }

  #sent(message: Sendable): void {
    if (isBlob(message)) return;
    if (guarded(() => this.#session.sent?.(message))()) this.#probe(false);
  }

  #watchDeparture(again: boolean): void {
    const { socket, proof } = this;
    const { clock } = this.#options;
    this.#stopWatching();
    if (!socket?.bufferedAmount) return;
    // Asked again, the first question's answer is as good.
    const departed = () => again || proof.depart(clock.now());
    this.#stopWatching = watchDeparture(socket, clock, () => this.#spoke(), departed);
  }

  /** Reading the clock costs a tenth of receiving a small message: the many that one read of the socket brings share one reading. */
  #stamp(): void {
    this.heardAt = wallTimeOf(this.#options.clock);
    this.#isStamped = true;
    soon(() => {
      this.#isStamped = false;
    });
  }

  #spoke(): void {
    if (!this.#armed) return;
    this.#armed = false;
    this.#report({ type: 'peer.spoke' });
  }

  /** An answer that is none is of a protocol that has an error: the frame is the app's. */
  #heed(answer: Answer, frame?: Frame): boolean {
    try {
      return this.#apply(answer, frame);
    } catch (error) {
      surface(error);
      return false;
    }
  }

  /**
   * True: swallowed, or heard already. The frame is reported before what it means: a probe that its meaning leads to is not answered by the same frame. Fields are
   * taken one by one, so that nothing a protocol read from the wire can become an event's `type`.
   */
  #apply(answer: Answer, frame?: Frame): boolean {
    if (this.#inbox.isOff) return false;
    const { named, beat, refused, write, swallow, warning, deliver } = answer;
    if (beat === undefined) this.#spoke();
    if (warning !== undefined) this.#line.warn(warning);
    if (write !== undefined) this.#write(write);
    if (named !== undefined) {
      const { id, serverTime, interval } = named;
      this.#report({ type: 'peer.named', id, serverTime, interval, receivedAt: this.#options.clock.now() });
    }
    if (beat !== undefined) this.#beat(beat.serverTime);
    if (refused !== undefined) this.#refused(refused, swallow ? undefined : (deliver ?? frame));
    return swallow === true || refused !== undefined;
  }

  /** Afterwards nothing is heard any more: the app hears first in which words, also where the session was never named. */
  #refused({ reason, fatal, retryAfter }: NonNullable<Answer['refused']>, words?: Frame): void {
    if (words !== undefined) {
      this.#inbox.deliver();
      this.#inbox.take(words);
    }
    this.#report({ type: 'peer.refused', reason, fatal, retryAfter });
  }

  /** Unasked, which is no sign of life. */
  #told({ write, refused, warning }: Pick<Answer, 'write' | 'refused' | 'warning'>): void {
    if (this.#inbox.isOff) return;
    if (warning !== undefined) this.#line.warn(warning);
    if (write !== undefined) this.#write(write);
    if (refused !== undefined) this.#refused(refused);
  }

  /** Where we ask, only an answer is a beat: a server cannot keep us from asking by answering unasked. */
  #beat(serverTime: number | undefined): void {
    const asked = this.proof.answer();
    if (asked === undefined && this.#options.protocol.liveness === 'ask') return this.#spoke();
    const receivedAt = this.#options.clock.now();
    this.#armed = false;
    const roundTripTime = asked === undefined ? undefined : receivedAt - asked;
    this.#report({ type: 'peer.beat', serverTime, receivedAt, roundTripTime });
  }

  #write(frames: NonNullable<Answer['write']>): void {
    const { socket } = this;
    if (!socket?.isOpen) return;
    try {
      for (const frame of frames) {
        if (typeof frame === 'symbol') socket.ping();
        else socket.send(frame);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #read(frame: Frame): Answer | undefined {
    try {
      return this.#session.received?.(frame);
    } catch (error) {
      surface(error);
      return undefined;
    }
  }

  /** What the session says to something that is not a message. A session that throws is one that said nothing. */
  #ask(what: (session: Session) => Answer | undefined): Answer | undefined {
    return guarded(what)(this.#session);
  }

  #understand(answer: Answer | undefined): void {
    if (answer !== undefined) this.#heed(answer);
  }

  /** The WebSocket class threw, or there was no URL. The message of a foreign error is kept to ourselves: it may hold the URL. */
  #fail(error: unknown): void {
    // Not before the machine has finished the step in which it gave the order.
    soon(() => {
      if (error instanceof UrlError) return this.#report({ type: 'url.failed', reason: error.message });
      const reason = `the WebSocket threw ${errorName(error)}`;
      this.lost({ reason });
    });
  }
}
