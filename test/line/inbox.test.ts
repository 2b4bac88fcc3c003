/** What comes in: it waits until the peer has a name, then the app hears it, and at the end nobody does. */
import { describe, expect, test } from 'vitest';

import { Inbox } from '../../adapters/inbox.ts';
import { Listeners } from '../../adapters/listeners.ts';
import type { Frame } from '../../adapters/protocols/protocol.ts';
import { uncaughtDuring } from '../helpers/support.ts';

function inbox(bounds = { messages: 3, bytes: 10 }) {
  const listeners = new Listeners<Frame>();
  const heard: Frame[] = [];
  listeners.add((frame) => heard.push(frame));
  return { listeners, heard, inbox: new Inbox(listeners, bounds) };
}

describe('before the name', () => {
  const rows: [string, { messages: number; bytes: number }, Frame[], taken: boolean[]][] = [
    ['as many as may wait', { messages: 2, bytes: 10 }, ['a', 'b'], [true, true]],
    // What has overflown is left to its end, and complained of once.
    ['one more', { messages: 2, bytes: 10 }, ['a', 'b', 'c', 'd'], [true, true, false, true]],
    ['as many bytes as may wait', { messages: 9, bytes: 10 }, ['a'.repeat(5), new ArrayBuffer(5)], [true, true]],
    ['one byte more', { messages: 9, bytes: 10 }, ['a'.repeat(5), new ArrayBuffer(6)], [true, false]],
    ['none, where none may', { messages: 0, bytes: 10 }, ['a'], [false]],
    [
      'no more than by default, where all may',
      { messages: 9, bytes: Infinity },
      ['a'.repeat(1_048_576), 'b'],
      [true, false],
    ],
    [
      'nor more messages',
      { messages: Infinity, bytes: Infinity },
      Array.from({ length: 1_001 }, () => ''),
      [...Array.from({ length: 1_000 }, () => true), false],
    ],
  ];
  test.each(rows)('%s', (_, bounds, frames, taken) => {
    const { inbox: subject, heard } = inbox(bounds);
    expect(frames.map((frame) => subject.take(frame))).toEqual(taken);
    expect(heard).toEqual([]);
    expect(subject.isOff).toBe(taken.includes(false));
  });
});

test('what came early is heard first, once, in order', () => {
  const { inbox: subject, heard } = inbox();
  subject.take('a');
  subject.take('b');
  subject.deliver();
  expect(subject.take('c')).toBe(true);
  subject.deliver();
  expect(heard).toEqual(['a', 'b', 'c']);
});

test('who listens before what came early is delivered hears it', () => {
  const { inbox: subject, listeners } = inbox();
  subject.take('a');
  const late: Frame[] = [];
  listeners.add((frame) => late.push(frame));
  subject.deliver();
  expect(late).toEqual(['a']);
});

test.each([
  ['early', () => {}],
  ['delivered', (subject: Inbox) => subject.deliver()],
] as const)('turned off while %s, nobody hears anything, and nothing is complained of', (_, come) => {
  const { inbox: subject, heard } = inbox();
  come(subject);
  subject.turnOff();
  expect([1, 2, 3, 4].map(() => subject.take('x'))).toEqual([true, true, true, true]);
  subject.deliver();
  expect(subject.take('y')).toBe(true);
  expect(heard).toEqual([]);
});

test('a listener may turn it off between two that came early', () => {
  const { inbox: subject, listeners, heard } = inbox();
  listeners.add(() => subject.turnOff());
  subject.take('a');
  subject.take('b');
  subject.deliver();
  expect(heard).toEqual(['a']);
});

test('what one listener throws surfaces, and keeps nothing from the others', async () => {
  const { inbox: subject, listeners, heard } = inbox();
  const others: Frame[] = [];
  listeners.add(() => {
    throw new Error('thrown by a listener of the adapter suite');
  });
  listeners.add((frame) => others.push(frame));
  subject.deliver();
  const errors = await uncaughtDuring(async () => void subject.take('a'));
  expect(heard).toEqual(['a']);
  expect(others).toEqual(['a']);
  expect(errors).toHaveLength(1);
});
