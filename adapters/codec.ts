/**
 * Messages as the app means them. A codec is two functions; what they cannot do is told as `invalid` and stops nothing.
 */
import type { Sendable } from './buffer.ts';
import { Listeners } from './listeners.ts';
import { type Frame, frameSize } from './protocols/protocol.ts';

/** What `connect()` takes as `codec`: made by `json()`, or by `codec()` of two functions. */
export interface Codec<Receive, Send = Receive> {
  readonly decode: (frame: Frame) => Receive;
  readonly encode: (message: Send) => Sendable;
  /** In what makes codecs, and not in `connect()`, so that who has none carries none. */
  readonly begin: (codec: Codec<any, any>, line: CodedLine) => Coding;
}

/** What an app means, and how it is written. Whatever is thrown makes the message `invalid`. */
export interface CodecFunctions<Receive, Send = Receive> {
  /** @param frame text, or binary as an ArrayBuffer */
  decode(frame: Frame): Receive;
  encode(message: Send): Sendable;
}

/** A codec of one's own. */
export function codec<Receive, Send = Receive>(own: CodecFunctions<Receive, Send>): Codec<Receive, Send> {
  return {
    decode: (frame) => own.decode(frame),
    encode: (message) => own.encode(message),
    begin,
  };
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

/** A codec at work on one connection. */
export interface Coding {
  readonly messages: Listeners<unknown>;
  /** Of the message that is being told, in bytes or characters. */
  readonly size: () => number;
  readonly send: (message: unknown) => boolean;
}

/** Of which it is the codec. */
interface CodedLine {
  readonly messages: Listeners<Frame>;
  readonly events: { emit(type: 'invalid', detail: Invalid): boolean };
  send(data: Sendable): boolean;
  warn(warning: { code: string; message: string }): void;
}

function begin({ decode, encode }: Codec<any, any>, line: CodedLine): Coding {
  const messages = new Listeners<unknown>();
  let size = 0;
  let isTold = false;
  const tell = (direction: Invalid['direction'], data: unknown, error: unknown): false => {
    const { message: reason = String(error), issues } = Object(error) as Partial<Error & Invalid>;
    if (line.events.emit('invalid', { direction, data, reason, issues, error }) || isTold) return false;
    isTold = true;
    const whose = direction === 'received' ? 'came' : 'was to be sent';
    line.warn({
      code: 'invalid',
      message: `a message that ${whose} is invalid, and nobody listens to \`invalid\` to hear why`,
    });
    return false;
  };
  line.messages.add((frame) => {
    let message: unknown;
    try {
      message = decode(frame);
    } catch (error) {
      tell('received', frame, error);
      return;
    }
    size = frameSize(frame);
    messages.call(message);
  });
  return {
    messages,
    size: () => size,
    send(message) {
      try {
        return line.send(encode(message));
      } catch (error) {
        return tell('sent', message, error);
      }
    },
  };
}
