/**
 * A log in Redis (7.0 or later), for any number of processes: each topic is a stream that a script numbers (`redis.script.ts`), and what is new comes by
 * SUBSCRIBE (`redis.ear.ts`).
 */
import { check, having, positiveMilliseconds, rule, type Rules } from '../adapters/check.ts';
import { Listeners } from '../adapters/listeners.ts';
import { type AppendOptions, type Entry, idsKeptFor, type Log, LogError, type Payload, type Read } from './log.ts';
import { inTime } from './patience.ts';
import { type Position, positionIn } from './position.ts';
import { type RedisClient, RedisEar } from './redis.ear.ts';
import { append, read, type Script } from './redis.script.ts';

export type { RedisClient } from './redis.ear.ts';

export interface RedisLogOptions {
  /**
   * A connected `createClient()` of npm `redis`, 5 or later. The log asks by it, and never closes it; what is published comes by a `duplicate()` of it, which the log
   * opens and closes. A client that is to notice a silent line has to be told so: `socket: { socketTimeout, reconnectStrategy }` and `pingInterval`.
   */
  client: RedisClient;
  /** What all keys and channels begin with. Default `systole:`. Channels know no databases: logs in two databases of one Redis need different ones. */
  prefix?: string | undefined;
  /** How many messages of a topic are kept. Default 1,000. */
  messages?: number | undefined;
  /**
   * How long a topic's messages outlive its newest one, ms. Default 600,000. No message is dropped earlier for its age; as long as others follow it, only
   * `messages` bounds how long it is kept.
   */
  maxAge?: number | undefined;
  /** How long a topic keeps its epoch that nobody writes to and nobody asks for, ms; at least `maxAge`. Default 86,400,000. */
  idle?: number | undefined;
}

/** @throws {TypeError | RangeError} naming the option at fault */
export function redisLog(options: RedisLogOptions): Log {
  check(options, rules);
  const { client, prefix = 'systole:', messages = 1_000, maxAge = 600_000, idle = 86_400_000 } = options;
  if (client === undefined) throw new TypeError(`client must be ${aClient}`);
  return new RedisLog(client, { prefix, messages, maxAge: Math.ceil(maxAge), idle: Math.ceil(Math.max(idle, maxAge)) });
}

interface Settings {
  readonly prefix: string;
  readonly messages: number;
  readonly maxAge: number;
  readonly idle: number;
}

type Answer = readonly [epoch: Buffer, at: number, entries?: readonly Stored[]];
/** An id, `AT-0`, and the only field. */
type Stored = readonly [id: Buffer, field: readonly [kind: Buffer, data: Buffer]];

/** Of a payload: the name of its field in the stream, and the first letter of what is published. */
const text = 't';
const binary = 'b';

/** Bulk strings, by their letter in RESP: what is no text must not become one. */
const asBytes = { 36: Buffer };

/** Of errors that pass by themselves: the server starts, or was demoted, or is busy. Any other word is a refusal. */
const passing = /^(?:LOADING|READONLY|MASTERDOWN|NOREPLICAS|BUSY|TRYAGAIN|CLUSTERDOWN|UNBLOCKED) /;

class RedisLog implements Log {
  readonly #client: RedisClient;
  readonly #settings: Settings;
  readonly #ear: RedisEar;
  readonly #resets = new Listeners<void>();
  /** By channel. */
  readonly #followers = new Map<string, Listeners<Entry>>();
  #isClosed = false;

  constructor(client: RedisClient, settings: Settings) {
    this.#client = client;
    this.#settings = settings;
    this.#ear = new RedisEar(client, {
      hear: (channel, message) => this.#followers.get(channel)?.call(publishedIn(message)),
      mayHaveMissed: () => this.#resets.call(),
    });
  }

  async append(topic: string, data: Payload, { id }: AppendOptions = {}): Promise<Position> {
    const { idle, maxAge, messages } = this.#settings;
    const keys = this.#keys(topic);
    if (id !== undefined) keys.push(`${this.#channel(topic)}:id:${id}`);
    const [kind, bytes] =
      typeof data === 'string' ? [text, data] : [binary, Buffer.from(data.buffer, data.byteOffset, data.byteLength)];
    const bounds = [idle, maxAge, messages, idsKeptFor].map(String);
    return headIn(await this.#run(append, keys, [newEpoch(), ...bounds, kind, bytes], id));
  }

  async head(topic: string): Promise<Position> {
    return headIn(await this.#read(topic, { epoch: '', at: 0 }, 1));
  }

  async read(topic: string, after: Position, limit: number): Promise<Read> {
    const answer = await this.#read(topic, after, limit);
    const head = headIn(answer);
    if (after.epoch !== head.epoch) return { gap: 'epoch', head };
    if (after.at > head.at) return { gap: 'ahead', head };
    const entries = entriesIn(answer);
    // Where there is none, but should be one, all that there was is gone.
    const first = entries[0]?.prev ?? head.at;
    if (after.at !== first) return { gap: 'trimmed', head, missed: head.at - after.at };
    return { entries, head };
  }

  async follow(topic: string, hear: (entry: Entry) => void): Promise<() => void> {
    this.#checkOpen();
    const channel = this.#channel(topic);
    let its = this.#followers.get(channel);
    if (its === undefined) {
      its = new Listeners();
      this.#followers.set(channel, its);
    }
    const listeners = its;
    const remove = listeners.add(hear);
    const undo = () => {
      remove();
      if (listeners.all.length > 0 || this.#followers.get(channel) !== listeners) return;
      this.#followers.delete(channel);
      this.#ear.unlisten(channel);
    };
    try {
      await inTime(this.#asked(), () => this.#ear.listen(channel));
    } catch (error) {
      undo();
      throw error;
    }
    return undo;
  }

  onReset(listener: () => void): () => void {
    return this.#resets.add(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#followers.clear();
    this.#ear.close();
  }

  #read(topic: string, { epoch, at }: Position, limit: number): Promise<Answer> {
    const args = [newEpoch(), String(this.#settings.idle), epoch, String(at), String(limit)];
    return this.#run(read, this.#keys(topic), args);
  }

  async #run({ sha, source }: Script, keys: string[], args: (string | Buffer)[], id?: string): Promise<Answer> {
    this.#checkOpen();
    return inTime(this.#asked(id), async (abortSignal) => {
      // The signal takes back what a client without a line would keep to send later; by its own `timeout` it would have a timer more.
      const options = { typeMapping: asBytes, abortSignal, timeout: undefined };
      const words = [String(keys.length), ...keys, ...args];
      const answer = this.#client.sendCommand(['EVALSHA', sha, ...words], options).catch((error: unknown) => {
        if (!saidBy(error).startsWith('NOSCRIPT ')) throw error;
        return this.#client.sendCommand(['EVAL', source, ...words], options);
      });
      return (await answer) as Answer;
    });
  }

  #asked(id?: string) {
    return { engine: 'Redis', id, refusal };
  }

  /** Braced, so that all keys of a topic are in one place. */
  #channel(topic: string): string {
    return `${this.#settings.prefix}{${topic}}`;
  }

  #keys(topic: string): string[] {
    const channel = this.#channel(topic);
    return [channel, `${channel}:entries`];
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new LogError('closed', 'the log is closed: close() was called');
  }
}

/** What one that begins is called. */
function newEpoch(): string {
  return crypto.randomUUID().slice(0, 13);
}

function headIn([epoch, at]: Answer): Position {
  return { epoch: String(epoch), at };
}

function entriesIn([epoch, , stored = []]: Answer): Entry[] {
  return stored.map(([id, [kind, data]]) => {
    const at = Number.parseInt(String(id), 10);
    return { epoch: String(epoch), at, prev: at - 1, data: payloadOf(String(kind), data) };
  });
}

/** Its kind, its cursor, the end of the line, its payload. */
function publishedIn(message: Buffer): Entry {
  const end = message.indexOf(10);
  const head = String(message.subarray(0, end));
  const { epoch, at } = positionIn(head.slice(1)) as Position;
  return { epoch, at, prev: at - 1, data: payloadOf(head.slice(0, 1), message.subarray(end + 1)) };
}

/** Bytes of its own: what comes from the client may be part of something larger. */
function payloadOf(kind: string, data: Buffer): Payload {
  return kind === text ? String(data) : new Uint8Array(data);
}

/** The first word of an answer that is an error. */
function refusal(error: unknown): string | undefined {
  const said = saidBy(error);
  return passing.test(said) ? undefined : /^([A-Z]+) /.exec(said)?.[1];
}

function saidBy(error: unknown): string {
  return error instanceof Error ? error.message : '';
}

const aClient = 'a connected client of npm redis, createClient()';
const someText = rule((value) => typeof value === 'string' && !/[{}]/.test(value), 'a text without braces');
const wholeNumber = rule((value) => Number.isInteger(value) && (value as number) >= 0, 'a whole number from 0');

const rules: Rules = {
  client: having(['sendCommand', 'duplicate', 'connect', 'subscribe'], aClient),
  prefix: someText,
  messages: wholeNumber,
  maxAge: positiveMilliseconds,
  idle: positiveMilliseconds,
};
