/** What an examination has shown: for people, as JSON, and as JUnit's XML, which the services that run tests for others read. */
import { duration, type Paint, printable, unarmed } from '../terminal.ts';
import type { Report, Row } from './examine.ts';
import type { Verdict } from './judges.ts';

/** Of `rules`, and a space. */
const longestTitle = 43;
const signs: Readonly<Record<Verdict, string>> = { held: '✓', broken: '✗', open: '–' };
const styles = { held: 'green', broken: 'red', open: 'dim' } as const;

/** Lines for a terminal: a row for each rule, and then, for each that is broken, what was said and what to do. */
export function asText({ rows, took, connections }: Report, paint: Paint, columns = 120): string[] {
  const width = Math.min(Math.max(columns, 60), 120) - 1;
  const broken = rows.filter(({ verdict }) => verdict === 'broken');
  return [
    ...rows.flatMap((row) => rowText(row, paint, width)),
    ...broken.flatMap((row) => ['', ...brokenText(row, paint, width)]),
    '',
    `${countText(rows)}, in ${duration(took)}, with ${connections} connections`,
  ];
}

function rowText({ rule, title, verdict, detail }: Row, paint: Paint, width: number): string[] {
  const sign = paint(styles[verdict], `${signs[verdict]} ${rule}`);
  const margin = 2 + 4 + 2 + longestTitle;
  const [first = '', ...more] = wrapped(printable(detail), width - margin);
  return [
    `  ${sign}  ${title.padEnd(longestTitle)}${paint('dim', first)}`,
    ...more.map((line) => `${' '.repeat(margin)}${paint('dim', line)}`),
  ];
}

function brokenText({ rule, title, detail, transcript, remedy }: Row, paint: Paint, width: number): string[] {
  return [
    `${paint('red', `✗ ${rule}`)}  ${paint('bold', title)}:`,
    ...wrapped(printable(detail), width - 4).map((line) => `    ${line}`),
    ...transcript.map((line) => `    ${paint('dim', printable(line))}`),
    ...wrapped(remedy, Math.min(width, 98) - 6).map((line, i) => `    ${i === 0 ? '→ ' : '  '}${line}`),
    `      ${paint('dim', ruleIsIn(rule))}`,
  ];
}

/** Where a rule is said in full. */
export function ruleIsIn(rule: string): string {
  return rule.startsWith('M') ? 'docs/CHECK.md, "The walk"' : `docs/PROTOCOL.md, "What a server does", ${rule}`;
}

function countText(rows: readonly Row[]): string {
  const count = (verdict: Verdict) => rows.filter((row) => row.verdict === verdict).length;
  const open = count('open');
  return `${count('held')} held, ${count('broken')} broken${open === 0 ? '' : `, ${open} not seen`}`;
}

/** One object a line: a row each, and the sum. */
export function asJson({ rows, broken, unreachable, took, connections }: Report): string[] {
  const lines = [
    ...rows.map((row) => ({ type: 'row', ...row })),
    {
      type: 'sum',
      ok: unreachable === undefined && broken.length === 0,
      broken,
      unreachable,
      took: Math.round(took),
      connections,
    },
  ];
  return lines.map((line) => unarmed(JSON.stringify(line)));
}

/** @param name of what was looked at */
export function asJUnit({ rows, unreachable, took }: Report, name: string): string {
  const cases =
    unreachable === undefined
      ? rows.map(caseOf)
      : [testCase('can be reached', `<failure message="${escaped(unreachable)}"/>`)];
  const failures = unreachable === undefined ? rows.filter(({ verdict }) => verdict === 'broken').length : 1;
  const skipped = rows.filter(({ verdict }) => verdict === 'open').length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="${escaped(`systole check ${name}`)}" tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}" time="${(took / 1_000).toFixed(3)}">`,
    ...cases,
    '</testsuite>',
    '',
  ].join('\n');
}

function caseOf({ rule, title, verdict, detail, transcript, remedy }: Row): string {
  const name = `${rule} ${title}`;
  if (verdict === 'held') return testCase(name);
  if (verdict === 'open') return testCase(name, `<skipped message="${escaped(detail)}"/>`);
  const text = [...transcript, '', remedy, ruleIsIn(rule)].join('\n');
  return testCase(name, `<failure message="${escaped(detail)}">${escaped(text)}</failure>`);
}

function testCase(name: string, outcome = ''): string {
  return `  <testcase classname="systole.check" name="${escaped(name)}">${outcome}</testcase>`;
}

/** Also for what XML 1.0 cannot hold at all: controls, half of a surrogate pair. */
function escaped(text: string): string {
  return text
    .split('\n')
    .map((line) => unarmed(line))
    .join('\n')
    .replaceAll(/[\ud800-\udfff\ufffe\uffff]/gu, '�')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** At spaces; longer words stand by themselves. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
