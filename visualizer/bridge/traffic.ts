/**
 * What passes by a connection's machine: its messages, counted.
 */
import { type Amount, byteLength } from '../../adapters/buffer.ts';
import type { Counted } from '../entry.ts';
import { countIn, topicsTold } from './topics.ts';

type Counts = Omit<Counted, 'type' | 'at' | 'session'>;

/**
 * The line of a connection, known by what it can do and not by its class: the bridge is a bundle of its own, and the app's systole may be another copy.
 */
export interface CountedLine {
  readonly events: { of(type: 'message'): { add(listener: (data: string | ArrayBuffer) => void): () => void } };
  readonly unconfirmed: Amount;
  readonly held: Amount;
  /** All that was ever handed to a socket. */
  readonly handed: Amount;
  /** The bounds of what is held; Infinity: none. */
  readonly room: Amount;
  /** When something was heard at last, by a clock of its own, and how long ago that is, ms. */
  readonly lastHeardAt?: number | undefined;
  silentFor?(): number;
  /** Of trusted push: anything, or not there. */
  readonly topics?: unknown;
  /** Messages that were heard by topics; of how many bytes, nobody has counted. */
  readonly delivered?: unknown;
}

/** What was heard is told with all else; alone where it is later by so much, ms: an idle line has no news, though clocks drift. */
const leap = 250;

export function isCountedLine(value: unknown): value is CountedLine {
  if (typeof value !== 'object' || value === null) return false;
  const { events, handed } = value as Partial<CountedLine>;
  return typeof events?.of === 'function' && handed !== undefined;
}

export class Traffic {
  readonly #line: CountedLine;
  readonly #received: Amount = { messages: 0, bytes: 0 };
  readonly #undo: () => void;
  #told = '';
  #heardAt: number | undefined;

  constructor(line: CountedLine) {
    this.#line = line;
    this.#undo = line.events.of('message').add((data) => {
      this.#received.messages += 1;
      this.#received.bytes += byteLength(data);
    });
  }

  /** Undefined: nothing has changed since it was asked last. @param now epoch ms */
  news(now: number): Counts | undefined {
    const line = this.#line;
    const { messages, bytes } = line.room;
    const topics = topicsTold(line);
    const counts: Counts = {
      sent: copyOf(line.handed),
      received: { ...this.#received, messages: this.#received.messages + (countIn(line.delivered) ?? 0) },
      held: copyOf(line.held),
      room: { messages: bounded(messages), bytes: bounded(bytes) },
      unconfirmed: copyOf(line.unconfirmed),
      ...(topics && { topics }),
    };
    const heardAt = heardOn(line, now);
    const told = JSON.stringify(counts);
    if (told === this.#told && !isLater(heardAt, this.#heardAt)) return undefined;
    this.#told = told;
    this.#heardAt = heardAt;
    return { ...counts, ...(heardAt !== undefined && { heardAt }) };
  }

  stop(): void {
    this.#undo();
  }
}

/** By the clock of whoever tells it; undefined: nothing was heard, or nobody knows. */
function heardOn(line: CountedLine, now: number): number | undefined {
  const silent = line.lastHeardAt === undefined ? Number.NaN : Number(line.silentFor?.());
  return Number.isFinite(silent) ? Math.round(now - silent) : undefined;
}

function isLater(heardAt: number | undefined, than: number | undefined): boolean {
  return heardAt !== undefined && (than === undefined || Math.abs(heardAt - than) >= leap);
}

function copyOf({ messages, bytes }: Amount): Amount {
  return { messages, bytes };
}

function bounded(amount: number): number | null {
  return Number.isFinite(amount) ? amount : null;
}
