/**
 * What passes by a connection's machine: its messages, counted.
 */
import { byteLength } from '../../adapters/buffer.ts';
import type { Amount, Counted } from '../entry.ts';

type Counts = Omit<Counted, 'type' | 'at' | 'session'>;

/**
 * The data plane of a connection, known by what it can do and not by its class: the bridge is a bundle of its own, and the app's systole may be
 * another copy.
 */
export interface DataPlane {
  onMessage(listener: (data: string | ArrayBuffer) => void): () => void;
  readonly bufferedAmount: number;
  readonly unconfirmed: Amount;
  readonly held?: Amount;
  /** All that was ever handed to a socket. */
  readonly sent?: Amount;
  /** The bounds of what is held; Infinity: none. */
  readonly room?: Amount;
}

export function isDataPlane(value: unknown): value is DataPlane {
  if (typeof value !== 'object' || value === null) return false;
  const { onMessage, send } = value as { onMessage?: unknown; send?: unknown };
  return typeof onMessage === 'function' && typeof send === 'function' && 'unconfirmed' in value;
}

export class Traffic {
  readonly #line: DataPlane;
  readonly #received: Amount = { messages: 0, bytes: 0 };
  readonly #undo: () => void;
  #told = '';

  constructor(line: DataPlane) {
    this.#line = line;
    this.#undo = line.onMessage((data) => {
      this.#received.messages += 1;
      this.#received.bytes += byteLength(data);
    });
  }

  /** Undefined: nothing has changed since it was asked last. */
  news(): Counts | undefined {
    const line = this.#line;
    const { messages, bytes } = line.room ?? { messages: Infinity, bytes: Infinity };
    const counts: Counts = {
      sent: copyOf(line.sent ?? { messages: 0, bytes: 0 }),
      received: copyOf(this.#received),
      held: copyOf(line.held ?? { messages: 0, bytes: line.bufferedAmount }),
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
