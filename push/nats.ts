/**
 * A log in NATS JetStream (2.9 or later), for any number of processes: one stream of files holds all topics (`nats.stream.ts`).
 *
 * What decides about gaps is here. Numbers are the stream's: those of a topic have holes, so that what is missing does not show by itself. A message is gone for
 * its age, then so are all before it, of every topic; or because there are too many of its topic, then as many newer ones are there.
 */
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';

import { check, having, positiveMilliseconds, rule, type Rules } from '../adapters/check.ts';
import { Listeners } from '../adapters/listeners.ts';
import {
  type AppendOptions,
  type Entry,
  type Log,
  LogError,
  type Payload,
  type Read,
  type ReadOptions,
} from './log.ts';
import { isMissing, JetStreamError, payloadOf, refusal, type Stored, Stream, type StreamInfo } from './nats.stream.ts';
import { inTime } from './patience.ts';
import type { Position } from './position.ts';

export interface NatsLogOptions {
  /**
   * Of `@nats-io/transport-node`, 3 or later. The log never closes it. One that is to outlive a server that is away for long has to be told so:
   * `maxReconnectAttempts: -1`.
   */
  connection: NatsConnection;
  /**
   * The stream, and what its subjects begin with: `NAME.log.TOPIC`, and `NAME.live.TOPIC` for what is new. Default `systole`. Where there is none it is made; one
   * whose limits are others is refused.
   */
  stream?: string | undefined;
  /** How many messages of a topic are kept. Default 1,000. */
  messages?: number | undefined;
  /**
   * How long each is kept, ms, 100 at least. Default 600,000. Ids are not kept for longer, either. Whoever was away for longer is told of a gap, unless nobody has
   * written anything to any topic meanwhile.
   */
  maxAge?: number | undefined;
  /** On how many servers of a cluster the stream is kept, where it has to be made. Default 1. */
  replicas?: number | undefined;
  /**
   * A stream with one replica goes on after a restart of its server: what was acknowledged is there after `kill -9`. Default false: a restart begins a new epoch,
   * since after a loss of power up to two minutes are gone, and nobody is told, unless the server has `sync_interval: always`.
   */
  trustRestarts?: boolean | undefined;
}

/** @throws {TypeError | RangeError} naming the option at fault */
export function natsLog(options: NatsLogOptions): Log {
  check(options, rules);
  const { connection, stream = 'systole', messages = 1_000, maxAge = 600_000 } = options;
  const { replicas = 1, trustRestarts = false } = options;
  if (connection === undefined) throw new TypeError(`connection must be ${aConnection}`);
  return new NatsLog(connection, { stream, messages, maxAge, replicas, trustRestarts });
}

type Settings = { [Name in Exclude<keyof NatsLogOptions, 'connection'>]-?: NonNullable<NatsLogOptions[Name]> };

/** Nothing of a topic lay behind it, then: ms of this process. */
interface Known extends Position {
  readonly when: number;
}

class Followed {
  readonly listeners = new Listeners<Entry>();
  /** The newest number that was heard. */
  last = 0;
  known: Known | undefined;
  subscription: Subscription | undefined;
  /** Why nothing will be heard. */
  trouble: Error | undefined;
}

class NatsLog implements Log {
  readonly #connection: NatsConnection;
  readonly #settings: Settings;
  readonly #stream: Stream;
  readonly #statuses: AsyncIterable<{ readonly type: string }>;
  readonly #resets = new Listeners<void>();
  readonly #followed = new Map<string, Followed>();
  /** While there is no line. */
  #outage: { readonly over: Promise<void>; end(): void } | undefined;
  /** Undefined: nobody knows, and what is heard is of none. */
  #epoch: string | undefined;
  /** The stream's newest number, as far as it is known. */
  #newest = 0;
  #beginning: Promise<string> | undefined;
  #isClosed = false;

  constructor(connection: NatsConnection, settings: Settings) {
    const { stream: name, messages, maxAge, replicas } = settings;
    this.#connection = connection;
    this.#settings = settings;
    this.#stream = new Stream(connection, { name, messages, maxAge, replicas });
    this.#statuses = connection.status();
    void this.#watch();
  }

  async append(topic: string, data: Payload, { id }: AppendOptions = {}): Promise<Position> {
    return this.#ask(async (epoch, signal) => {
      const newest = this.#newest;
      const { at, isKnown } = await this.#stream.append(topic, data, id);
      if (isKnown || at > newest) {
        if (epoch === this.#epoch) this.#newest = Math.max(this.#newest, at);
        return { epoch, at };
      }
      // A number has fallen: whoever only appends is not told of another stream by anything else.
      this.#beginning = undefined;
      return { epoch: await this.#begun(signal), at };
    }, id);
  }

  async head(topic: string): Promise<Position> {
    return this.#ask(() => this.#head(topic));
  }

  async read(topic: string, after: Position, limit: number, { away }: ReadOptions = {}): Promise<Read> {
    return this.#ask(async (epoch) => {
      const since = now();
      const { stored, last } = after.epoch === epoch ? await this.#storedAfter(topic, after.at, limit) : nothing;
      // Asked only now: what is seen to be there was there when it was read.
      const info = await this.#stream.info(topic);
      const gap = await this.#gapIn(topic, after, info, away);
      if (gap !== undefined) return { gap, head: await this.#head(topic) };
      if (stored.length === 0) this.#learn(topic, { epoch, at: after.at, when: since });
      const entries = stored.map(({ at, data }, i) => ({ epoch, at, prev: stored[i - 1]?.at ?? after.at, data }));
      return { entries, head: { epoch, at: Math.max(last, entries.at(-1)?.at ?? after.at) } };
    });
  }

  async follow(topic: string, hear: (entry: Entry) => void): Promise<() => void> {
    this.#checkOpen();
    const its = this.#followed.get(topic) ?? new Followed();
    this.#followed.set(topic, its);
    const remove = its.listeners.add(hear);
    const undo = () => {
      remove();
      if (its.listeners.all.length > 0 || this.#followed.get(topic) !== its) return;
      this.#followed.delete(topic);
      its.subscription?.unsubscribe();
    };
    try {
      await inTime(asked(), async (signal) => {
        its.subscription ??= this.#subscribe(topic, its);
        await this.#begun(signal);
        await this.#connection.flush();
        if (its.trouble !== undefined) throw its.trouble;
      });
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
    for (const { subscription } of this.#followed.values()) subscription?.unsubscribe();
    this.#followed.clear();
    this.#resets.clear();
    // To return from the iterator would wait for a status.
    (this.#statuses as { stop?(): void }).stop?.();
  }

  // What is asked

  /** Where somebody has deleted the stream, it is made, and asked once more. */
  async #ask<T>(call: (epoch: string, signal: AbortSignal) => Promise<T>, id?: string): Promise<T> {
    this.#checkOpen();
    return inTime(asked(id), async (signal) => {
      try {
        return await call(await this.#begun(signal), signal);
      } catch (error) {
        if (!isMissing(error)) throw error;
        this.#beginning = undefined;
        return call(await this.#begun(signal), signal);
      }
    });
  }

  async #head(topic: string): Promise<Position> {
    const when = now();
    // First: where there is no message of the topic afterwards, there was none up to here.
    const info = await this.#stream.info();
    const epoch = this.#seen(info);
    const last = await this.#stream.last(topic);
    // Of what was known not long ago and is still so, the lowest: whoever has heard up to there need not ask.
    const at = last?.at ?? this.#knownOf(topic, epoch) ?? info.state.last_seq;
    this.#learn(topic, { epoch, at, when });
    return { epoch, at };
  }

  async #storedAfter(topic: string, after: number, limit: number): Promise<{ stored: Stored[]; last: number }> {
    const [next, last] = await Promise.all([this.#stream.next(topic, after), this.#stream.last(topic)]);
    if (next === undefined) return nothing;
    // No consumer for the one that was missed.
    const isOnly = limit === 1 || next.at === last?.at;
    return { stored: isOnly ? [next] : await this.#stream.page(topic, after, limit), last: last?.at ?? 0 };
  }

  // What may be missing

  /** What may lie between a position and what could be read behind it before the stream was asked for this. */
  async #gapIn(
    topic: string,
    { epoch, at }: Position,
    info: StreamInfo,
    away: number | undefined,
  ): Promise<'epoch' | 'ahead' | 'trimmed' | undefined> {
    if (epoch !== this.#seen(info)) return 'epoch';
    if (at > info.state.last_seq) return 'ahead';
    // As many as there can be: some may have had to go. The one that was heard last would have been the first.
    if (this.#stream.count(info, topic) > this.#settings.messages) {
      return (await this.#stream.has(topic, at)) ? undefined : 'trimmed';
    }
    // All that is gone for its age lies before the first that is there, or is older than what the reader was told of.
    const isTooOld = at < info.state.first_seq - 1 && !(away !== undefined && this.#isFresh(away));
    return isTooOld ? 'trimmed' : undefined;
  }

  /** What was written since then is not gone for its age. Clocks differ, and ways take time. */
  #isFresh(ms: number): boolean {
    return ms < 0.9 * this.#settings.maxAge;
  }

  #learn(topic: string, known: Known): void {
    const its = this.#followed.get(topic);
    if (its !== undefined) its.known = known;
  }

  /** Where nothing of the topic lay behind not long ago: no message can have come and gone since. Numbers of another life say nothing. */
  #knownOf(topic: string, epoch: string): number | undefined {
    const known = this.#followed.get(topic)?.known;
    return known?.epoch === epoch && this.#isFresh(now() - known.when) ? known.at : undefined;
  }

  // What is heard

  #subscribe(topic: string, its: Followed): Subscription {
    return this.#connection.subscribe(this.#stream.liveSubject(topic), {
      callback: (error, message) => {
        if (error) its.trouble = error;
        else this.#hear(topic, its, message);
      },
    });
  }

  #hear(topic: string, its: Followed, message: Msg): void {
    const epoch = this.#epoch;
    const at = Number(message.headers?.get('Nats-Sequence'));
    // Somebody else's; or nobody knows yet of which life it is: followers will be told to read.
    if (!(at > 0) || epoch === undefined) return;
    const isFalling = at <= its.last;
    its.last = at;
    if (isFalling) return this.#doubt();
    const before = Number(message.headers?.get('Nats-Last-Sequence'));
    const prev = before > 0 ? before : this.#before(topic, epoch, at);
    its.listeners.call({ epoch, at, prev, data: payloadOf(message) });
  }

  /** Nothing of the topic is left before this message: there was none, or it is gone for its age. One of that kind may have been missed. */
  #before(topic: string, epoch: string, at: number): number {
    const known = this.#knownOf(topic, epoch);
    return known !== undefined && known < at ? known : at - 1;
  }

  // Which life it is

  /** The epoch, once there is a line. @throws {Error} where nobody waits any more */
  async #begun(signal: AbortSignal): Promise<string> {
    while (this.#outage !== undefined) await this.#outage.over;
    signal.throwIfAborted();
    return (this.#beginning ??= this.#begin());
  }

  #begin(): Promise<string> {
    const beginning = this.#stream.open().then((info) => this.#seen(info));
    beginning.catch(() => {
      if (this.#beginning === beginning) this.#beginning = undefined;
    });
    return beginning;
  }

  /** A number has fallen: the stream may be another one. */
  #doubt(): void {
    this.#beginning = undefined;
    this.#ask(async () => {}).catch(() => {});
  }

  #seen(info: StreamInfo): string {
    const epoch = this.#epochOf(info);
    const isAnother = this.#epoch !== undefined && this.#epoch !== epoch;
    if (isAnother) this.#forget();
    this.#epoch = epoch;
    this.#newest = Math.max(this.#newest, info.state.last_seq);
    if (isAnother) this.#resets.call();
    return epoch;
  }

  #epochOf({ created, config, cluster }: StreamInfo): string {
    const birth = BigInt(created.replaceAll(/\D/g, '')).toString(36);
    if (this.#settings.trustRestarts || config['num_replicas'] !== 1) return birth;
    const { info } = this.#connection;
    if (info === undefined) throw new Error('the line was lost');
    if (cluster?.leader !== undefined && cluster.leader !== info.server_name) {
      throw new JetStreamError({
        code: 400,
        err_code: 0,
        description:
          'the only replica of the stream is on another server, whose restarts nobody sees: make it with replicas: 3, or set trustRestarts',
      });
    }
    return `${birth}-${info.server_id.slice(2, 14)}`;
  }

  /** Whatever was heard is of another life. What was known holds, should it be the same. */
  #forget(): void {
    this.#epoch = undefined;
    this.#newest = 0;
    for (const its of this.#followed.values()) its.last = 0;
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.#statuses) {
      if (type === 'disconnect') this.#lose();
      else if (type === 'reconnect') void this.#return();
      // Everything is refused by the client itself.
      else if (type === 'close') this.#endOutage();
    }
  }

  #lose(): void {
    this.#forget();
    this.#beginning = undefined;
    if (this.#outage !== undefined) return;
    let end = () => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#outage = { over, end };
  }

  #endOutage(): void {
    this.#outage?.end();
    this.#outage = undefined;
  }

  /** The server is there before its streams are. */
  async #return(): Promise<void> {
    this.#endOutage();
    for (let wait = soonest; this.#outage === undefined && !this.#isClosed; wait = Math.min(2 * wait, latest)) {
      try {
        await inTime(asked(), (signal) => this.#begun(signal));
        return void this.#resets.call();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new LogError('closed', 'the log is closed: close() was called');
  }
}

/** Before it is asked again for what it has not had ready, ms: at first, and at most. */
const soonest = 50;
const latest = 2_000;

const nothing: { stored: Stored[]; last: number } = { stored: [], last: 0 };

function asked(id?: string) {
  return { engine: 'NATS', id, refusal };
}

const now = () => performance.now();

const aConnection = 'a connection of @nats-io/transport-node, connect()';
const aName = rule(
  (value) => typeof value === 'string' && /^[A-Za-z0-9_-]{1,32}$/.test(value),
  '1 to 32 of A-Z a-z 0-9 _ -',
);

/** A whole number from 1. */
const fromOne = rule((value) => Number.isInteger(value) && (value as number) >= 1, 'a whole number from 1');

const rules: Rules = {
  connection: having(['request', 'requestMany', 'subscribe', 'publish', 'flush', 'status'], aConnection),
  stream: aName,
  messages: fromOne,
  // JetStream knows no shorter ones.
  maxAge: (value) => positiveMilliseconds(value) ?? ((value as number) < 100 ? '100 or more' : undefined),
  replicas: fromOne,
  trustRestarts: rule((value) => typeof value === 'boolean', 'true or false'),
};
