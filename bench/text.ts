/** Results as they are read: in a terminal, and in Markdown. */
import type { Cell, Column, Results, Row } from './report.ts';

/** What stands in each line, the heading first: who, then a cell for each column. */
export function rowsOf({ columns, rows }: Pick<Results, 'columns' | 'rows'>): string[][] {
  const heading = ['', ...columns.map(({ title }) => title)];
  return [
    heading,
    ...rows.map((row) => [nameOf(row), ...columns.map((column) => shown(row.cells[column.key], column))]),
  ];
}

/** `mqtt on systole, 1000/500` */
export function nameOf({ peer, settings, onSystole = false }: Omit<Row, 'cells'>): string {
  return [onSystole ? `${peer} on systole` : peer, settings].filter(Boolean).join(', ');
}

/** With its unit and its noise. */
export function shown(cell: Cell | undefined, { unit = '', digits = 0 }: Pick<Column, 'unit' | 'digits'>): string {
  if (cell === null || cell === undefined) return '–';
  if (typeof cell === 'string') return cell;
  const show = (number: number) =>
    number.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const { value, noise } = typeof cell === 'number' ? { value: cell } : cell;
  return `${show(value)}${noise === undefined ? '' : ` ± ${show(noise)}`} ${unit}`.trimEnd();
}

/** Of a cell; undefined: there is none, but perhaps words. */
export function numberOf(cell: Cell | undefined): number | undefined {
  return typeof cell === 'object' ? cell?.value : typeof cell === 'number' ? cell : undefined;
}

/** @throws {Error} there is none: the question calls it by another name now */
export function columnOf({ question, columns }: Pick<Results, 'question' | 'columns'>, key: string): Column {
  const column = columns.find((each) => each.key === key);
  if (column === undefined) throw new Error(`bench/results/${question}.json has no column ${key}`);
  return column;
}

/** Columns under each other, the first `left` of them from the left. */
export function aligned(rows: readonly (readonly string[])[], left: number): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i < left ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Ours stands out. */
export function markdown(results: Pick<Results, 'columns' | 'rows'>): string {
  const [heading, ...lines] = rowsOf(results);
  const rows = lines.map(([name, ...cells], i) =>
    results.rows[i]!.peer === 'systole' ? [`**${name}**`, ...cells.map((cell) => `**${cell}**`)] : [name!, ...cells],
  );
  return [heading!, heading!.map((_, i) => (i === 0 ? '---' : '--:')), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
}
