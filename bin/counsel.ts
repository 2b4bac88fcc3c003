/**
 * What there is to say of failed dials: what the error means, which protocol to try. Each thing once in a run, whatever is dialled again.
 */
import type { Protocol } from '../adapters/protocols/protocol.ts';
import { advice, afterLook, anotherIn } from './dialects.ts';
import type { Seen } from './look.ts';
import { type Dialled, meaningOf } from './meanings.ts';
import type { StateChange } from './story.ts';

export interface CounselOptions {
  /** The last dial. */
  dialled: () => Dialled;
  /** That is tried; undefined: nobody chooses it. */
  protocol: Protocol | undefined;
  /** What the server said on the present visit. */
  said: readonly string[];
  /** Looks at the server on a connection of its own. */
  look: () => Promise<Seen | undefined>;
  tell: (code: string, message: string) => void;
}

/** By then it is no chance. */
const enoughUnnamed = 2;

export class Counsel {
  readonly #options: CounselOptions;
  readonly #told = new Set<string>();
  #unnamed = 0;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: CounselOptions) {
    this.#options = options;
  }

  /** Fulfilled when all has been said. */
  get settled(): Promise<void> {
    return this.#looking;
  }

  hear(change: StateChange): void {
    const why = failureOf(change);
    if (why === 'unnamed') return this.#nobodyNamed();
    if (why !== 'refused' && why !== 'dial-timeout') return;
    const kind = why === 'refused' ? (change.reason ?? '') : why;
    const meaning = meaningOf(kind, this.#options.dialled());
    if (meaning !== undefined) this.#once(why, `${kind}: ${meaning}`);
  }

  #nobodyNamed(): void {
    const { said, protocol } = this.#options;
    if (protocol === undefined) return;
    this.#once('unnamed', advice(said, protocol.name));
    this.#unnamed += 1;
    if (this.#unnamed !== enoughUnnamed || anotherIn(said, protocol.name) !== undefined) return;
    this.#looking = this.#lookAfter(protocol.name);
  }

  async #lookAfter(tried: string): Promise<void> {
    const seen = await this.#options.look();
    if (seen !== undefined) this.#once('unnamed', afterLook(seen, tried));
  }

  #once(code: string, message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#options.tell(code, message);
  }
}

/** Why a dial has failed; undefined: none has. */
function failureOf({ state, cause, after }: StateChange): string | undefined {
  return state === 'reconnecting' || state === 'closed' ? (after ?? cause) : undefined;
}
