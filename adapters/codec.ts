/**
 * Messages as the app means them. A codec is two functions; what they cannot do is told as `invalid` and stops nothing.
 */
import type { Sendable } from './buffer.ts';
import type { WebSocketLine } from './line.ts';
import { Listeners } from './listeners.ts';
import type { Frame } from './protocols/protocol.ts';
import { frameSize } from './reader.ts';

/** What an app means, and how it is written. Whatever they throw makes the message `invalid`. */
export interface Codec<Receive, Send = Receive> {
  /** @param frame text, or binary as an ArrayBuffer */
  decode: (frame: Frame) => Receive;
  encode: (message: Send) => Sendable;
}

/** A message that does not decode or validate. */
export interface Invalid {
  /** `sent`: `send()` has answered false. */
  direction: 'received' | 'sent';
  /** The frame that was received, or the message that was to be sent. */
  data: unknown;
  /** What is wrong, of a validator's issues each with its path. It may quote the message. */
  reason: string;
  /** What the validator found. */
  issues?: readonly Issue[] | undefined;
  /** What was thrown. */
  error: unknown;
}

/** As Standard Schema has it. */
export interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The codec of one connection at work. */
export class Coding<Receive, Send> {
  readonly #codec: Codec<Receive, Send>;
  readonly #line: WebSocketLine;
  readonly messages = new Listeners<Receive>();
  /** Bytes, or characters, of the frame whose message is being told. */
  size = 0;
  /** The developers have been told that nobody hears of what is invalid. */
  #isTold = false;

  constructor(codec: Codec<Receive, Send>, line: WebSocketLine) {
    this.#codec = codec;
    this.#line = line;
    line.messages.add((frame) => this.#received(frame));
  }

  /** Whatever `send()` of the line answers. */
  send(message: Send): boolean {
    try {
      return this.#line.send(this.#codec.encode(message));
    } catch (error) {
      this.#tell('sent', message, error);
      return false;
    }
  }

  #received(frame: Frame): void {
    let message: Receive;
    try {
      message = this.#codec.decode(frame);
    } catch (error) {
      return this.#tell('received', frame, error);
    }
    this.size = frameSize(frame);
    this.messages.call(message);
  }

  #tell(direction: Invalid['direction'], data: unknown, error: unknown): void {
    const { message: reason = String(error), issues } = Object(error) as {
      message?: string;
      issues?: Invalid['issues'];
    };
    if (this.#line.events.emit('invalid', { direction, data, reason, issues, error }) || this.#isTold) return;
    this.#isTold = true;
    this.#line.warn({
      code: 'invalid',
      message: `a message that was ${direction} is invalid, and so are others, perhaps: listen to \`invalid\``,
    });
  }
}
