/** The words of transitions, in rows: what `layout.ts` places in boxes. */
import { type Box, delayOf, type Graph, type TextLine } from './graph.ts';
import type { Measure } from './measure.ts';
import type { Label, LabelRow, PlacedWord } from './shapes.ts';

const rowHeight = 14;
/** Wider rows, in px, have their guard below: in what holds others, which is wide anyway, and in what holds none. */
const wrapAt = { parent: 172, leaf: 138 };
/** For ` 88.8 s`, which is as wide as one can be: with less it reaches to where the arrow begins. */
const countdownWidth = 42;

/** One label per arrow that begins at a box, and one per line without; placed from 0, 0. */
export function labelsOf(box: Box, { boxes, edges }: Graph, measure: Measure): Label[] {
  const wrap = boxes.some(({ parent }) => parent === box.id) ? wrapAt.parent : wrapAt.leaf;
  const own = edges.filter(({ from, lines }) => from === box.id && lines.length > 0);
  return withCountdowns([
    ...own.map(({ id, lines }) => labelOf(box, id, lines, measure, wrap)),
    ...box.lines.map((line) => labelOf(box, undefined, [line], measure, wrap)),
  ]);
}

function labelOf({ id: box }: Box, edge: string | undefined, lines: TextLine[], measure: Measure, wrap: number): Label {
  const rows: LabelRow[] = [];
  let y = 0;
  for (const line of lines) {
    const words: PlacedWord[] = [];
    // A mark stands before what has no arrow.
    const indent = line.kind === 'arrow' ? 0 : 13;
    const start = y;
    let x = indent;
    let width = 0;
    for (const word of line.words) {
      const wide = Math.ceil(measure(word.text, word.role));
      if (x + wide > wrap && word.role === 'guard' && words.length > 0) {
        x = indent + 10;
        y += rowHeight - 1;
      }
      words.push({ ...word, x, y: y + 11, width: wide });
      x += wide + 4;
      width = Math.max(width, x - 4);
    }
    y += rowHeight;
    rows.push({ line, words, x: 0, y: start, width, height: y - start });
  }
  return { box, edge, rows, x: 0, y: 0, width: Math.max(...rows.map((row) => row.width)), height: y };
}

/** Room for how long a timer still runs, in the shortest of the rows that wait for it. */
function withCountdowns(labels: Label[]): Label[] {
  const rows = labels.flatMap((label) => label.rows).toSorted((a, b) => a.width - b.width);
  const timers = new Set<string>();
  for (const row of rows) {
    const { event } = row.line;
    if (delayOf(event) === undefined || timers.has(event)) continue;
    timers.add(event);
    row.countdown = { x: row.width + 6, y: row.words.at(-1)?.y ?? 0 };
    row.width += countdownWidth;
  }
  for (const label of labels) label.width = Math.max(...label.rows.map(({ width }) => width));
  return labels;
}
