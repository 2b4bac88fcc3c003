/**
 * `docs/RUNTIMES.md`, by who ran: every row with what its test noted. A run that leaves out tests, or in which one fails, prints what it has and
 * writes nothing.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

import type { Reporter, TestCase, TestModule } from 'vitest/node';

import { keyOf, parts, type Row, rows, type Seen } from './rows.ts';

const page = 'docs/RUNTIMES.md';
const partNames = Object.keys(parts) as Row['part'][];

export default class Table implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], _: unknown, reason: string): void {
    const ours = modules.filter(({ project }) => project.name === 'matrix');
    const tests = ours.flatMap((module) => [...module.children.allTests()]);
    const seen = rowsSeen(tests);
    for (const part of partNames) if (seen.some((row) => row.part === part)) console.log(`\n${tableOf(part, seen)}`);
    if (reason !== 'passed' || !isWhole(ours, tests)) return console.log(`\n${page} stays as it was.`);
    const known = new Set(seen.map(keyOf));
    const missing = rows.filter((row) => !known.has(keyOf(row)));
    if (missing.length === 0) return write(seen);
    console.error(`\nNo test noted ${missing.map(keyOf).join('; ')}.`);
    process.exitCode = 1;
  }
}

/** In the order of the list. */
function rowsSeen(tests: readonly TestCase[]): (Row & Seen)[] {
  const noted = new Map(
    tests.flatMap((each) => {
      const { row } = each.meta();
      return row === undefined || each.result().state === 'failed' ? [] : [[keyOf(row), row] as const];
    }),
  );
  return rows.flatMap((row) => noted.get(keyOf(row)) ?? []);
}

/** Every file, and every test of it but those that say why they did not run. */
function isWhole(modules: readonly TestModule[], tests: readonly TestCase[]): boolean {
  const files = readdirSync(new URL('.', import.meta.url)).filter((file) => file.endsWith('.test.ts'));
  return (
    modules.length === files.length &&
    tests.every((each) => each.result().state !== 'skipped' || each.meta().row !== undefined)
  );
}

function tableOf(part: Row['part'], seen: readonly (Row & Seen)[]): string {
  const lines = seen.filter((row) => row.part === part).map((row) => [row.what, row.version, row.where, row.shown]);
  return [parts[part], parts[part].map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Between the markers. */
function write(seen: readonly (Row & Seen)[]): void {
  let text = readFileSync(page, 'utf8');
  for (const part of partNames) {
    const [begin, end] = [`<!-- ${part} -->\n`, `<!-- end of ${part} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`${page} has no place for ${part}`);
    text = `${text.slice(0, from + begin.length)}${tableOf(part, seen)}\n${text.slice(to)}`;
  }
  writeFileSync(page, text);
}
