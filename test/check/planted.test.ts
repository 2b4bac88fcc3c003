/**
 * `systole check` finds what is planted, each by its rule, with what was said and what to do, and nothing else; and leaves alone what is right.
 */
import { describe, expect, test } from 'vitest';

import type { Report } from '../../bin/check/examine.ts';
import { examined, expectFound, isDrastic } from './examined.ts';
import { faults, type Planted, refusals, relatives, sound, strangers } from './planted.ts';

/** Most of the time of each is waiting; these are two cores. */
const mostAtOnce = 28;

/** A server under examination. */
interface Row {
  readonly name: string;
  readonly it: Planted;
  readonly report: Promise<Report>;
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
