/** The log in memory: what all logs promise, and what age does to it, by a clock that is stepped. */
import v8 from 'node:v8';
import { runInNewContext } from 'node:vm';

import { expect, onTestFinished, test } from 'vitest';

import { memoryLog, type MemoryLogOptions } from '../../push/memory.ts';
import { steppedClock } from '../kit/clock.ts';
import { appendAll, describeLog, entriesOf, expectGap, textsOf } from './log-contract.ts';

describeLog('memory', () => ({
  async open({ messages, maxAge } = {}) {
    const log = memoryLog({ messages, maxAge });
    onTestFinished(() => log.close());
    return log;
  },
}));

const minute = 60_000;
const hour = 60 * minute;

function withClock(options: MemoryLogOptions = {}) {
  const clock = steppedClock();
  return { clock, log: memoryLog({ ...options, clock }) };
}

test('each message is kept for its own time', async () => {
  const { clock, log } = withClock({ maxAge: 10 * minute });
  const first = await log.append('t', '1');
  const second = await log.append('t', '2');
  clock.advance(6 * minute);
  const third = await log.append('t', '3');
  clock.advance(4 * minute);
  expect(textsOf(await log.read('t', first, 10))).toEqual(['2', '3']);
  clock.advance(1);
  expectGap(await log.read('t', first, 10), 'trimmed', third, 2);
  expect(textsOf(await log.read('t', second, 10))).toEqual(['3']);
  clock.advance(10 * minute);
  expectGap(await log.read('t', second, 10), 'trimmed', third, 1);
  expect(entriesOf(await log.read('t', third, 10))).toEqual([]);
});

test('an id is kept for two minutes', async () => {
  const { clock, log } = withClock();
  const first = await log.append('t', 'a', { id: '1' });
  clock.advance(2 * minute);
  expect(await log.append('t', 'a', { id: '1' })).toEqual(first);
  clock.advance(1);
  const second = await log.append('t', 'a', { id: '1' });
  expect(second.at).toBe(first.at + 1);
  clock.advance(2 * minute);
  expect(await log.append('t', 'a', { id: '1' })).toEqual(second);
});

test('who listens to names under which nothing is, and leaves, leaves nothing behind', async () => {
  v8.setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const log = memoryLog();
  const head = await log.head('t');
  const names = 100_000;
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < names; i += 1) {
    const leave = await log.follow(`t${i}`, () => {});
    leave();
  }
  collect();
  // A topic takes some 500.
  expect((process.memoryUsage().heapUsed - before) / names).toBeLessThan(100);
  expect(await log.head('t7')).toEqual(head);
});

test('a topic that was forgotten uses no number twice', async () => {
  const { clock, log } = withClock();
  const [first, , third] = await appendAll(log, 'idle', ['1', '2', '3']);
  const head = await log.head('never');
  clock.advance(23 * hour);
  await log.append('busy', 'sweeps');
  expect(await log.head('idle')).toEqual(third);
  clock.advance(2 * hour);
  await log.append('busy', 'sweeps');
  const later = await log.append('idle', '4');
  expect(later.at).toBeGreaterThan(third!.at);
  expectGap(await log.read('idle', first!, 10), 'trimmed', later, later.at - first!.at);
  expect(head.epoch).toBe(later.epoch);
});

test('a topic that somebody follows is not forgotten', async () => {
  const { clock, log } = withClock();
  const heard: unknown[] = [];
  await log.append('busy', 'so that there is a floor');
  const undo = await log.follow('t', ({ prev, at }) => heard.push([prev, at]));
  const head = await log.head('t');
  clock.advance(25 * hour);
  await log.append('busy', 'sweeps');
  await log.append('t', 'a');
  expect(heard).toEqual([[head.at, head.at + 1]]);
  undo();
});

test.each<[MemoryLogOptions, string]>([
  [{ messages: -1 }, 'messages must be a whole number from 0'],
  [{ messages: 1.5 }, 'messages must be a whole number from 0'],
  [{ maxAge: 0 }, 'maxAge must be a number of milliseconds above 0, or Infinity'],
  [{ ages: 1 } as MemoryLogOptions, 'ages is not an option: there are messages, maxAge, clock'],
])('%j is refused', (options, message) => {
  expect(() => memoryLog(options)).toThrow(message);
});
