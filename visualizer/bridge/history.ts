/**
 * What a page that comes late is told: the frames of the newest entries of each machine, in the order in which they were told.
 */
import type { Entry } from '../entry.ts';

/** Entries of one machine; its `registered` and its last `changed` are kept in any case. */
const mostEntries = 2_000;
/** Characters of all the frames of one machine. */
const mostCharacters = 4_000_000;
/** Machines that are over, and characters of all machines beyond which those that are over go, the oldest first. */
const mostOver = 50;
const mostInAll = 64_000_000;

interface Kept<F> {
  readonly order: number;
  readonly type: Entry['type'];
  readonly frames: readonly F[];
  readonly size: number;
}

export class History<F> {
  readonly #sizeOf: (frame: F) => number;
  readonly #machines = new Map<string, { kept: Kept<F>[]; size: number }>();
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
    while (machine.kept.length > mostEntries || machine.size > mostCharacters) {
      const oldest = oldestOf(machine.kept);
      if (oldest === undefined) break;
      const [gone] = machine.kept.splice(oldest, 1);
      machine.size -= gone?.size ?? 0;
      this.size -= gone?.size ?? 0;
    }
    if (type === 'stopped') this.#over.add(session);
    for (const oldest of this.#over) {
      if (this.#over.size <= mostOver && this.size <= mostInAll) break;
      this.#forget(oldest);
    }
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
