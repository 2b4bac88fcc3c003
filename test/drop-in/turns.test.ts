/** When events are told: never while the app is in a call, and always in the order of what happened. */
import { expect, test } from 'vitest';

import { Turns } from '../../adapters/turns.ts';

function turns() {
  const due: (() => void)[] = [];
  const told: string[] = [];
  const subject = new Turns((callback) => due.push(callback));
  return { subject, told, due, tell: (what: string) => subject.tell(() => void told.push(what)) };
}

test('outside of calls it is told at once', () => {
  const { subject, told, tell, due } = turns();
  expect(subject.isQuiet).toBe(true);
  tell('a');
  subject.call(() => {});
  tell('b');
  expect(told).toEqual(['a', 'b']);
  expect(due).toEqual([]);
});

test('within a call it waits for one timer, and what comes later waits behind it', () => {
  const { subject, told, tell, due } = turns();
  subject.call(() => {
    expect(subject.isQuiet).toBe(false);
    tell('a');
    subject.call(() => tell('b'));
    tell('c');
  });
  expect(subject.isQuiet).toBe(false);
  tell('d');
  expect(told).toEqual([]);
  expect(due).toHaveLength(1);
  due[0]!();
  expect(told).toEqual(['a', 'b', 'c', 'd']);
  expect(subject.isQuiet).toBe(true);
  tell('e');
  expect(told.at(-1)).toBe('e');
  expect(due).toHaveLength(1);
});

test('what happens while something is told is told behind it, and no timer is set for it', () => {
  const { subject, told, tell, due } = turns();
  subject.call(() => {
    subject.tell(() => {
      told.push('a');
      tell('c');
      subject.call(() => tell('d'));
      expect(told).toEqual(['a']);
    });
    tell('b');
  });
  due[0]!();
  expect(told).toEqual(['a', 'b', 'c', 'd']);
  expect(due).toHaveLength(1);
});

test('a call that throws is over', () => {
  const { subject, told, tell } = turns();
  expect(() =>
    subject.call(() => {
      throw new Error('thrown by a call');
    }),
  ).toThrow('thrown by a call');
  tell('a');
  expect(told).toEqual(['a']);
});
