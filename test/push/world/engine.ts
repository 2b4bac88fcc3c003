/** An engine that two hubs share, and what of it reaches each of them when: nothing by itself, everything when it is told to. */
import { type Entry, type Log, LogError, type Payload, type Read } from '../../../push/log.ts';
import { memoryLog } from '../../../push/memory.ts';
import type { Position } from '../../../push/position.ts';

/** Lives of a real log, one after the other: what was in one, is in none that follows. */
export class Engine {
  readonly links = new Set<Link>();
  readonly #messages: number;
  #log!: Log;
  /** By topic, how many were ever appended; by epoch and topic, how many before it. */
  readonly #counts = new Map<string, number>();
  readonly #bases = new Map<string, ReadonlyMap<string, number>>();

  /** @param messages how many of a topic it keeps */
  private constructor(messages: number) {
    this.#messages = messages;
  }

  static async start(messages: number): Promise<Engine> {
    const engine = new Engine(messages);
    await engine.wipe();
    return engine;
  }

  get log(): Log {
    return this.#log;
  }

  /** @param id of one that may be there already */
  async append(topic: string, data: Payload, id: string): Promise<Position> {
    const before = await this.#log.head(topic);
    const position = await this.#log.append(topic, data, { id });
    if (position.at <= before.at) return position;
    this.#counts.set(topic, this.count(topic) + 1);
    const entry: Entry = { ...position, prev: position.at - 1, data };
    for (const link of this.links) link.publish(topic, entry);
    return position;
  }

  /** All that there was is gone, and nobody is told. */
  async wipe(): Promise<void> {
    this.#log = memoryLog({ messages: this.#messages });
    const { epoch } = await this.#log.head('');
    this.#bases.set(epoch, new Map(this.#counts));
  }

  /** How many were ever appended to the topic. */
  count(topic: string): number {
    return this.#counts.get(topic) ?? 0;
  }

  /** Which life of the engine an epoch is. */
  lifeOf(epoch: string): number {
    return [...this.#bases.keys()].indexOf(epoch);
  }

  /** How many of the topic were appended up to there, in all lives. */
  placeOf(topic: string, { epoch, at }: Position): number {
    const base = this.#bases.get(epoch);
    if (base === undefined) throw new Error(`there never was an epoch ${epoch}`);
    return (base.get(topic) ?? 0) + at;
  }
}

/** The way from one hub to the engine. */
export class Link implements Log {
  readonly #engine: Engine;
  readonly #followers = new Map<string, Set<(entry: Entry) => void>>();
  readonly #resets = new Set<() => void>();
  /** What was asked, oldest first. */
  readonly asked: Question[] = [];
  /** What was published, and has not been heard. */
  readonly published: { readonly topic: string; readonly entry: Entry }[] = [];
  #isCut = false;

  constructor(engine: Engine) {
    this.#engine = engine;
    engine.links.add(this);
  }

  append(): Promise<Position> {
    throw new Error('nobody publishes through a hub here');
  }

  head(topic: string): Promise<Position> {
    return this.#ask(`head of ${topic}`, (log) => log.head(topic));
  }

  read(topic: string, after: Position, limit: number): Promise<Read> {
    return this.#ask(`read ${topic} after ${after.at}`, (log) => log.read(topic, after, limit));
  }

  follow(topic: string, hear: (entry: Entry) => void): Promise<() => void> {
    return this.#ask(`follow ${topic}`, async () => {
      const hearing = this.#followers.get(topic) ?? new Set();
      this.#followers.set(topic, hearing.add(hear));
      return () => hearing.delete(hear);
    });
  }

  onReset(listener: () => void): () => void {
    this.#resets.add(listener);
    return () => this.#resets.delete(listener);
  }

  async close(): Promise<void> {
    this.cut();
  }

  publish(topic: string, entry: Entry): void {
    if ((this.#followers.get(topic)?.size ?? 0) > 0) this.published.push({ topic, entry });
  }

  hear(): void {
    const { topic, entry } = this.published.shift()!;
    for (const hear of this.#followers.get(topic) ?? []) hear(entry);
  }

  /** What was published is never heard, and nobody is told. */
  miss(): void {
    this.published.shift();
  }

  /** What was published and not heard yet is never heard, and that is told. */
  reset(): void {
    this.published.length = 0;
    for (const listener of this.#resets) listener();
  }

  /** It is never answered, or told anything, any more. */
  cut(): void {
    this.#isCut = true;
    this.asked.length = 0;
    this.published.length = 0;
    this.#engine.links.delete(this);
  }

  #ask<V>(what: string, how: (log: Log) => Promise<V>): Promise<V> {
    return new Promise((resolve, reject) => {
      if (this.#isCut) return;
      let found: V | undefined;
      const question: Question = {
        what,
        isFound: false,
        find: async () => {
          found = await how(this.#engine.log);
          question.isFound = true;
        },
        answer: async () => {
          if (!question.isFound) await question.find();
          this.asked.shift();
          resolve(found!);
        },
        fail: () => {
          this.asked.shift();
          reject(new LogError('unavailable', 'the link is cut'));
        },
      };
      this.asked.push(question);
    });
  }
}

/** The engine finds the answer, and later it arrives, or never. */
interface Question {
  readonly what: string;
  isFound: boolean;
  readonly find: () => Promise<void>;
  readonly answer: () => Promise<void>;
  readonly fail: () => void;
}
