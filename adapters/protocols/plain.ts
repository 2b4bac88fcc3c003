/**
 * Any server that answers one fixed message with another: text or bytes, or what two functions make of it.
 */
import { errorName } from '../check.ts';
import type { Answer, Frame, Protocol, Session } from './protocol.ts';

/** What a question or an answer may be. */
export type PlainContent = string | ArrayBuffer | ArrayBufferView;

export interface PlainOptions {
  /**
   * What we ask with. Bytes are copied when `plain()` is called. A function is asked anew for each heartbeat, for questions that have to differ, such as
   * numbered ones; what it throws, or gives that is neither text nor bytes, surfaces as an uncaught `TypeError`, and the line counts as one that was
   * asked and does not answer. Default `'ping'`.
   */
  heartbeat?: PlainContent | (() => PlainContent);
  /**
   * What the server answers with, to the letter, and as text or as bytes; it need not differ from the question. A function says of each frame whether
   * it answers that question, bytes being `ArrayBuffer`s, and is asked only while a question waits for its answer; what it throws, or says that is
   * neither true nor false, surfaces as an uncaught `TypeError`, and the frame is the app's. Answers are swallowed one for one: what the app has asked
   * with the same words reaches the app. Default `'pong'`.
   */
  reply?: PlainContent | ((frame: Frame, question: Frame) => boolean);
}

/** @throws {TypeError} naming the option */
export function plain({ heartbeat = 'ping', reply = 'pong' }: PlainOptions = {}): Protocol {
  const ask = typeof heartbeat === 'function' ? asking(heartbeat) : always(contentOf(heartbeat, 'heartbeat'));
  const replies = typeof reply === 'function' ? judging(reply) : sameAs(contentOf(reply, 'reply'));
  return {
    name: 'plain',
    liveness: 'ask',
    session: () => new PlainSession(ask, replies),
  };
}

type Ask = () => Frame;
/** Whether a frame is the answer to a question. Undefined: to one that is not ours. */
type Replies = (frame: Frame, question: Frame | undefined) => boolean;

const ours: Answer = { beat: {}, swallow: true };
const another: Answer = { beat: {} };

class PlainSession implements Session {
  readonly #ask: Ask;
  readonly #replies: Replies;
  /** Without an answer yet. */
  #questions: Frame[] = [];

  constructor(ask: Ask, replies: Replies) {
    this.#ask = ask;
    this.#replies = replies;
  }

  opened(): Answer {
    return { named: {} };
  }

  /** The hot path: nearly always no question is open. */
  received(frame: Frame): Answer | undefined {
    if (this.#questions.length === 0) return this.#replies(frame, undefined) ? another : undefined;
    const which = this.#questions.findIndex((question) => this.#replies(frame, question));
    if (which < 0) return undefined;
    this.#questions.splice(which, 1);
    return ours;
  }

  probe(again?: boolean): Answer {
    // The line has proved alive since the last ones, where they are not asked again: what was not answered never will be.
    if (!again) this.#questions = [];
    const question = this.#ask();
    this.#questions.push(question);
    return { write: [question] };
  }
}

function always(question: Frame): Ask {
  return () => question;
}

function asking(heartbeat: () => unknown): Ask {
  return () => contentOf(called('heartbeat', heartbeat), 'heartbeat', 'must answer with');
}

function sameAs(reply: Frame): Replies {
  if (typeof reply === 'string') return (frame) => frame === reply;
  const bytes = new Uint8Array(reply);
  return (frame) => typeof frame !== 'string' && frame.byteLength === bytes.length && areSame(bytes, frame);
}

function areSame(bytes: Uint8Array, frame: ArrayBuffer): boolean {
  const its = new Uint8Array(frame);
  return bytes.every((byte, i) => byte === its[i]);
}

function judging(reply: (frame: Frame, question: Frame) => unknown): Replies {
  return (frame, question) => {
    if (question === undefined) return false;
    const verdict = called('reply', () => reply(frame, question));
    // A promise would be true of every frame.
    if (typeof verdict !== 'boolean') throw new TypeError('plain: reply must answer with true or false');
    return verdict;
  };
}

/** The app's error is the cause of ours, which says whose it is. */
function called(name: string, call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    throw new TypeError(`plain: the ${name} function threw ${errorName(error)}`, { cause: error });
  }
}

/** Nobody can change it any more. */
function contentOf(given: unknown, name: string, must = 'must be'): Frame {
  if (typeof given === 'string') return given;
  if (ArrayBuffer.isView(given)) {
    return new Uint8Array(given.buffer, given.byteOffset, given.byteLength).slice().buffer;
  }
  // Of any realm.
  if (Object.prototype.toString.call(given) === '[object ArrayBuffer]') return (given as ArrayBuffer).slice(0);
  throw new TypeError(
    `plain: ${name} ${must} a string, an ArrayBuffer or a view of one, as in plain({ ${name}: 'ping' })`,
  );
}
