/** What was published, what was heard, and what each topic's lives were: all that is needed to tell afterwards what was lost in silence. */
import type { GapReason } from '../../../../push/log.ts';
import { type Position, positionIn } from '../../../../push/position.ts';

/** A message that somebody has begun to publish. It says so itself: `PUBLISHER NUMBER`, and filler. */
export interface Publication {
  readonly topic: string;
  readonly publisher: string;
  /** Of the publisher's on this topic, from 1. */
  readonly number: number;
  tries: number;
  acknowledged: Position | undefined;
}

export type Happening = { readonly when: number } & (
  | { readonly kind: 'heard'; readonly epoch: string; readonly at: number; readonly message: string; replayed: boolean }
  | { readonly kind: 'gap'; readonly to: Position; readonly reason: GapReason; readonly missed: number | undefined }
  /** The state is there, up to a position. */
  | { readonly kind: 'loaded'; readonly to: Position }
  | { readonly kind: 'load failed' }
  | { readonly kind: 'is at'; readonly to: Position }
);

/** One `Topic`, from when it was asked for until it was closed, or its page was. */
export interface Life {
  readonly client: number;
  readonly topic: string;
  /** Where it begins; undefined: from now on. */
  from: Position | undefined;
  readonly hasLoad: boolean;
  readonly happenings: Happening[];
  /** Undefined: it goes on. */
  endedAt: number | undefined;
}

export class TopicLedger {
  readonly name: string;
  readonly publications = new Map<string, Publication>();
  /** In order. */
  readonly epochs: string[] = [];
  /** What lies where, by anybody's word. */
  readonly #entries = new Map<string, Map<number, string>>();
  readonly #sorted = new Map<string, number[]>();

  constructor(name: string) {
    this.name = name;
  }

  /** Undefined: that is how it is known. Else what else is there. */
  note({ epoch, at }: Position, message: string): string | undefined {
    let its = this.#entries.get(epoch);
    if (its === undefined) this.#entries.set(epoch, (its = new Map()));
    const known = its.get(at);
    if (known !== undefined) return known === message ? undefined : known;
    its.set(at, message);
    this.#sorted.delete(epoch);
    return undefined;
  }

  /** Where there are messages, between two numbers of an epoch: those above the first, up to the second. */
  between(epoch: string, after: number, upTo: number): number[] {
    let sorted = this.#sorted.get(epoch);
    if (sorted === undefined) {
      sorted = [...(this.#entries.get(epoch)?.keys() ?? [])].toSorted((a, b) => a - b);
      this.#sorted.set(epoch, sorted);
    }
    const first = firstAbove(sorted, after);
    return sorted.slice(first, firstAbove(sorted, upTo));
  }

  at(epoch: string, at: number): string | undefined {
    return this.#entries.get(epoch)?.get(at);
  }

  /** A loss may have begun another life: this is where the topic is now. */
  settle(cursor: string): void {
    const { epoch } = positionIn(cursor)!;
    if (this.epochs.at(-1) !== epoch) this.epochs.push(epoch);
  }
}

export class Ledger {
  readonly topics: ReadonlyMap<string, TopicLedger>;
  readonly lives: Life[] = [];
  /** Of one position, and two messages. */
  readonly forks: string[] = [];
  readonly #numbers = new Map<string, number>();
  /** Tries that failed. */
  retries = 0;

  constructor(topics: readonly string[]) {
    this.topics = new Map(topics.map((name) => [name, new TopicLedger(name)]));
  }

  topic(name: string): TopicLedger {
    return this.topics.get(name)!;
  }

  begin(publisher: string, topic: string): Publication {
    const key = `${publisher} ${topic}`;
    const number = (this.#numbers.get(key) ?? 0) + 1;
    this.#numbers.set(key, number);
    const publication: Publication = { topic, publisher, number, tries: 0, acknowledged: undefined };
    this.topic(topic).publications.set(nameOf(publication), publication);
    return publication;
  }

  /** @param isSure false: of which life the position is, is not to be relied upon */
  acknowledged(publication: Publication, cursor: string, isSure: boolean): Position {
    const position = positionIn(cursor)!;
    publication.acknowledged = position;
    if (isSure) this.#note(publication.topic, position, nameOf(publication));
    return position;
  }

  heard(life: Life, text: string, { cursor, at, replayed }: { cursor: string; at: number; replayed: boolean }): void {
    const message = text.slice(0, text.indexOf(' ', text.indexOf(' ') + 1));
    const epoch = cursor.slice(0, cursor.lastIndexOf('.'));
    life.happenings.push({ when: performance.now(), kind: 'heard', epoch, at, message, replayed });
    this.#note(life.topic, { epoch, at }, message);
  }

  get published(): number {
    let sum = 0;
    for (const { publications } of this.topics.values()) {
      for (const { acknowledged } of publications.values()) sum += acknowledged === undefined ? 0 : 1;
    }
    return sum;
  }

  #note(topic: string, position: Position, message: string): void {
    const other = this.topic(topic).note(position, message);
    if (other === undefined) return;
    this.forks.push(`${topic}: at ${position.at} of ${position.epoch} are both "${message}" and "${other}"`);
  }
}

export function nameOf({ publisher, number }: Publication): string {
  return `${publisher} ${number}`;
}

function firstAbove(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
