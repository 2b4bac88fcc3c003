/**
 * `for await`: messages by pulling, bounded like the buffer.
 */
import type { Amount } from './buffer.ts';

/** What is read from. */
export interface Readable<Message> {
  on(type: 'message', listener: (message: Message) => void): () => void;
  on(type: 'closed', listener: () => void): () => void;
  readonly state: string;
}

/**
 * The messages from now on, until the connection is closed.
 * @param room how much may wait for the reader
 * @param sizeOf the message that is being told, in bytes or characters
 * @throws {RangeError} where more wait: a reader this slow would otherwise lose messages, or use up the memory
 */
export async function* readFrom<Message>(
  connection: Readable<Message>,
  room: Amount,
  sizeOf: (message: Message) => number,
): AsyncGenerator<Message, void, undefined> {
  let waiting: Message[] = [];
  let bytes = 0;
  let overflown = false;
  let wake = () => {};
  const undo = [
    connection.on('message', (message) => {
      bytes += sizeOf(message);
      // A reader who is not behind gets any message, as an idle socket takes any.
      overflown ||= waiting.length > 0 && (waiting.length >= room.messages || bytes > room.bytes);
      if (!overflown) waiting.push(message);
      wake();
    }),
    connection.on('closed', () => wake()),
  ];
  try {
    for (;;) {
      const batch = waiting;
      waiting = [];
      bytes = 0;
      yield* batch;
      if (waiting.length > 0) continue;
      if (overflown)
        throw new RangeError(
          'for await: the reader fell behind by more than buffer.messages or buffer.bytes; read faster, or raise them',
        );
      if (connection.state === 'closed') return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    for (const each of undo) each();
  }
}
