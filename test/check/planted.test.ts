/**
 * `systole check` finds what is planted, each by its rule, with what was said and what to do, and nothing else; and leaves alone what is right.
 */
import { describe, expect, test } from 'vitest';

import { examine, type Report } from '../../bin/check/examine.ts';
import { faults, type Planted, refusals, relatives, sound, strangers } from './planted.ts';

/** Ms, shorter than anybody would have them. Idle lines are closed after half of the one, silent clients are let go after the other. */
const spans = { idle: 6_000, silence: 10_000 };
/** Enough to fill the buffers of the system. */
const flood = 200_000;
/** Most of the time of each is waiting; these are two cores. */
const mostAtOnce = 28;

async function examined(it: Planted): Promise<Report> {
  const server = await it.start({ silence: spans.silence });
  try {
    return await examine(server.url, { ...spans, message: 'hello', flood: isDrastic(it) ? flood : 2_000 });
  } finally {
    await server.close();
  }
}

/** A server under examination. */
interface Row {
  readonly name: string;
  readonly it: Planted;
  readonly report: Promise<Report>;
}

/** Keeps this process from all else. */
function isDrastic({ breaks }: Planted): boolean {
  return breaks.includes('L5');
}

/** All of them are examined from now on, so many at once. */
function rows(table: Readonly<Record<string, Planted>>): Row[] {
  const quiet = Object.entries(table).filter(([, it]) => !isDrastic(it));
  return quiet.map(([name, it]) => {
    const report = inTurn(it);
    report.catch(() => {}); // reported where it is awaited
    return { name, it, report };
  });
}

const waiting: (() => void)[] = [];
let running = 0;

async function inTurn(it: Planted): Promise<Report> {
  if (running >= mostAtOnce) await new Promise<void>((resolve) => waiting.push(resolve));
  running += 1;
  try {
    return await examined(it);
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

const patience = 240_000;

describe('a fault is found, by its rule and by no other', () => {
  test.for([...rows(faults), ...rows(relatives), ...rows(strangers)])('$name', { timeout: patience }, async (row) => {
    expectFound(row.it, await row.report);
  });
});

function expectFound({ breaks }: Planted, report: Report): void {
  expect(report.broken.toSorted()).toEqual(breaks.toSorted());
  for (const { verdict, transcript, remedy } of report.rows) {
    if (verdict !== 'broken') continue;
    expect(transcript).not.toEqual([]);
    expect(remedy).not.toBe('');
  }
}

describe('what is right is left alone', () => {
  test.for(rows(sound))('$name', { timeout: patience }, async (row) => {
    const report = await row.report;
    expect(report.rows.filter(({ verdict }) => verdict === 'broken')).toEqual([]);
  });
});

describe('who takes nobody is told apart from who breaks a rule', () => {
  test.for(rows(refusals))('$name', { timeout: patience }, async (row) => {
    const report = await row.report;
    expect(report.broken).toEqual(row.it.breaks);
    if (report.rows.length === 0) expect(report.unreachable).toMatch(/\w/);
  });
});

// After all others.
describe('what one client does to the others is found', () => {
  test.for(Object.entries(relatives).filter(([, it]) => isDrastic(it)))('%s', { timeout: patience }, async ([, it]) => {
    expectFound(it, await examined(it));
  });
});
