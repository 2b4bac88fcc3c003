/** The way into a log: for servers, and for processes that have none. */
import { isObject } from '../adapters/check.ts';
import type { Log, Payload } from './log.ts';
import { cursorOf } from './position.ts';
import { checkTopic } from './topic-name.ts';

export interface PublishOptions {
  /**
   * 1 to 128 characters. The same id within two minutes is the same message, so that publishing can be tried again. Default: a new one, which the error has
   * where publishing fails.
   */
  id?: string | undefined;
}

export interface Publisher {
  /**
   * Resolves with the cursor of the message when the log has it.
   * @param data text, or bytes (an `ArrayBuffer` or a view of one); at most `longest` bytes of UTF-8
   * @throws {LogError} within 2 s where the log cannot be reached; the message may be there all the same: try again with the error's `id`
   * @throws {TypeError | RangeError} for a topic, data or an id that there cannot be
   */
  readonly publish: (
    topic: string,
    data: string | ArrayBuffer | ArrayBufferView,
    options?: PublishOptions,
  ) => Promise<string>;
  /** The cursor of what was last published: a snapshot that is taken after asking holds all up to there. @throws {LogError} within 2 s */
  readonly position: (topic: string) => Promise<string>;
}

/** Longest message, in bytes. */
export const longestMessage = 65_536;
const longestId = 128;

/** Publishes into a log from anywhere: `publisher(redisLog({ client }))`. @param longest bytes of a message; default 65,536 */
export function publisher(log: Log, longest = longestMessage): Publisher {
  if (!isObject(log) || typeof log['append'] !== 'function')
    throw new TypeError('log must be a log, such as memoryLog()');
  return {
    async publish(topic, data, { id = crypto.randomUUID() } = {}) {
      checkTopic(topic);
      if (typeof id !== 'string' || id === '' || id.length > longestId) {
        throw new TypeError(`id must be a text of 1 to ${longestId} characters`);
      }
      return cursorOf(await log.append(topic, payloadOf(data, longest), { id }));
    },
    async position(topic) {
      checkTopic(topic);
      return cursorOf(await log.head(topic));
    },
  };
}

function payloadOf(data: unknown, longest: number): Payload {
  // A copy: what the app does to its own afterwards is not to change what was published.
  const payload = typeof data === 'string' ? data : bytesOf(data);
  const size = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.byteLength;
  if (size <= longest) return payload;
  throw new RangeError(
    `data must have at most ${longest} bytes, and has ${size}: publish where it can be fetched instead`,
  );
}

function bytesOf(data: unknown): Uint8Array {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  if (Object.prototype.toString.call(data) === '[object ArrayBuffer]')
    return new Uint8Array(data as ArrayBuffer).slice();
  throw new TypeError('data must be a text, an ArrayBuffer, or a view of one');
}
