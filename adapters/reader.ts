/**
 * `for await`: messages by pulling, bounded like the buffer.
 */
import type { Amount } from './buffer.ts';
import type { Frame } from './protocols/protocol.ts';

/** What is read from. */
export interface Readable {
  on(type: 'message', listener: (data: Frame) => void): () => void;
  on(type: 'closed', listener: () => void): () => void;
  readonly state: string;
}

/**
 * The messages from now on, until the connection is closed.
 * @param room how many may wait for the reader
 * @throws {RangeError} where more wait: a reader this slow would otherwise lose messages, or use up the memory
 */
export async function* readFrom(connection: Readable, room: Amount): AsyncGenerator<Frame, void, undefined> {
  let waiting: Frame[] = [];
  let bytes = 0;
  let overflown = false;
  let wake = () => {};
  const undo = [
    connection.on('message', (data) => {
      bytes += typeof data === 'string' ? data.length : data.byteLength;
      // A reader who is not behind gets any message, as an idle socket takes any.
      overflown ||= waiting.length > 0 && (waiting.length >= room.messages || bytes > room.bytes);
      if (!overflown) waiting.push(data);
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
