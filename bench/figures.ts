/** What decides: ours, and the best of the others, a line for each question; whoever is better by more than noise stands out. */
import type { Kept, Row } from './report.ts';
import { columnOf, nameOf, numberOf, shown } from './text.ts';

/** What has been measured, by question. */
export type Findings = ReadonlyMap<string, Kept>;

/** Less is better in all of them. */
interface Decisive {
  question: string;
  what: string;
  /** The column that decides, or several: the worst of them does. */
  key: string | readonly string[];
  /** What stands in brackets behind it. */
  beside?: string;
  /** Of a row that counts these are no more: who is quick at the cost of something else is not in it. */
  within?: Readonly<Record<string, number>>;
}

/** The most important first. */
const decisive: readonly Decisive[] = [
  {
    question: 'alarms',
    what: 'a dead line is noticed, with settings that give up no live one (slowest)',
    key: 'noticeMedian',
    beside: 'noticeMax',
    within: { jitter200: 0, jitter400: 0, late: 0 },
  },
  {
    question: 'deadline',
    what: 'back after a dead line, heartbeat 1000/500 (slowest)',
    key: 'quietMedian',
    beside: 'quietMax',
  },
  {
    question: 'cable',
    what: 'all back after a pulled cable, another path after 3 s',
    key: 'max',
    beside: 'back',
  },
  {
    question: 'storm',
    what: '99 % of 300 clients back, no message lost, no more than a fifth of them at once (in 100 ms)',
    key: 'back',
    beside: 'peak',
    within: { lost: 0, doubled: 0, peak: 60 },
  },
  {
    question: 'herd',
    what: '99 % of 100,000 clients back, over the server’s own limit, the worst of four cases',
    key: ['restart', 'away', 'restartQueue', 'awayQueue'],
  },
  { question: 'messages', what: 'processor time of 64 B of text in, over bare `ws`', key: 'in, text, 64 B' },
  { question: 'messages', what: 'processor time of 64 B of text out, over bare `ws`', key: 'out, text, 64 B' },
  { question: 'idle', what: 'heap of an idle connection, above bare `ws`', key: 'heap' },
  { question: 'weight', what: 'weight, minified and gzipped (without xstate)', key: 'gzip', beside: 'alone' },
];

/** @param most how many lines there may be */
export function figures(findings: Findings, most = decisive.length): string {
  const lines = decisive.flatMap((each) => {
    const results = findings.get(each.question);
    return results === undefined ? [] : [lineOf(each, results)];
  });
  return ['| | systole | best of the others |', '| --- | --- | --- |', ...lines.slice(0, most)].join('\n');
}

function lineOf({ what, key, beside, within = {} }: Decisive, results: Kept): string {
  const { rows } = results;
  const counting = rows.filter(({ cells }) =>
    Object.entries(within).every(([name, most]) => (numberOf(cells[name]) ?? Infinity) <= most),
  );
  const best = (among: readonly Row[]) => among.toSorted((a, b) => sizeOf(a, key) - sizeOf(b, key)).at(0);
  const ours = best(counting.filter(({ peer, onSystole }) => peer === 'systole' && onSystole !== true));
  const theirs = best(
    counting.filter(({ peer, onSystole }) => !['systole', 'ws'].includes(peer) && onSystole !== true),
  );
  const said = (row: Row | undefined) => {
    if (row === undefined) return '–';
    const worst = worstOf(row, key);
    const figure = shown(row.cells[worst], columnOf(results, worst));
    const second = beside === undefined ? undefined : row.cells[beside];
    return second === undefined || second === null
      ? figure
      : `${figure} (${shown(second, columnOf(results, beside!))})`;
  };
  const [own, other] = [said(ours), theirs === undefined ? '–' : `${said(theirs)}, ${nameOf(theirs)}`];
  const ahead = sizeOf(theirs, key) - sizeOf(ours, key);
  // Nearer to each other than that they are the same.
  const noise = noiseOf(ours, key) + noiseOf(theirs, key);
  return `| ${what} | ${ahead > noise ? `**${own}**` : own} | ${-ahead > noise ? `**${other}**` : other} |`;
}

/** Words such as "never" are beyond any figure. */
function sizeOf(row: Row | undefined, key: Decisive['key']): number {
  return Math.max(...[key].flat().map((each) => numberOf(row?.cells[each]) ?? Infinity));
}

/** Which of them is as large as that. */
function worstOf(row: Row, key: Decisive['key']): string {
  return [key].flat().find((each) => sizeOf(row, each) === sizeOf(row, key))!;
}

function noiseOf(row: Row | undefined, key: Decisive['key']): number {
  const cell = row === undefined ? undefined : row.cells[worstOf(row, key)];
  return typeof cell === 'object' ? (cell?.noise ?? 0) : 0;
}
