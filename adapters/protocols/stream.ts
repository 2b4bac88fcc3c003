/**
 * Protocols that are a stream of bytes: where a WebSocket message begins and ends means nothing in them, a packet may be in several, and several packets in
 * one. Nothing in it tells our question from one of the app's, nor their answers. So both directions are read, packet by packet:
 *
 * - We ask between two packets, never within one that the app sends in pieces, and not before the peer takes questions.
 * - The peer answers in order. What answers us is taken out of the stream, wherever in a message it stands; all else passes, byte for byte.
 * - A head that is not all there yet comes with the next message: it may become an answer to us.
 * - What is not of the protocol passes as it is, and from then on nothing is asked.
 */
import type { Above, Answer, Frame, Session, Visitor } from './protocol.ts';
import { Questions } from './questions.ts';

/** Packets follow one on the other: the next one's head begins behind the rest of this one. */
export interface Packet {
  kind: 'question' | 'answer' | 'introduction' | 'other';
  /** Behind its head, which is all that is read. */
  end: number;
  /** Bytes of it that follow on its head. */
  rest: number;
}

/** How a protocol is read. Pure. */
export interface Grammar {
  /** The packet whose head begins at `from`. `incomplete`: there is too little of it to tell. Undefined: there can be none. */
  packetAt(bytes: Uint8Array, from: number): Packet | 'incomplete' | undefined;
  /** What asks for a sign of life, and what answers. */
  readonly question: ArrayBuffer;
  readonly answer: ArrayBuffer;
  /** Whose introduction it is that allows us to ask. */
  readonly introducedBy: 'app' | 'peer';
}

/** A head longer than this, in bytes, is none. */
const longestHead = 65_536;
const nothing = new Uint8Array(0);

export class StreamSession implements Session {
  readonly #grammar: Grammar;
  readonly #visitor: Visitor | undefined;
  readonly #heard: Stream;
  readonly #said: Stream;
  readonly #questions = new Questions();
  #mayAsk = false;
  /** Waits for the end of what the app is saying: our question, and our answer to the peer's. */
  #due = { question: false, answer: false };

  constructor(grammar: Grammar, visitor: Visitor | undefined) {
    this.#grammar = grammar;
    this.#visitor = visitor;
    this.#heard = new Stream(grammar);
    this.#said = new Stream(grammar);
  }

  received(frame: Frame): Answer | undefined {
    const came = bytesOf(frame);
    let meaning: Answer | undefined;
    const passing = this.#heard.read(came, ({ kind, end }, bytes, from) => {
      if (kind === 'answer' && this.#questions.isOurs()) {
        meaning = { ...meaning, beat: {} };
        return true;
      }
      if (kind === 'question' && this.above === 'app') {
        this.#due.answer = true;
        return true;
      }
      if (kind === 'introduction') {
        if (this.#grammar.introducedBy === 'peer') this.#mayAsk = true;
        const said = this.introduced(bytes.subarray(from, end));
        if (said !== undefined) meaning = { ...meaning, ...said };
      }
      return false;
    });
    this.#answer();
    if (passing === came) return meaning;
    if (passing.length === 0) return { ...meaning, swallow: true };
    return { ...meaning, deliver: typeof frame === 'string' ? new TextDecoder().decode(passing) : bufferOf(passing) };
  }

  probe(): Answer | undefined {
    const mayAsk = this.#mayAsk && !this.#heard.isLost;
    this.#due.question = mayAsk && !this.#said.isBetween;
    if (!mayAsk || this.#due.question) return undefined;
    this.#questions.ours();
    return { write: [this.#grammar.question] };
  }

  sent(message: Frame | ArrayBufferView): boolean {
    this.#said.read(bytesOf(message), ({ kind }) => {
      if (kind === 'question') this.#questions.theirs();
      if (kind === 'introduction' && this.#grammar.introducedBy === 'app') this.#mayAsk = true;
      return false;
    });
    this.#answer();
    return this.#due.question && this.#said.isBetween;
  }

  protected get above(): Above {
    return this.#visitor?.above ?? 'app';
  }

  /** The peer has introduced itself. */
  protected introduced(_head: Uint8Array): Answer | undefined {
    return undefined;
  }

  /** Not before we may ask, either. However often the peer has asked meanwhile: that we are there is said once. */
  #answer(): void {
    if (!this.#due.answer || !this.#mayAsk || !this.#said.isBetween) return;
    this.#due.answer = false;
    this.#visitor?.tell({ write: [this.#grammar.answer] });
  }
}

/** One direction. */
class Stream {
  readonly #grammar: Grammar;
  /** The beginning of a head. */
  #held: Uint8Array = nothing;
  /** Bytes of the last packet that are still to come. */
  #rest = 0;
  /** It is none of the protocol, and nobody knows where in it a packet begins. */
  isLost = false;

  constructor(grammar: Grammar) {
    this.#grammar = grammar;
  }

  get isBetween(): boolean {
    return this.#rest === 0 && this.#held.length === 0 && !this.isLost;
  }

  /**
   * What passes: all but what is taken, and the beginning of a head. The very bytes that came, where nothing is to be done.
   * @param take told of every packet whose head is there, and where it begins. True: it does not pass; it has nothing but its head
   */
  read(came: Uint8Array, take: (packet: Packet, bytes: Uint8Array, from: number) => boolean): Uint8Array {
    if (this.isLost) return came;
    const bytes = this.#held.length === 0 ? came : joined([this.#held, came]);
    const passing: Uint8Array[] = [];
    let passed = 0;
    let at = Math.min(this.#rest, bytes.length);
    this.#rest -= at;
    while (at < bytes.length) {
      const packet = this.#grammar.packetAt(bytes, at);
      if (packet === 'incomplete' && bytes.length - at <= longestHead) break;
      if (packet === undefined || packet === 'incomplete') {
        this.isLost = true;
        at = bytes.length;
        break;
      }
      if (take(packet, bytes, at)) {
        passing.push(bytes.subarray(passed, at));
        passed = packet.end;
      }
      const end = packet.end + packet.rest;
      at = Math.min(end, bytes.length);
      this.#rest = end - at;
    }
    this.#held = at === bytes.length ? nothing : bytes.slice(at);
    if (passed === 0 && at === bytes.length) return bytes;
    passing.push(bytes.subarray(passed, at));
    return joined(passing);
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Of a text, its UTF-8. */
function bytesOf(message: Frame | ArrayBufferView): Uint8Array {
  if (typeof message === 'string') return new TextEncoder().encode(message);
  if (!ArrayBuffer.isView(message)) return new Uint8Array(message);
  return new Uint8Array(message.buffer, message.byteOffset, message.byteLength);
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

/** Text in UTF-8, to be written as one message. */
export function inBytes(text: string): ArrayBuffer {
  return bufferOf(bytesOf(text));
}
