/**
 * What the log shows of a life: which lines there are, where they begin and how high they are. Of thousands of rows only the last ones are looked at when
 * there is news.
 */
import type { LifeStory } from './life.ts';
import { leads, type Row } from './row.ts';
import { isFold, type Run } from './runs.ts';
import { stepsOf } from './words.ts';

/** px; as in log.css. */
const padding = 6;
const textLine = 17;
/** Of a row that changed more regions, only so many are shown. */
export const mostSteps = 3;

export interface Line {
  /** Undefined: the head of the whole run. */
  readonly row: Row | undefined;
  readonly run: Run;
  /** Where its run is among all, and where the row is in it; −1: the head. */
  readonly place: number;
  readonly index: number;
  readonly top: number;
  readonly height: number;
}

export interface Sought {
  /** In lower case; '': everything. */
  readonly text: string;
  /** Only what led somewhere, and the end. */
  readonly onlyTransitions: boolean;
}

export class Lines {
  readonly all: Line[] = [];
  #life: LifeStory | undefined;
  #sought: Sought = { text: '', onlyTransitions: false };
  #shortened = 0;
  #opened = new WeakSet<Run>();
  #isStale = true;
  /** How many runs were seen, and of the last one how many rows, and whether it had a head. */
  #runs = 0;
  #rows = 0;
  #hadHead = false;

  /** px, of all lines. */
  get height(): number {
    const last = this.all.at(-1);
    return last === undefined ? 0 : last.top + last.height;
  }

  isOpen(run: Run): boolean {
    return this.#opened.has(run);
  }

  /** Shows the rows of a run, or its head alone. */
  toggle(run: Run): void {
    if (!this.#opened.delete(run)) this.#opened.add(run);
    this.#isStale = true;
  }

  update(life: LifeStory, sought: Sought): void {
    const { runs } = life;
    const isSame =
      !this.#isStale &&
      this.#life === life &&
      this.#shortened === runs.shortened &&
      this.#sought.text === sought.text &&
      this.#sought.onlyTransitions === sought.onlyTransitions;
    if (!isSame) {
      Object.assign(this.all, { length: 0 });
      this.#runs = 0;
    }
    this.#life = life;
    this.#sought = sought;
    this.#shortened = runs.shortened;
    this.#isStale = false;
    // All that was settled stays. Of the run that was the last one, the last two rows may have gone to runs of their own.
    let place = Math.max(0, this.#runs - 1);
    const last = runs.all[place];
    const isKept = this.#runs > 0 && last !== undefined && this.#hasHead(last) === this.#hadHead;
    let index = isKept ? Math.max(0, Math.min(this.#rows, last.rows.length) - 2) : -1;
    this.#forget(place, index);
    for (; place < runs.all.length; place += 1) {
      this.#read(runs.all[place]!, place, index);
      index = -1;
    }
    this.#runs = runs.all.length;
    const end = runs.all.at(-1);
    this.#rows = end?.rows.length ?? 0;
    this.#hadHead = end !== undefined && this.#hasHead(end);
  }

  /** The first line that ends below a height. */
  indexAt(px: number): number {
    return this.#firstWhere(({ top, height }) => top + height > px);
  }

  /** The line that shows a row; where it is filtered out the one before, −1: there is none. */
  indexOf(row: Row): number {
    return this.#firstWhere((line) => firstIn(line).number > row.number) - 1;
  }

  shows(line: Line, row: Row): boolean {
    if (line.row !== undefined) return line.row === row;
    const { rows } = line.run;
    return !this.isOpen(line.run) && row.number >= rows[0]!.number && row.number <= rows.at(-1)!.number;
  }

  /** Lines are in order, and what is asked is false of the first ones only. */
  #firstWhere(test: (line: Line) => boolean): number {
    let from = 0;
    let to = this.all.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (test(this.all[middle]!)) to = middle;
      else from = middle + 1;
    }
    return from;
  }

  #forget(place: number, index: number): void {
    for (let line = this.all.at(-1); line !== undefined; line = this.all.at(-1)) {
      if (line.place < place || (line.place === place && line.index < index)) return;
      this.all.pop();
    }
  }

  #read(run: Run, place: number, from: number): void {
    const hasHead = this.#hasHead(run);
    if (hasHead && from < 0) this.#push(undefined, run, place, -1);
    if (hasHead && !this.isOpen(run)) return;
    for (let i = Math.max(0, from); i < run.rows.length; i += 1) {
      const row = run.rows[i]!;
      if (hasHead || this.#isSought(row, run)) this.#push(row, run, place, i);
    }
  }

  /** Whoever looks for something sees the rows. */
  #hasHead(run: Run): boolean {
    return isFold(run) && this.#sought.text === '' && !this.#sought.onlyTransitions;
  }

  #isSought(row: Row, { kind }: Run): boolean {
    const { text, onlyTransitions } = this.#sought;
    if (onlyTransitions && row.kind === 'event' && (kind === 'heartbeats' || !leads(row))) return false;
    if (text === '') return true;
    return row.kind !== 'gap' && `${row.type} ${row.from} ${row.to} ${row.cause}`.toLowerCase().includes(text);
  }

  #push(row: Row | undefined, run: Run, place: number, index: number): void {
    const texts = row === undefined ? 2 : 1 + stepsShown(row);
    this.all.push({ row, run, place, index, top: this.height, height: padding + texts * textLine });
  }
}

function firstIn({ row, run }: Line): Row {
  return row ?? run.rows[0]!;
}

function stepsShown(row: Row): number {
  return leads(row) ? Math.min(mostSteps, stepsOf(row.fromValue, row.toValue).length) : 0;
}
