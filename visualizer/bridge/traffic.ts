/**
 * What passes by a connection's machine: its messages, counted.
 */
import { type Amount, byteLength } from '../../adapters/buffer.ts';
import type { Counted } from '../entry.ts';

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
}

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

  constructor(line: CountedLine) {
    this.#line = line;
    this.#undo = line.events.of('message').add((data) => {
      this.#received.messages += 1;
      this.#received.bytes += byteLength(data);
    });
  }

  /** Undefined: nothing has changed since it was asked last. */
  news(): Counts | undefined {
    const line = this.#line;
    const { messages, bytes } = line.room;
    const counts: Counts = {
      sent: copyOf(line.handed),
      received: copyOf(this.#received),
      held: copyOf(line.held),
      room: { messages: bounded(messages), bytes: bounded(bytes) },
      unconfirmed: copyOf(line.unconfirmed),
    };
    const now = JSON.stringify(counts);
    if (now === this.#told) return undefined;
    this.#told = now;
    return counts;
  }

  stop(): void {
    this.#undo();
  }
}

function copyOf({ messages, bytes }: Amount): Amount {
  return { messages, bytes };
}

function bounded(amount: number): number | null {
  return Number.isFinite(amount) ? amount : null;
}
