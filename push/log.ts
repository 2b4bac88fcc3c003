/**
 * Where topics are kept, for a time and a number of messages. A log knows neither listeners nor lines: it is appended to, read, and followed.
 *
 * Its promise: an epoch is one life of one log on one master. Whoever holds a position of this epoch is given all that follows it, in order, or is told of
 * a gap; wherever something may have been lost, rewound or forked, the epoch is another one.
 */
import type { Position } from './position.ts';

export type Payload = string | Uint8Array;

export interface Entry extends Position {
  /** The `at` before it in its topic. It joins every position of its epoch from there on up to itself: nothing of the topic lies between. */
  readonly prev: number;
  readonly data: Payload;
}

/**
 * Why something may be missing. `trimmed`: it was kept long enough, and no longer. `epoch`: the log has begun another life. `ahead`: the log has not come
 * as far, so it is not the one that was heard. `denied`: history is not for this listener.
 */
export type GapReason = 'trimmed' | 'epoch' | 'ahead' | 'denied';

/** What follows a position, or that nobody can tell. `head`: how far the log has come; after a gap hearing goes on from there. */
export type Read =
  | { readonly entries: readonly Entry[]; readonly head: Position }
  | {
      readonly gap: Exclude<GapReason, 'denied'>;
      readonly head: Position;
      /** How many messages are missing at `head`, where that is known. */
      readonly missed?: number | undefined;
    };

export interface ReadOptions {
  /**
   * Ms since the reader was last known to have all there was. Undefined: nobody knows. A log whose entries are not chained needs it to tell what was never
   * written from what is no longer kept. It comes from clients: who lies about it deceives nobody else.
   */
  away?: number | undefined;
}

export interface AppendOptions {
  /** 1 to 128 characters. The same id within two minutes is the same message: its position is answered, and nothing is appended. */
  id?: string | undefined;
}

export interface Log {
  /** @throws {LogError} within 2 s where the log cannot be reached; the message may have been appended all the same: the same id finds out */
  append(topic: string, data: Payload, options?: AppendOptions): Promise<Position>;
  /** Also of a topic to which nobody ever wrote. @throws {LogError} within 2 s */
  head(topic: string): Promise<Position>;
  /** At most `limit` entries, oldest first. None: `after` is the head. @throws {LogError} within 2 s */
  read(topic: string, after: Position, limit: number, options?: ReadOptions): Promise<Read>;
  /**
   * Hears what is appended, from when it resolves until the answer is called. It may miss entries, and never reorders them; whatever is heard has to be joined by
   * `prev`, or read. Where the engine cannot be reached it rejects; once following, it goes on by itself after every loss. @throws {LogError} within 2 s
   */
  follow(topic: string, hear: (entry: Entry) => void): Promise<() => void>;
  /** Followers may have missed entries: they have to read. The answer undoes it. */
  onReset(listener: () => void): () => void;
  /** Nothing is heard any more; a client that was given to the log stays open. */
  close(): Promise<void>;
}

/** How long an id is kept, ms. */
export const idsKeptFor = 120_000;

/** How long anything may take that asks a log, ms. */
export const patience = 2_000;

/** The log did not do what it was asked to. */
export class LogError extends Error {
  override readonly name = 'LogError';
  /** `unavailable`: the engine cannot be reached, or does not answer. `refused`: it has answered, and will not. `closed`: `close()` was called. */
  readonly code: 'unavailable' | 'refused' | 'closed';
  /** Of a message that may have been appended: try again with it, and it will be there once. */
  readonly id: string | undefined;

  constructor(
    code: LogError['code'],
    message: string,
    { id, cause }: { id?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.id = id;
  }
}
