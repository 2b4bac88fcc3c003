/** Of push nothing is left behind, on whatever log: told by a process that is left to exit by itself. */
import { expect, onTestFinished } from 'vitest';

import { Child } from '../helpers/children/start.ts';

export async function expectNothingLeft(...args: readonly string[]): Promise<void> {
  const child = new Child('../../push/children/leaving.mjs', args);
  onTestFinished(() => child.end());
  const there = await child.until('there');
  expect(there['timers']).toBeGreaterThan(30);
  expect(there['sockets']).toBeGreaterThan(20);
  expect(await child.until('left')).toMatchObject({ timers: 0, sockets: 0, listeners: 0 });
  expect(await child.exited).toBe(0);
  expect(child.errors).toBe('');
}
