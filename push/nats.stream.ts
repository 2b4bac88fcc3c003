/**
 * What is asked of JetStream (2.9 or later), and of the one stream that holds all topics: each is a subject. What is appended is published once more by the server, with
 * the number before it in its subject, for whoever follows by core NATS.
 */
import { headers, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';

import { idsKeptFor, patience, type Payload } from './log.ts';

export interface StreamOptions {
  /** The stream's name, and what all subjects begin with. */
  readonly name: string;
  readonly messages: number;
  /** Ms. */
  readonly maxAge: number;
  readonly replicas: number;
}

/** Of a stream, as JetStream tells it. */
export interface StreamInfo {
  readonly created: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly state: {
    /** Of the oldest message there is; one more than the last, where there is none. */
    readonly first_seq: number;
    readonly last_seq: number;
    /** How many messages there are of each subject that was asked for. */
    readonly subjects?: Readonly<Record<string, number>> | null;
  };
  readonly cluster?: { readonly leader?: string };
}

export interface Stored {
  readonly at: number;
  readonly data: Payload;
}

/** JetStream has answered, and will not. */
export class JetStreamError extends Error {
  override readonly name = 'JetStreamError';
  /** As HTTP has it. */
  readonly status: number;
  /** https://github.com/nats-io/nats-server/blob/main/server/errors.json */
  readonly code: number;

  constructor({ code, err_code, description }: ApiError) {
    super(description);
    this.status = code;
    this.code = err_code;
  }
}

interface ApiError {
  readonly code: number;
  readonly err_code: number;
  readonly description: string;
}

/** A message as JetStream shows it; bytes in base64. */
interface ShownMessage {
  readonly subject: string;
  readonly seq: number;
  readonly data?: string;
  readonly hdrs?: string;
}

const noSuchStream = 10_059;
const noSuchMessage = 10_037;
const nameInUse = 10_058;

/** It was deleted, or never made. A publisher sees only that nobody answers. */
export function isMissing(error: unknown): boolean {
  if (error instanceof JetStreamError) return error.code === noSuchStream;
  return causeOf(error).name === 'NoResponders';
}

/** What the server or the client said, where trying again will not help. */
export function refusal(error: unknown): string | undefined {
  if (error instanceof JetStreamError) return error.status === 503 ? undefined : error.message;
  const { name, message } = causeOf(error);
  if (name === 'PermissionViolationError') return 'permission violation';
  return name === 'InvalidArgumentError' ? message : undefined;
}

function causeOf(error: unknown): Error {
  const { cause } = error as { cause?: unknown };
  return (cause instanceof Error ? cause : error) as Error;
}

/** Only bytes have it. */
const kind = 'Systole-Kind';

export class Stream {
  readonly #connection: NatsConnection;
  readonly #options: StreamOptions;

  constructor(connection: NatsConnection, options: StreamOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /** Where it is not there, it is made. @throws {JetStreamError} @throws {RangeError} where there is another one of its name */
  async open(): Promise<StreamInfo> {
    const wanted = this.#config;
    const info = await this.info().catch((error: unknown) => {
      if (!isMissing(error)) throw error;
      return this.#ask<StreamInfo>(`STREAM.CREATE.${this.#options.name}`, wanted);
    });
    for (const [name, value] of Object.entries(wanted)) {
      if (name === 'num_replicas') continue;
      const its = info.config[name];
      if (JSON.stringify(its) === JSON.stringify(value)) continue;
      throw new JetStreamError({
        code: 400,
        err_code: nameInUse,
        description: `the stream ${this.#options.name} has ${name} ${JSON.stringify(its)}, and not ${JSON.stringify(value)}: give it the same options, or another name`,
      });
    }
    return info;
  }

  info(topic?: string): Promise<StreamInfo> {
    const filter = topic === undefined ? {} : { subjects_filter: this.subject(topic) };
    return this.#ask(`STREAM.INFO.${this.#options.name}`, filter);
  }

  /** How many messages of a topic there are, in what was told of it. */
  count(info: StreamInfo, topic: string): number {
    return info.state.subjects?.[this.subject(topic)] ?? 0;
  }

  /** The number it has; known: it had it before, when it was appended with the same id. */
  async append(topic: string, data: Payload, id?: string): Promise<{ at: number; isKnown: boolean }> {
    const its: MsgHdrs = headers();
    if (typeof data !== 'string') its.set(kind, 'binary');
    // Ids are the stream's, and its topics do not share them. Nothing in them is to end the header.
    if (id !== undefined) its.set('Nats-Msg-Id', `${encoded(topic)} ${Buffer.from(id).toString('base64url')}`);
    const answer = await this.#connection.request(this.subject(topic), data, { headers: its, timeout: patience });
    const { seq, duplicate = false } = answerIn<{ seq: number; duplicate?: boolean }>(answer);
    return { at: seq, isKnown: duplicate };
  }

  last(topic: string): Promise<Stored | undefined> {
    return this.#message({ last_by_subj: this.subject(topic) });
  }

  next(topic: string, after: number): Promise<Stored | undefined> {
    return this.#message({ next_by_subj: this.subject(topic), seq: after + 1 });
  }

  /** The topic's message of that number is still there. */
  async has(topic: string, at: number): Promise<boolean> {
    return at > 0 && (await this.#shown({ seq: at }))?.subject === this.subject(topic);
  }

  /** By a consumer of its own, which is five times faster for a hundred messages than asking for each. */
  async page(topic: string, after: number, limit: number): Promise<Stored[]> {
    const { name: stream } = this.#options;
    const name = `read-${crypto.randomUUID()}`;
    const filter_subject = this.subject(topic);
    const { num_pending } = await this.#ask<{ num_pending: number }>(
      `CONSUMER.CREATE.${stream}.${name}.${filter_subject}`,
      {
        stream_name: stream,
        config: {
          name,
          filter_subject,
          deliver_policy: 'by_start_sequence',
          opt_start_seq: after + 1,
          ack_policy: 'none',
          // Where nobody lives to delete it.
          inactive_threshold: nanoseconds(60_000),
          mem_storage: true,
          num_replicas: 1,
        },
      },
    );
    const batch = Math.min(limit, num_pending);
    const page: Stored[] = [];
    if (batch > 0) {
      const question = JSON.stringify({ batch, no_wait: true });
      const answers = await this.#connection.requestMany(`${api}.CONSUMER.MSG.NEXT.${stream}.${name}`, question, {
        strategy: 'count',
        maxMessages: batch,
        maxWait: patience,
        // Messages come under their own subject, by which the shared subscription would not know whose they are.
        noMux: true,
      });
      for await (const message of answers) {
        // No more of them: some were trimmed meanwhile.
        if (message.headers?.code) break;
        page.push({ at: numberIn(message.reply ?? ''), data: payloadOf(message) });
      }
    }
    this.#connection.publish(`${api}.CONSUMER.DELETE.${stream}.${name}`);
    return page;
  }

  subject(topic: string): string {
    return `${this.#options.name}.log.${encoded(topic)}`;
  }

  /** Where what is appended is heard. */
  liveSubject(topic: string): string {
    return `${this.#options.name}.live.${encoded(topic)}`;
  }

  get #config(): Record<string, unknown> {
    const { name, messages, maxAge, replicas } = this.#options;
    return {
      name,
      subjects: [`${name}.log.>`],
      retention: 'limits',
      discard: 'old',
      // In memory, limits of subjects are ten times slower.
      storage: 'file',
      num_replicas: replicas,
      max_msgs: -1,
      max_bytes: -1,
      // One more: it shows whoever has heard it that nothing behind it was trimmed.
      max_msgs_per_subject: messages + 1,
      max_age: nanoseconds(maxAge),
      duplicate_window: nanoseconds(Math.min(idsKeptFor, maxAge)),
      // What somebody takes out by hand, nobody would miss.
      deny_delete: true,
      deny_purge: true,
      republish: { src: `${name}.log.>`, dest: `${name}.live.>` },
    };
  }

  async #message(question: object): Promise<Stored | undefined> {
    const shown = await this.#shown(question);
    if (shown === undefined) return undefined;
    const isBinary = shown.hdrs !== undefined && Buffer.from(shown.hdrs, 'base64').includes(`\r\n${kind}: `);
    const data = Buffer.from(shown.data ?? '', 'base64');
    return { at: shown.seq, data: isBinary ? new Uint8Array(data) : data.toString() };
  }

  async #shown(question: object): Promise<ShownMessage | undefined> {
    try {
      // Of the leader: one that only follows it may lag behind.
      const { message } = await this.#ask<{ message: ShownMessage }>(`STREAM.MSG.GET.${this.#options.name}`, question);
      return message;
    } catch (error) {
      if (error instanceof JetStreamError && error.code === noSuchMessage) return undefined;
      throw error;
    }
  }

  async #ask<T>(what: string, question: object): Promise<T> {
    const options = { timeout: patience };
    return answerIn(await this.#connection.request(`${api}.${what}`, JSON.stringify(question), options));
  }
}

/** Bytes of its own, or text with all that it begins with. */
export function payloadOf({ data, headers: its }: Msg): Payload {
  if (its?.has(kind)) return new Uint8Array(data);
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString();
}

const api = '$JS.API';

/** @throws {JetStreamError} */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it says what the server answers with
function answerIn<T>(message: Msg): T {
  const { error, ...answer } = JSON.parse(Buffer.from(message.data).toString()) as { error?: ApiError };
  if (error !== undefined) throw new JetStreamError(error);
  return answer as T;
}

/** One token of a subject, from which the topic can be told: a dot would begin another, and `*` and `>` would be others', too. */
function encoded(topic: string): string {
  return topic.replace(/[^A-Za-z0-9_:@/-]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}

/** Of a message that a consumer has handed over: `$JS.ACK.STREAM.CONSUMER.TIMES.NUMBER…`, or with domain and account before the stream. */
function numberIn(reply: string): number {
  const words = reply.split('.');
  return Number(words[words.length > 9 ? 7 : 5]);
}

function nanoseconds(ms: number): number {
  return Math.round(ms * 1_000) * 1_000;
}
