/**
 * One client of a server that is examined: it speaks the dialect, does as it is told, and keeps a record of all that happened, from which the rules are
 * judged afterwards. It judges nothing by itself, and nothing that happens to it throws.
 */
import { WebSocket } from 'ws';

import {
  type Answer,
  field,
  type Frame,
  frameSize,
  jsonObject,
  ping,
  type Session,
  timeOf,
} from '../../adapters/protocols/protocol.ts';
import { type FaultProxy, faultProxy } from '../../test/kit/index.ts';
import { connectedTo, frameIn, type Stand } from './stand.ts';
import { endText, frameText, Transcript } from './transcript.ts';

/** When something happened, in ms since the examination began. */
export interface Moment {
  readonly at: number;
}

export interface Heard extends Moment {
  /** Of the whole frame: characters, or bytes. */
  readonly size: number;
  readonly frame: Frame;
  /** What it means; undefined: it is the app's. */
  readonly answer: Answer | undefined;
}

export interface Named extends Moment {
  readonly id: string | undefined;
  /** Epoch ms. */
  readonly serverTime: number | undefined;
}

export interface Beat extends Moment {
  readonly serverTime: number | undefined;
}

export interface Ping extends Moment {
  readonly payload: string;
}

/** How a connection ended, or that none came about. */
export interface Ended extends Moment {
  /** Of the peer's close frame; 1005: it had none, 1006: there was no close frame. */
  readonly code: number;
  readonly reason: string;
  /** We cut it off. */
  readonly byUs: boolean;
  /** What it sent was no frame of RFC 6455: nobody could have read on. */
  readonly fault?: string;
}

/** As many frames are kept of what one is told. */
const mostHeard = 500;
/** Of a frame, characters or bytes. */
const longestKept = 4_096;
/** A dial may take so long, ms. */
const handshakeTimeout = 10_000;
/** Of one frame, bytes: with more the line is given up. */
const maxPayload = 64 * 2 ** 20;

export class Visitor {
  readonly role: string;
  readonly transcript: Transcript;
  readonly heard: Heard[] = [];
  readonly beats: Beat[] = [];
  /** When it has asked for a sign of life. */
  readonly asked: Moment[] = [];
  readonly pinged: Ping[] = [];
  readonly pongs: Ping[] = [];
  dialledAt = 0;
  openedAt: number | undefined;
  named: Named | undefined;
  ended: Ended | undefined;
  /** Its own close frame. */
  said: (Moment & { readonly code: number }) | undefined;
  /** When it had done its part; what becomes of the line afterwards is another matter. */
  doneAt: number | undefined;
  /** Why the dial failed: a code of the system's, or `HTTP 401`. */
  refusal: string | undefined;
  readonly #stand: Stand;
  readonly #session: Session;
  #socket: WebSocket | undefined;
  #proxy: FaultProxy | undefined;
  readonly #wakers = new Set<() => void>();
  #isLeaving = false;
  #fault: string | undefined;

  constructor(role: string, stand: Stand) {
    this.role = role;
    this.#stand = stand;
    this.#session = stand.protocol.session();
    this.transcript = new Transcript(stand.now);
  }

  get isOpen(): boolean {
    return this.openedAt !== undefined && this.ended === undefined;
  }

  /** Its own fault proxy, where it was dialled through one. */
  get line(): FaultProxy {
    if (this.#proxy === undefined) throw new Error('dialled without a proxy');
    return this.#proxy;
  }

  /** Fulfilled when the socket is open, or never will be. */
  async dial({ throughProxy = false } = {}): Promise<this> {
    const stand = this.#stand;
    if (throughProxy) this.#proxy = await faultProxy(stand.target);
    if (stand.signal.aborted) {
      await this.leave();
      return this;
    }
    this.dialledAt = stand.now();
    this.transcript.note('·', 'dials');
    const socket = new WebSocket(stand.url, [...stand.subprotocols], {
      ...stand.upgrade,
      maxPayload,
      handshakeTimeout,
      // What is sent is looked at, not weighed.
      perMessageDeflate: false,
      ...(this.#proxy && { createConnection: connectedTo(this.#proxy.port, stand.url) }),
    });
    this.#socket = socket;
    this.#listen(socket);
    await this.until(() => this.openedAt !== undefined || this.ended !== undefined, handshakeTimeout + 1_000);
    return this;
  }

  /** Fulfilled when it is true, which is asked whenever something happens: with true; after so many ms, or when it can be no more, with false. */
  async until(isTrue: () => boolean, ms: number): Promise<boolean> {
    const { signal } = this.#stand;
    let timer: NodeJS.Timeout | undefined;
    let look = () => {};
    const outcome = await new Promise<boolean>((resolve) => {
      look = () => {
        if (isTrue()) resolve(true);
        else if (this.ended !== undefined || signal.aborted) resolve(false);
      };
      this.#wakers.add(look);
      timer = setTimeout(() => resolve(isTrue()), ms);
      look();
    });
    clearTimeout(timer);
    this.#wakers.delete(look);
    return outcome;
  }

  /** Waits until it is welcomed. */
  welcomed(ms: number): Promise<boolean> {
    return this.until(() => this.named !== undefined, ms);
  }

  /** Asks for a sign of life, in the dialect. */
  ask(): void {
    const answer = this.#session.probe?.(this.beats.length < this.asked.length);
    if (!this.isOpen || answer === undefined) return;
    this.asked.push({ at: this.#stand.now() });
    this.#write(answer);
  }

  /** Asks, and waits. False: there was no answer. */
  async beat(ms: number): Promise<boolean> {
    const before = this.beats.length;
    this.ask();
    return this.until(() => this.beats.length > before, ms);
  }

  /** Asks in the dialect; with one in which nobody asks, by a ping. False: there was no answer. */
  async prove(ms: number): Promise<boolean> {
    if (this.#asks) return this.beat(ms);
    const before = this.pongs.length;
    this.ping(`systole ${before}`);
    return this.until(() => this.pongs.length > before, ms);
  }

  /** Questions, and their answers, one for one. */
  get proofs(): { questions: readonly Moment[]; answers: readonly Moment[] } {
    return this.#asks
      ? { questions: this.asked, answers: this.beats }
      : { questions: this.pinged, answers: this.pongs };
  }

  get #asks(): boolean {
    return this.#stand.protocol.liveness === 'ask';
  }

  ping(payload: string): void {
    if (!this.isOpen) return;
    this.pinged.push({ at: this.#stand.now(), payload });
    this.transcript.note('C→S', `ping ${payload}`);
    this.#socket?.ping(payload);
  }

  say(message: string | Buffer): void {
    if (!this.isOpen) return;
    this.transcript.note('C→S', frameText(message));
    this.#socket?.send(message);
  }

  /** Asks in two fragments. */
  askInPieces(): void {
    if (!this.isOpen) return;
    this.asked.push({ at: this.#stand.now() });
    this.transcript.note('C→S', 'heart, and more to come');
    this.#socket?.send('heart', { fin: false });
    this.transcript.note('C→S', 'beat, the end of it');
    this.#socket?.send('beat', { fin: true });
  }

  /** As fast as it is taken, and nothing is told of each. True: in the end nothing was taken any more, so all buffers on the way were full. */
  async flood(message: string, times: number, ms: number): Promise<boolean> {
    const late = this.#stand.now() + ms;
    this.transcript.note('C→S', `${message}, up to ${times} times`);
    for (let i = 0; i < times && this.isOpen && this.#stand.now() < late && !this.#stand.signal.aborted; i += 1) {
      const isPause = i % 1_000 === 999;
      if (!isPause) this.#socket?.send(message);
      else if (!(await Promise.race([this.#sent(message), this.until(() => false, 1_000)]))) break;
    }
    const isStalled = this.isOpen && (this.#socket?.bufferedAmount ?? 0) > 0;
    this.transcript.note('·', isStalled ? 'nothing is taken of it any more' : 'all of it was taken');
    return isStalled;
  }

  /** Says goodbye, and waits for the other side's. */
  async close(code: number, ms: number): Promise<void> {
    if (!this.isOpen) return;
    this.said = { at: this.#stand.now(), code };
    this.transcript.note('C→S', `close ${code}`);
    this.#socket?.close(code);
    await this.until(() => this.ended !== undefined, ms);
  }

  /** Its part is done: it goes, unless an answer is owed to it, for which it waits until all others are done. */
  async finish(): Promise<void> {
    this.doneAt ??= this.#stand.now();
    if (this.named !== undefined && this.beats.length >= this.asked.length) await this.leave();
  }

  note(happening: string): void {
    this.transcript.note('·', happening);
  }

  /** Is gone, without a word, and leaves nothing behind. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    const socket = this.#socket;
    if (socket !== undefined && socket.readyState !== WebSocket.CLOSED) {
      // Not `once()`: a dial that is broken off is an error, and that is no matter.
      const closed = new Promise((resolve) => void socket.on('close', resolve));
      socket.terminate();
      // Behind a proxy that is silent nothing arrives, and nothing has to.
      await Promise.all([closed, this.#proxy?.close()]);
    } else await this.#proxy?.close();
    this.#proxy = undefined;
  }

  #listen(socket: WebSocket): void {
    socket.on('open', () => {
      this.openedAt = this.#stand.now();
      this.transcript.note('·', 'is connected');
      this.#take(this.#session.opened?.(socket.protocol), undefined);
      this.#wake();
    });
    socket.on('unexpected-response', (request, { statusCode, headers }) => {
      this.refusal = `HTTP ${statusCode}`;
      this.#stand.pointsTo = headers.location;
      this.transcript.note('S→C', this.refusal);
      request.destroy();
      // Nobody else ends it: whoever hears of the answer has taken it over.
      socket.terminate();
    });
    socket.on('message', (data: Buffer, isBinary) => {
      const frame = frameIn(data, isBinary);
      this.#take(this.#session.received?.(frame), frame);
      this.#wake();
    });
    socket.on('pong', (data: Buffer) => {
      const payload = data.toString();
      if (this.pongs.length < mostHeard) this.pongs.push({ at: this.#stand.now(), payload });
      this.transcript.note('S→C', `pong ${payload}`);
      this.#take(this.#session.ponged?.(), undefined);
      this.#wake();
    });
    socket.on('ping', () => this.transcript.note('S→C', 'ping'));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (this.openedAt === undefined) this.refusal ??= isLate(error) ? 'ETIMEDOUT' : (error.code ?? error.message);
      else if (error.code?.startsWith('WS_ERR')) this.#fault = error.message;
    });
    socket.on('close', (code, reason: Buffer) => {
      const byUs = this.#isLeaving;
      const fault = this.#fault;
      this.ended = {
        at: this.#stand.now(),
        code,
        reason: reason.toString(),
        byUs,
        ...(fault !== undefined && { fault }),
      };
      if (!byUs && this.openedAt !== undefined) this.transcript.note('S→C', endText(this.ended));
      else if (!byUs) this.transcript.note('·', `is not connected: ${this.refusal ?? 'it was given up'}`);
      this.#wake();
    });
  }

  #take(answer: Answer | undefined, frame: Frame | undefined): void {
    const at = this.#stand.now();
    if (answer?.named !== undefined) {
      this.named ??= { at, id: answer.named.id, serverTime: answer.named.serverTime };
    }
    if (frame !== undefined) {
      const isNoted = this.heard.length < mostHeard || answer !== undefined;
      if (this.heard.length < mostHeard) this.heard.push({ at, size: frameSize(frame), frame: keptOf(frame), answer });
      // Who is told no end of things has better things to do than to write them down.
      if (isNoted) this.transcript.note('S→C', frameText(frame, this.named?.id));
    }
    const beat = answer?.beat ?? this.#beatUnasked(frame, answer);
    if (beat !== undefined && this.beats.length < mostHeard) this.beats.push({ at, serverTime: beat.serverTime });
    if (answer?.write !== undefined) this.#write(answer);
  }

  /** An answer for which the dialect waits no more is known by its beginning alone: one with other fields before it is one all the same. */
  #beatUnasked(frame: Frame | undefined, answer: Answer | undefined): Answer['beat'] {
    const mayBe = answer === undefined && this.#stand.protocol.name === 'id-heartbeat' && this.named !== undefined;
    if (!mayBe || typeof frame !== 'string' || !frame.includes('"heartbeat"')) return undefined;
    const object = jsonObject(frame);
    if (object === undefined || !Object.hasOwn(object, 'heartbeat')) return undefined;
    return { serverTime: timeOf(field(object, 'heartbeat')) };
  }

  #write({ write = [] }: Answer): void {
    for (const frame of write) {
      this.transcript.note('C→S', frame === ping ? 'ping' : frameText(frame));
      if (frame === ping) this.#socket?.ping();
      else this.#socket?.send(frame);
    }
  }

  #sent(message: string): Promise<true> {
    return new Promise((resolve) => {
      this.#socket?.send(message, () => resolve(true));
    });
  }

  #wake(): void {
    for (const wake of this.#wakers) wake();
  }
}

/** As npm `ws` has it. */
function isLate({ message }: Error): boolean {
  return message === 'Opening handshake has timed out';
}

/** A copy: a part of a text would keep all of it. */
function keptOf(frame: Frame): Frame {
  if (frameSize(frame) <= longestKept) return frame;
  return typeof frame === 'string' ? Buffer.from(frame.slice(0, longestKept)).toString() : frame.slice(0, longestKept);
}
