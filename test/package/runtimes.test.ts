/** `docs/RUNTIMES.md`, which `npm run test:matrix` writes: it has the rows that are to be run, all of them and no others, each with what came of it. */
import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { keyOf, parts, type Row, rows, rowsOf } from './matrix/rows.ts';

const page = readFileSync('docs/RUNTIMES.md', 'utf8');

test.each(Object.keys(parts) as Row['part'][])('every row of %s', (part) => {
  const [, table = ''] = new RegExp(`<!-- ${part} -->\n([^]*?)\n<!-- end of ${part} -->`).exec(page) ?? [];
  const [head, , ...written] = table.split('\n').map((line) => line.slice(2, -2).split(' | '));
  expect(head).toEqual(parts[part]);
  expect(written.map(([what, , where]) => [what, where])).toEqual(rowsOf(part).map(({ what, where }) => [what, where]));
  for (const [what, version, where, shown] of written) {
    const wasRun = /\d/.test(version!) && shown!.includes('a whole life');
    expect([what, where, wasRun || shown!.startsWith('did not run')]).toEqual([what, where, true]);
  }
});

test('no row is there twice', () => {
  expect(new Set(rows.map(keyOf)).size).toBe(rows.length);
});
