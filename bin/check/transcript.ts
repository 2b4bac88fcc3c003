/** What was said on one connection, line by line, as it is shown: how it began, and what came last. */
import { printable } from '../terminal.ts';

type Direction = 'C→S' | 'S→C' | '·';

/** Lines that are kept of the beginning, and of the end. */
const most = 14;
/** Of what is said, characters. */
const longest = 160;

export class Transcript {
  readonly #now: () => number;
  readonly #first: Line[] = [];
  #last: Line[] = [];
  #omitted = 0;

  /** @param now ms since the beginning */
  constructor(now: () => number) {
    this.#now = now;
  }

  note(direction: Direction, what: string): void {
    const previous = this.#last.at(-1) ?? this.#first.at(-1);
    // Who says the same again and again does not push out what was said before.
    if (previous?.what === what && previous.direction === direction) {
      previous.times += 1;
      return;
    }
    const line = { at: this.#now(), direction, what, times: 1 };
    if (this.#first.length < most) {
      this.#first.push(line);
      return;
    }
    this.#last.push(line);
    if (this.#last.length <= most) return;
    this.#last.shift();
    this.#omitted += 1;
  }

  get lines(): readonly string[] {
    const omitted = this.#omitted > 0 ? [`           …  ${this.#omitted} lines more`] : [];
    return [...this.#first.map(textOf), ...omitted, ...this.#last.map(textOf)];
  }
}

interface Line {
  readonly at: number;
  readonly direction: Direction;
  readonly what: string;
  times: number;
}

function textOf({ at, direction, what, times }: Line): string {
  const text = printable(what.slice(0, longest)) + (what.length > longest ? `… (${what.length} characters)` : '');
  return `${(at / 1_000).toFixed(3).padStart(8)}  ${direction.padEnd(3)}  ${text}${times > 1 ? `  (${times} times)` : ''}`;
}
