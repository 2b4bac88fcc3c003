/**
 * The seam between a connection and one server's dialect.
 *
 * A protocol knows how a server says who it is, how it shows life, and nothing else: no timers, no socket, no states. Its session lives for one
 * visit; every method is called with what happened and answers with what it means. Nothing is thrown: what a session does not understand is
 * the app's.
 *
 * The app may be a library that speaks the same dialect, and asks and waits by itself. So a session swallows the answers to its own questions, one
 * for one ({@link Unanswered}), and nothing else: not a welcome, nor a ping of the server's, nor a dismissal, though it heeds them. (`id-heartbeat` is
 * nobody's but ours, and keeps its welcome to itself.)
 */
import type { Liveness } from '../../machines/events.ts';

/** A message as the WebSocket gave it: text, or binary as an ArrayBuffer. */
export type Frame = string | ArrayBuffer;

/** To be written as an RFC 6455 ping frame rather than as a message. */
export const ping: unique symbol = Symbol('systole.ping');

export interface Answer {
  /** The peer has named the session. Only the first one of a visit counts. */
  named?: {
    id?: string | undefined;
    /** The server's clock, epoch ms. */
    serverTime?: number | undefined;
    /** The heartbeat interval the server dictates, ms; the machine clamps it to 1 s–1 h. */
    interval?: number | undefined;
  };
  /** The peer has answered a heartbeat, or has beaten by itself. `serverTime`: its clock, epoch ms. */
  beat?: { serverTime?: number | undefined };
  /**
   * The peer tells us to go: hang up, once the app has heard the frame, unless it is swallowed. `retryAfter`: ms to wait before the next dial;
   * `fatal`: there is to be none.
   */
  refused?: { reason: string; fatal?: boolean | undefined; retryAfter?: number | undefined };
  /** Frames to write at once, in order. */
  write?: readonly (Frame | typeof ping)[];
  /** True: the frame was ours, the app does not see it. */
  swallow?: boolean;
  /** What the app hears in place of the frame. */
  deliver?: Frame;
  /** Something to tell the developers; with no listener to `warning` it goes to `console.warn`. No secrets. */
  warning?: { code: string; message: string };
}

/** The frame was ours, and there is nothing else to be done. The hot path knows it by identity: to look for all that there might be costs as much as the rest. */
export const swallowed: Answer = { swallow: true };

/** Who hears what a session lets pass: an app, or a library that speaks the dialect by itself, and is to find what it would find on any WebSocket. */
export type Above = 'app' | 'library';

/** What a session can do without being asked. */
export interface Visitor {
  /**
   * `library`: `HeartbeatWebSocket` with `retries: 0`. It is told of its `open` when the peer is named, so that is to be at `opened()`; and it answers
   * what the peer asks of it. Default `app`.
   */
  readonly above?: Above | undefined;
  /** Writes, refuses and warns; what else an answer may say belongs to a frame. Nothing happens once the visit is over. */
  tell(answer: Pick<Answer, 'write' | 'refused' | 'warning'>): void;
}

export interface Session {
  /**
   * The socket is open. Where the server sends no welcome, this names the peer.
   * @param subprotocol what was agreed on; '' where nothing was, undefined where the class does not tell
   */
  opened?(subprotocol?: string): Answer | undefined;
  /** A message came. On the hot path: answer undefined, cheaply, for what is the app's. */
  received?(frame: Frame): Answer | undefined;
  /** A pong frame came (npm `ws` only). */
  ponged?(): Answer | undefined;
  /**
   * A sign of life is wanted: what to write for it.
   * @param again true: the last question is still unanswered, and both answers may come
   */
  probe?(again?: boolean): Answer | undefined;
  /** The socket was closed by the peer. Undefined, or a field left out: the machine's own rule decides. */
  closed?(code: number, reason: string): { fatal?: boolean; retryAfter?: number } | undefined;
  /**
   * The app's message went onto the socket, as it is. For dialects that must know when the app asks, or where its words end; for others it costs nothing. A
   * Blob is not told: nobody knows its bytes yet.
   * @returns true: `probe()` had nothing to write, and may be called again now
   */
  sent?(message: Frame | ArrayBufferView): boolean;
  /**
   * Nothing is wanted of it any more: the app has closed, or the visit is over, whatever has ended it. Once.
   * @param heardAt when the last frame came, epoch ms
   */
  ended?(heardAt: number): void;
}

/** How far a topic is, for inspectors. */
export interface TopicReport {
  readonly name: string;
  /** `asking`: what comes next is not known. `behind`: what was missed comes. `live`: there is nothing else. `loading`: its state is being fetched. */
  readonly state: 'asking' | 'behind' | 'live' | 'loading';
  /** Of the newest message that was delivered; -1: it has not begun. */
  readonly at: number;
  /** Since the line was lost last: messages that were missed, and delivered. */
  readonly caughtUp: number;
  /** Since then: messages that were missed, and are gone. NaN: some may be, and nobody knows how many. */
  readonly lost: number;
  /** Since the beginning. */
  readonly gaps: number;
}

export interface Protocol {
  readonly name: string;
  readonly liveness: Liveness;
  /** Offered to the server behind those of the app. */
  readonly subprotocols?: readonly string[];
  /** True: the WebSocket class has to be able to send pings. */
  readonly needsPing?: boolean;
  /** A text that the app sends, as it goes onto the wire: for dialects in which some texts have another meaning. Default: as it is. */
  readonly outgoing?: (text: string) => string;
  /** Of each topic that is heard, where the dialect has topics. */
  readonly reports?: readonly TopicReport[];
  /** Messages that the app heard by its topics, and not as the connection's. */
  readonly delivered?: number;
  /** @param visitor undefined: nobody visits, one only wants to know what it says */
  session(visitor?: Visitor): Session;
}

/** How many questions of ours wait for an answer. Who else asks with the same words gets the others: the order of two answers tells nothing. */
export class Unanswered {
  #count = 0;

  /**
   * One is asked.
   * @param again as in `Session.probe()`: false says that the line has proved alive meanwhile, so that what was not answered before never will be
   */
  ask(again: boolean | undefined): void {
    this.#count = again ? this.#count + 1 : 1;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** An answer has come. False: nobody here has asked. */
  take(): boolean {
    if (this.#count === 0) return false;
    this.#count -= 1;
    return true;
  }
}

/** The answer to a server that speaks another dialect, where that was agreed on: no new dial can help. Undefined: it speaks one of ours. */
export function refusalOf(subprotocol: string | undefined, ours: readonly string[]): Answer | undefined {
  if (subprotocol === undefined || ours.includes(subprotocol)) return undefined;
  return { refused: { reason: 'the server agreed to no subprotocol of this protocol', fatal: true } };
}

/** A frame longer than this, in characters, is never read for control messages: it is the app's. */
const longestControlFrame = 65_536;
/** The latest date ECMAScript can represent, epoch ms. */
const latestDate = 8.64e15;

/** The JSON object in a text frame; undefined for everything else. Read its fields with {@link field}. */
export function jsonObject(frame: Frame): object | undefined {
  if (typeof frame !== 'string' || frame.length > longestControlFrame) return undefined;
  try {
    const value: unknown = JSON.parse(frame);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A field the object itself has: nothing inherited, so `__proto__` and `constructor` are names like any other. */
export function field(object: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(object, name)?.value;
}

/** Epoch ms from epoch ms or a date string; undefined for what is no date. */
export function timeOf(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : value;
  return typeof ms === 'number' && Math.abs(ms) <= latestDate ? ms : undefined;
}

/** In bytes, or characters. */
export function frameSize(frame: Frame): number {
  return typeof frame === 'string' ? frame.length : frame.byteLength;
}
