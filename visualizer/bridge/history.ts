/**
 * What a page that comes late is told: the frames of the newest entries of each machine, in the order in which they were told.
 */
import type { Entry } from '../entry.ts';

/** Entries of one machine; its `registered` and its last `changed` are kept in any case. */
const mostEntries = 2_000;
/** Characters of all the frames of one machine. */
const mostCharacters = 4_000_000;
/** Machines that are over; beyond that the oldest go. */
const mostOver = 50;
/** Characters of all machines; beyond that those that are over go, then entries of those of which most is kept, then the oldest machines. */
const mostInAll = 32_000_000;

interface Kept<F> {
  readonly order: number;
  readonly type: Entry['type'];
  readonly frames: readonly F[];
  readonly size: number;
}

interface Machine<F> {
  readonly kept: Kept<F>[];
  size: number;
}

export class History<F> {
  readonly #sizeOf: (frame: F) => number;
  readonly #machines = new Map<string, Machine<F>>();
  readonly #over = new Set<string>();
  #order = 0;
  /** Characters of all machines. */
  size = 0;

  constructor(sizeOf: (frame: F) => number) {
    this.#sizeOf = sizeOf;
  }

  keep({ type, session }: Entry, frames: readonly F[]): void {
    const machine = this.#machines.get(session) ?? { kept: [], size: 0 };
    if (frames.length === 0) return;
    this.#machines.set(session, machine);
    const size = frames.reduce((sum, frame) => sum + this.#sizeOf(frame), 0);
    machine.kept.push({ order: this.#order, type, frames, size });
    machine.size += size;
    this.size += size;
    this.#order += 1;
    while (machine.kept.length > mostEntries || machine.size > mostCharacters) if (!this.#thin(machine)) break;
    if (type === 'stopped') this.#over.add(session);
    for (const oldest of this.#over) {
      if (this.#over.size <= mostOver && this.size <= mostInAll) break;
      this.#forget(oldest);
    }
    while (this.size > mostInAll && this.#machines.size > 1) this.#makeRoom();
  }

  all(): F[] {
    const kept = [...this.#machines.values()].flatMap((machine) => machine.kept);
    return kept.toSorted((a, b) => a.order - b.order).flatMap(({ frames }) => frames);
  }

  clear(): void {
    this.#machines.clear();
    this.#over.clear();
    this.size = 0;
  }

  #makeRoom(): void {
    const [first = ''] = this.#machines.keys();
    const largest = [...this.#machines.values()].reduce((some, other) => (other.size > some.size ? other : some));
    if (!this.#thin(largest)) this.#forget(first);
  }

  /** Its oldest entry goes. False: it has none that may. */
  #thin(machine: Machine<F>): boolean {
    const oldest = oldestOf(machine.kept);
    if (oldest === undefined) return false;
    const [gone] = machine.kept.splice(oldest, 1);
    machine.size -= gone?.size ?? 0;
    this.size -= gone?.size ?? 0;
    return true;
  }

  #forget(session: string): void {
    this.size -= this.#machines.get(session)?.size ?? 0;
    this.#over.delete(session);
    this.#machines.delete(session);
  }
}

/** Of those that may go. The first is the `registered`, the newest is the one that asks for room. */
function oldestOf(kept: readonly Kept<unknown>[]): number | undefined {
  const here = kept.findLastIndex(({ type }) => type === 'changed');
  const oldest = here === 1 ? 2 : 1;
  return oldest < kept.length - 1 ? oldest : undefined;
}
