import { check, isNumber, type Rule } from '../../adapters/check.ts';

/** What is to happen later, in the order of its time; at the same time, in the order in which it was arranged. */
export interface Task {
  readonly due: number;
  readonly order: number;
  /** Undefined: called off. */
  run: (() => void) | undefined;
}

/** Time that is to pass. @throws {TypeError | RangeError} naming it */
export function checkTime(path: string, name: string, ms: unknown): void {
  check({ [name]: ms ?? null }, { [name]: amount }, `${path}: `);
}

const amount: Rule = (value) =>
  isNumber(value) && value >= 0 && value < Infinity ? undefined : 'a number of milliseconds from 0';

export class Schedule {
  /** Ms. */
  now = 0;
  /** How many are still to happen. */
  size = 0;
  #arranged = 0;
  /** A binary heap. Those called off stay until their time has come. */
  readonly #heap: Task[] = [];

  at(due: number, run: () => void): Task {
    if (Number.isNaN(due)) throw new RangeError('a time that is no number');
    this.#arranged += 1;
    const task = { due: Math.max(due, this.now), order: this.#arranged, run };
    this.#heap.push(task);
    this.#rise(this.#heap.length - 1);
    this.size += 1;
    return task;
  }

  callOff(task: Task | undefined): void {
    if (task?.run === undefined) return;
    task.run = undefined;
    this.size -= 1;
  }

  /** Of the next one; Infinity: there is none. */
  get due(): number {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (first.run !== undefined) return first.due;
      this.#removeFirst();
    }
    return Infinity;
  }

  /** Of all, soonest first. */
  get dues(): number[] {
    return this.#heap
      .filter(({ run }) => run !== undefined)
      .map(({ due }) => due)
      .toSorted((a, b) => a - b);
  }

  /** The next one happens now, whether or not its time has come. */
  runNext(): void {
    if (this.due === Infinity) return;
    const task = this.#removeFirst();
    const { run } = task;
    task.run = undefined;
    this.size -= 1;
    run?.();
  }

  #removeFirst(): Task {
    const first = this.#heap[0]!;
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink();
    }
    return first;
  }

  #rise(at: number): void {
    const heap = this.#heap;
    const task = heap[at]!;
    let place = at;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (!isBefore(task, heap[above]!)) break;
      heap[place] = heap[above]!;
      place = above;
    }
    heap[place] = task;
  }

  #sink(): void {
    const heap = this.#heap;
    const task = heap[0]!;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below += 1;
      if (!isBefore(heap[below]!, task)) break;
      heap[place] = heap[below]!;
      place = below;
    }
    heap[place] = task;
  }
}

function isBefore(a: Task, b: Task): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}

/** 0 ≤ x < 1, the same for the same seed: mulberry32 (Tommy Ettinger, public domain). */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
