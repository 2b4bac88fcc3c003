/**
 * One visit: one WebSocket, one session of the protocol, from the dial to the hang-up.
 *
 * Here, and nowhere else, stands what WebSocket implementations do differently (npm `ws`, the class built into Node, browsers):
 *
 * - A dial that fails fires only `error` in Node 20 and 22 (nodejs/undici#3546), `error` and `close` elsewhere: the first ends the visit, once.
 * - `close()` on a dead line fires `close` after 60 s in Chromium, 30 s in `ws`, never in Node 20: nobody waits for it, the handlers are detached.
 * - `ws` throws an uncaught error when closed while connecting, unless an `error` listener stays attached: one that does nothing stays.
 * - `ws` shows the answer to a refused upgrade, and pings and pongs; the others do not.
 * - A socket whose peer has begun to close is no longer OPEN and discards what it is given: nothing is given to it.
 */
import type { CloseInfo, Fact, Order } from '../machines/events.ts';
import type { Amount, Sendable } from './buffer.ts';
import { type Address, UrlError } from './dial.ts';
import type { Answer, Frame, Protocol, Session } from './protocols/protocol.ts';
import { guarded, surface } from './surface.ts';

/** What we use of a WebSocket, be it the platform's, npm `ws`, or anything alike. */
export interface WebSocketLike {
  readonly readyState: number;
  readonly bufferedAmount: number;
  readonly url?: string;
  readonly protocol?: string;
  readonly extensions?: string;
  binaryType: string;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  send(data: never): void;
  close(code?: number, reason?: string): void;
}

export type WebSocketClass = new (url: string, protocols?: string[], ...more: never[]) => WebSocketLike;

/** What npm `ws` has beyond the standard. */
interface NodeWebSocket extends WebSocketLike {
  on(event: 'ping' | 'pong', listener: () => void): void;
  on(event: 'unexpected-response', listener: (request: unknown, response: UpgradeResponse) => void): void;
  ping(): void;
  terminate(): void;
}

interface UpgradeResponse {
  statusCode?: number;
  headers: Record<string, string | string[] | undefined>;
}

/** What a visit asks of the line it is a visit of. */
export interface Host {
  readonly protocol: Protocol;
  /** Where to dial, now or later. @throws {UrlError}, or rejects with one */
  address(signal: () => AbortSignal): Address | Promise<Address>;
  /** A new WebSocket that has begun to dial. */
  dial(address: Address): WebSocketLike;
  now(): number;
  wallTime(): number;
  /** Hands an inbound message to the app. */
  receive(frame: Frame): void;
  /** How much may wait for the peer's name. */
  readonly early: Amount;
  /** What `send()` tests: whether messages go to the socket, wait, or are refused. */
  readonly gate: { release(): void; hold(): void; seal(): void };
}

const OPEN = 1;
/** "No status": says that a close frame carried no code (RFC 6455 §7.4.1). */
export const noStatus = 1005;

export class Visit {
  readonly #host: Host;
  readonly #report: (fact: Fact) => void;
  readonly #session: Session;
  #socket: WebSocketLike | undefined;
  /** Given to the app's functions; aborted when the visit ends. */
  #leaving: AbortController | undefined;
  /** `early`: messages wait for the session's name. */
  #inbound: 'early' | 'delivered' | 'off' = 'early';
  #early: Frame[] = [];
  #earlyBytes = 0;
  /** The next inbound frame is to be reported. */
  #armed = false;
  /** Monotonic ms at which the heartbeat that is still unanswered was written. */
  #asked: number | undefined;
  /** The one before, that a beat was taken to answer. */
  #answered: number | undefined;
  #handed: Amount = { messages: 0, bytes: 0 };
  #confirmed: Amount = { messages: 0, bytes: 0 };
  /** Heartbeats written, and answers to them: which answer belongs to which heartbeat, their order alone tells. */
  #heartbeats = 0;
  #answers = 0;
  /** What had been handed over before the heartbeat of this number. One at a time: the next is taken when it is confirmed. */
  #mark: ({ heartbeat: number } & Amount) | undefined;
  /** Epoch ms of the last inbound frame; of the dial, while there is none. */
  heardAt: number;
  /** The clock has been read for what the socket hands over in this turn. */
  #stamped = false;

  constructor(host: Host, report: (fact: Fact) => void) {
    this.#host = host;
    this.#report = report;
    this.#session = guarded(() => host.protocol.session())() ?? {};
    this.heardAt = host.wallTime();
    try {
      const address = host.address(() => (this.#leaving ??= new AbortController()).signal);
      if ('then' in address) address.then((found) => this.#dial(found)).catch((error: unknown) => this.#fail(error));
      else this.#dial(address);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Dialling, open, closing, or what is left of it. Undefined before the address is known. */
  get socket(): WebSocketLike | undefined {
    return this.#socket;
  }

  /** True: what is sent now goes onto the wire. */
  get isOpen(): boolean {
    return this.#socket?.readyState === OPEN;
  }

  get bufferedAmount(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  /** What was handed to the socket. */
  get handed(): Amount {
    return { ...this.#handed };
  }

  /** What was handed to the socket and is not known to have arrived. */
  get unconfirmed(): Amount {
    return {
      messages: this.#handed.messages - this.#confirmed.messages,
      bytes: this.#handed.bytes - this.#confirmed.bytes,
    };
  }

  send(data: Sendable, bytes: number): void {
    this.#socket?.send(data as never);
    this.#handed.messages += 1;
    this.#handed.bytes += bytes;
  }

  obey(order: Order): void {
    try {
      this.#do(order);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Leaves the socket for good: whatever it does later changes nothing. */
  end(): void {
    this.#inbound = 'off';
    this.#armed = false;
    this.#early = [];
    this.#host.gate.hold();
    this.#leaving?.abort();
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#detach(socket);
    try {
      // `close()` would wait half a minute for an answer, and hold the process up so long.
      if (isNodeWebSocket(socket)) socket.terminate();
      else socket.close();
    } catch {
      // A class of its own kind that cannot be closed now: it is detached all the same.
    }
  }

  #do(order: Order): void {
    switch (order.type) {
      case 'probe':
        return this.#probe(order.again);
      case 'await':
        this.#asked ??= this.#answered;
        return undefined;
      case 'release':
        return this.#host.gate.release();
      case 'deliver':
        return this.#deliver();
      case 'hang-up':
        return this.#hangUp(order.code, order.reason);
    }
  }

  #dial(address: Address): void {
    // Nobody waits for the address any more.
    if (this.#inbound === 'off') return;
    const socket = this.#host.dial(address);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#opened();
    socket.onmessage = ({ data }: { data: Frame }) => this.#heard(data);
    socket.onclose = (event: CloseInfo) => this.#closed(event);
    socket.onerror = (event: unknown) => this.#lost({ code: 1006, reason: reasonOf(event), wasClean: false });
    if (!isNodeWebSocket(socket)) return;
    socket.on('ping', () => this.#sign(undefined));
    socket.on('pong', () => this.#sign(this.#understand('ponged')));
    socket.on('unexpected-response', (_, response) => this.#refused(response));
  }

  #detach(socket: WebSocketLike): void {
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.onerror = () => {};
  }

  #opened(): void {
    // From here on an `error` is followed by a `close`, which says more.
    if (this.#socket !== undefined) this.#socket.onerror = () => {};
    this.#stamp();
    this.#report({ type: 'socket.opened' });
    const answer = this.#understand('opened');
    if (answer !== undefined) this.#apply(answer);
  }

  /** The hot path. */
  #heard(frame: Frame): void {
    if (!this.#stamped) this.#stamp();
    const answer = this.#read(frame);
    if (answer === undefined) {
      if (this.#armed) this.#spoke();
    } else if (this.#apply(answer)) return;
    if (this.#inbound === 'delivered') this.#host.receive(frame);
    else if (this.#inbound === 'early') this.#keep(frame);
  }

  /** Reading the clock costs a fifth of receiving a small message: the many that one read of the socket brings share one reading. */
  #stamp(): void {
    this.heardAt = this.#host.wallTime();
    this.#stamped = true;
    queueMicrotask(() => {
      this.#stamped = false;
    });
  }

  /** A control frame: life, but no message. */
  #sign(answer: Answer | undefined): void {
    this.#stamp();
    if (answer === undefined) this.#spoke();
    else this.#apply(answer);
  }

  #spoke(): void {
    if (!this.#armed) return;
    this.#armed = false;
    this.#report({ type: 'peer.spoke' });
  }

  /**
   * True: swallowed. The frame is reported before what it means: a probe that its meaning leads to is not answered by the same frame. Fields are
   * taken one by one, so that nothing a protocol read from the wire can become an event's `type`.
   */
  #apply({ named, beat, refused, write, swallow }: Answer): boolean {
    if (this.#inbound === 'off') return false;
    if (beat === undefined) this.#spoke();
    if (write !== undefined) this.#write(write);
    if (named !== undefined) {
      const { id, serverTime, interval } = named;
      this.#report({ type: 'peer.named', id, serverTime, interval, receivedAt: this.#host.now() });
    }
    if (beat !== undefined) this.#beat(beat.serverTime);
    if (refused !== undefined) {
      const { reason, fatal, retryAfter } = refused;
      this.#report({ type: 'peer.refused', reason, fatal, retryAfter });
    }
    return swallow ?? false;
  }

  /** Where we ask, only an answer is a beat: a server cannot keep us from asking by answering unasked. */
  #beat(serverTime: number | undefined): void {
    this.#confirm();
    const asked = this.#asked;
    if (asked === undefined && this.#host.protocol.liveness === 'ask') return this.#spoke();
    const receivedAt = this.#host.now();
    this.#armed = false;
    this.#asked = undefined;
    this.#answered = asked;
    this.#report({
      type: 'peer.beat',
      serverTime,
      receivedAt,
      roundTripTime: asked === undefined ? undefined : receivedAt - asked,
    });
  }

  #probe(again: boolean): void {
    this.#armed = true;
    const answer = this.#understand('probe');
    if (answer?.write === undefined) return;
    if (!again || this.#asked === undefined) this.#asked = this.#host.now();
    this.#heartbeats += 1;
    this.#mark ??= { heartbeat: this.#heartbeats, ...this.#handed };
    this.#write(answer.write);
  }

  /** A server that leaves a heartbeat unanswered is one answer behind from then on: less is confirmed than arrived, never more. */
  #confirm(): void {
    if (this.#answers === this.#heartbeats) return;
    this.#answers += 1;
    const mark = this.#mark;
    if (mark === undefined || this.#answers < mark.heartbeat) return;
    this.#confirmed = { messages: mark.messages, bytes: mark.bytes };
    this.#mark = undefined;
  }

  #write(frames: NonNullable<Answer['write']>): void {
    const socket = this.#socket;
    if (socket?.readyState !== OPEN) return;
    for (const frame of frames) {
      if (typeof frame !== 'symbol') socket.send(frame as never);
      else if (isNodeWebSocket(socket)) socket.ping();
    }
  }

  #deliver(): void {
    if (this.#inbound !== 'early') return;
    this.#inbound = 'delivered';
    const early = this.#early;
    this.#early = [];
    for (const frame of early) {
      // A listener may have closed the connection meanwhile.
      if (this.#inbound === 'delivered') this.#host.receive(frame);
    }
  }

  #keep(frame: Frame): void {
    this.#early.push(frame);
    this.#earlyBytes += typeof frame === 'string' ? frame.length : frame.byteLength;
    const { messages, bytes } = this.#host.early;
    if (this.#early.length <= messages && this.#earlyBytes <= bytes) return;
    this.#inbound = 'off';
    this.#report({ type: 'peer.refused', reason: 'more messages before the session was named than buffer allows' });
  }

  #hangUp(code: number, reason: string): void {
    this.#inbound = 'off';
    this.#host.gate.seal();
    if (this.#socket === undefined) return;
    this.#socket.onmessage = null;
    if (code === noStatus) this.#socket.close();
    else this.#socket.close(code, reason);
  }

  #closed({ code, reason, wasClean }: CloseInfo): void {
    let verdict: ReturnType<NonNullable<Session['closed']>>;
    try {
      verdict = this.#session.closed?.(code, reason);
    } catch (error) {
      surface(error);
    }
    this.#lost({ code, reason, wasClean, fatal: verdict?.fatal, retryAfter: verdict?.retryAfter });
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
  #understand(what: 'opened' | 'ponged' | 'probe'): Answer | undefined {
    try {
      return this.#session[what]?.();
    } catch (error) {
      surface(error);
      return undefined;
    }
  }

  #refused({ statusCode: status, headers }: UpgradeResponse): void {
    const retryAfter = retryAfterOf(headers['retry-after'], this.#host.wallTime());
    this.#lost({ code: 1006, reason: `HTTP ${status}`, wasClean: false, status, retryAfter });
  }

  /** The WebSocket class threw, or there was no URL. The message of a foreign error is kept to ourselves: it may hold the URL. */
  #fail(error: unknown): void {
    // Not before the machine has finished the step in which it gave the order.
    queueMicrotask(() => {
      if (error instanceof UrlError) return this.#report({ type: 'url.failed', reason: error.message });
      const reason = `the WebSocket threw ${error instanceof Error ? error.name : typeof error}`;
      this.#lost({ code: 1006, reason, wasClean: false });
    });
  }

  #lost(loss: Omit<Extract<Fact, { type: 'socket.lost' }>, 'type'>): void {
    if (this.#socket !== undefined) this.#detach(this.#socket);
    this.#report({ type: 'socket.lost', ...loss });
  }
}

function isNodeWebSocket(socket: WebSocketLike): socket is NodeWebSocket {
  return 'terminate' in socket && 'ping' in socket;
}

/** Such as ECONNREFUSED; browsers say nothing. */
function reasonOf(event: unknown): string {
  const { error, message } = event as { error?: { code?: unknown }; message?: unknown };
  if (typeof error?.code === 'string') return error.code;
  return typeof message === 'string' ? message : '';
}

/** Ms from now, of a Retry-After header: seconds or a date (RFC 9110 §10.2.3). */
function retryAfterOf(header: string | string[] | undefined, wallTime: number): number | undefined {
  if (typeof header !== 'string') return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - wallTime;
  return ms > 0 ? ms : undefined;
}
