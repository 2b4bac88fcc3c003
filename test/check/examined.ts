/**
 * What the tests of `systole check` share: a planted server under examination, and what is expected of the report.
 */
import { expect } from 'vitest';

import { examine, type Report } from '../../bin/check/examine.ts';
import type { Planted } from './planted.ts';

/** Ms, shorter than anybody would have them. Idle lines are closed after half of the one, silent clients are let go after the other. */
const spans = { idle: 6_000, silence: 10_000 };
/** Enough to fill the buffers of the system. */
const flood = 200_000;

export async function examined(it: Planted): Promise<Report> {
  const server = await it.start({ silence: spans.silence });
  try {
    return await examine(server.url, { ...spans, message: 'hello', flood: isDrastic(it) ? flood : 2_000 });
  } finally {
    await server.close();
  }
}

/** Keeps this process from all else. */
export function isDrastic({ breaks }: Planted): boolean {
  return breaks.includes('L5');
}

/** What is planted, and nothing else; with what was said, and what to do. */
export function expectFound({ breaks }: Planted, report: Report): void {
  expect(report.broken.toSorted()).toEqual(breaks.toSorted());
  for (const { verdict, transcript, remedy } of report.rows) {
    if (verdict !== 'broken') continue;
    expect(transcript).not.toEqual([]);
    expect(remedy).not.toBe('');
  }
}
