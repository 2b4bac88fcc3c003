/** The outbox by itself: its bounds to the byte, its order, its one timer, and what a message weighs. */
import { runInNewContext } from 'node:vm';

import { describe, expect, test } from 'vitest';

import {
  type BufferBounds,
  byteLength,
  defaultBounds,
  type Dropped,
  Outbox,
  type Sendable,
} from '../../adapters/buffer.ts';
import { Listeners } from '../../adapters/listeners.ts';
import { steppedClock } from '../kit/clock.ts';

function make(bounds: Partial<BufferBounds> = {}, hear?: (dropped: Dropped) => void, wallTime?: () => number) {
  const clock = steppedClock();
  let stalled = 0;
  const dropped: Dropped[] = [];
  const now = () => clock.now() + stalled;
  const listeners = new Listeners<Dropped>();
  listeners.add(hear ?? ((each) => dropped.push(each)));
  const outbox = new Outbox(
    { ...defaultBounds, ...bounds },
    { ...clock, now, ...(wallTime && { wallTime }) },
    listeners,
  );
  // Time passes, and no timer fires.
  return { outbox, clock, dropped, stall: (ms: number) => void (stalled += ms) };
}

describe.each(['reject', 'drop-oldest'] as const)('%s', (overflow) => {
  test.each<[string, Partial<BufferBounds>, bytes: number, elsewhere: number, taken: boolean]>([
    ['all the bytes there may be', { bytes: 10 }, 10, 0, true],
    ['one more', { bytes: 10 }, 11, 0, false],
    ['all of them with what the socket has', { bytes: 10 }, 4, 6, true],
    ['one more than that', { bytes: 10 }, 5, 6, false],
    ['one message', { messages: 1 }, 1, 0, true],
    ['no message', { messages: 0 }, 1, 0, false],
  ])('%s', (_, bounds, bytes, elsewhere, taken) => {
    const { outbox, dropped } = make({ ...bounds, overflow });
    expect(outbox.offer('x', bytes, elsewhere)).toBe(taken);
    expect([outbox.messages, outbox.bytes]).toEqual(taken ? [1, bytes] : [0, 0]);
    expect(dropped).toEqual([]);
  });
});

test('full: refused, and nothing else happens; or room is made by as many as it takes', () => {
  const reject = make({ bytes: 10, messages: 3 });
  const oldest = make({ bytes: 10, messages: 3, overflow: 'drop-oldest' });
  for (const { outbox } of [reject, oldest]) for (const text of ['a', 'b', 'c']) outbox.offer(text, 3, 0);
  expect(reject.outbox.offer('d', 1, 0)).toBe(false);
  expect(reject.outbox.take()).toEqual(['a', 'b', 'c']);
  expect(oldest.outbox.offer('d', 1, 0)).toBe(true);
  expect(oldest.dropped).toEqual([{ data: 'a', reason: 'overflow' }]);
  expect(oldest.outbox.offer('e', 5, 2)).toBe(true);
  expect(oldest.dropped.map(({ data }) => data)).toEqual(['a', 'b', 'c']);
  expect([oldest.outbox.messages, oldest.outbox.bytes]).toEqual([2, 6]);
  expect(oldest.outbox.take()).toEqual(['d', 'e']);
  expect([oldest.outbox.messages, oldest.outbox.bytes]).toEqual([0, 0]);
});

test('room is made for what fills the bound to the byte, with what the socket has', () => {
  const { outbox, dropped } = make({ bytes: 10, overflow: 'drop-oldest' });
  outbox.offer('a', 3, 0);
  expect(outbox.offer('b', 7, 3)).toBe(true);
  expect(dropped).toEqual([{ data: 'a', reason: 'overflow' }]);
});

test('what is taken back begins with what was not flushed', () => {
  const { outbox } = make();
  for (const text of ['a', 'b', 'c']) outbox.offer(text, 1, 0);
  let room = 1;
  outbox.flush(() => (room -= 1) >= 0);
  expect(outbox.take()).toEqual(['b', 'c']);
});

test('what a flush leaves grows old, and no timer stays for what it has emptied', () => {
  const { outbox, clock, dropped, stall } = make({ maxAge: 1_000 });
  for (const text of ['a', 'b']) outbox.offer(text, 1, 0);
  let room = 1;
  outbox.flush(() => (room -= 1) >= 0);
  clock.advance(1_000);
  expect(dropped).toEqual([{ data: 'b', reason: 'expired' }]);
  outbox.offer('c', 1, 0);
  outbox.flush(() => true);
  expect(clock.pending).toEqual([]);
  outbox.offer('d', 1, 0);
  stall(2_000);
  outbox.flush(() => false);
  expect(dropped.at(-1)).toEqual({ data: 'd', reason: 'expired' });
  expect(clock.pending).toEqual([]);
});

test('flushed in order, as far as it goes; what was not accepted stays', () => {
  const { outbox } = make();
  for (let i = 0; i < 5; i += 1) outbox.offer(`${i}`, 1, 0);
  const gone: unknown[] = [];
  outbox.flush((data, bytes) => gone.length < 3 && gone.push([data, bytes]) > 0);
  expect(gone).toEqual([
    ['0', 1],
    ['1', 1],
    ['2', 1],
  ]);
  expect([outbox.messages, outbox.bytes]).toEqual([2, 2]);
  outbox.offer('5', 1, 0);
  expect(outbox.take()).toEqual(['3', '4', '5']);
});

test('what nobody can send is dropped, told once it is gone, and the rest goes on', () => {
  const told: unknown[] = [];
  const { outbox } = make({}, ({ data, reason, error }) =>
    told.push([data, reason, (error as Error).message, outbox.messages]),
  );
  for (const text of ['a', 'b', 'c', 'd']) outbox.offer(text, 1, 0);
  const gone: unknown[] = [];
  outbox.flush((data) => {
    if (data === 'a' || data === 'c') throw new TypeError(`no ${data}`);
    return gone.push(data) > 0;
  });
  expect(gone).toEqual(['b', 'd']);
  expect(told).toEqual([
    ['a', 'unsendable', 'no a', 3],
    ['c', 'unsendable', 'no c', 1],
  ]);
  expect([outbox.messages, outbox.bytes]).toEqual([0, 0]);
});

describe('maxAge', () => {
  test('one timer, for the oldest, while something waits', () => {
    const { outbox, clock, dropped } = make({ maxAge: 1_000 });
    expect(clock.pending).toEqual([]);
    outbox.offer('one', 1, 0);
    clock.advance(400);
    outbox.offer('two', 1, 0);
    expect(clock.pending).toEqual([600]);
    clock.advance(600);
    expect(dropped).toEqual([{ data: 'one', reason: 'expired' }]);
    expect(clock.pending).toEqual([400]);
    outbox.flush(() => true);
    expect(clock.pending).toEqual([]);
    outbox.rest();
    expect(clock.pending).toEqual([]);
  });

  test('Infinity: none', () => {
    const { outbox, clock } = make();
    outbox.offer('one', 1, 0);
    expect(clock.pending).toEqual([]);
    clock.advance(1e9);
    outbox.flush(() => true);
    expect(outbox.messages).toBe(0);
  });

  test('longer than a timer can be: it is set again', () => {
    const { outbox, clock, dropped } = make({ maxAge: 2 ** 32 });
    outbox.offer('one', 1, 0);
    expect(clock.pending).toEqual([2 ** 31 - 1]);
    clock.advance(2 ** 32 - 1);
    expect(dropped).toEqual([]);
    clock.advance(1);
    expect(dropped).toHaveLength(1);
  });

  test('what has grown too old while nothing fired is gone before anything else happens', () => {
    const { outbox, clock, dropped, stall } = make({ maxAge: 1_000, messages: 1 });
    outbox.offer('old', 1, 0);
    stall(999);
    expect(outbox.offer('refused', 1, 0)).toBe(false);
    stall(1);
    const gone: unknown[] = [];
    outbox.flush((data) => gone.push(data) > 0);
    expect(gone).toEqual([]);
    expect(dropped).toEqual([{ data: 'old', reason: 'expired' }]);
    expect(clock.pending).toEqual([]);
  });

  test('what is refused when all has expired leaves no timer behind', () => {
    const { outbox, clock, dropped, stall } = make({ maxAge: 1_000, bytes: 10 });
    outbox.offer('old', 3, 0);
    stall(1_000);
    expect(outbox.offer('too long for it', 15, 0)).toBe(false);
    expect(dropped).toEqual([{ data: 'old', reason: 'expired' }]);
    expect(clock.pending).toEqual([]);
  });

  test('no setting of the clock makes anything older, or younger', () => {
    for (const jump of [-86_400_000, 86_400_000]) {
      const { outbox, clock, dropped } = make({ maxAge: 1_000 }, undefined, () => jump);
      outbox.offer('one', 1, 0);
      clock.advance(999);
      outbox.flush(() => false);
      expect(dropped).toEqual([]);
      clock.advance(1);
      expect(dropped).toEqual([{ data: 'one', reason: 'expired' }]);
    }
  });
});

describe('whoever is told of one message takes the rest, and each is told or taken', () => {
  const taking = (bounds: Partial<BufferBounds>) => {
    const left: unknown[] = [];
    const made = make(bounds, ({ data, reason }) => {
      left.push(`${data as string} ${reason}`);
      left.push(...made.outbox.take());
    });
    return { ...made, left };
  };

  test('several have expired', () => {
    const { outbox, clock, left } = taking({ maxAge: 1_000 });
    for (const text of ['a', 'b', 'c']) outbox.offer(text, 1, 0);
    clock.advance(1_000);
    expect(left).toEqual(['a expired', 'b expired', 'c expired']);
  });

  test('several made room', () => {
    const { outbox, left } = taking({ bytes: 10, overflow: 'drop-oldest' });
    for (const text of ['aaaa', 'bbbb', 'cccccccccc']) expect(outbox.offer(text, text.length, 0)).toBe(true);
    expect(left).toEqual(['aaaa overflow', 'bbbb overflow', 'cccccccccc']);
  });

  test('one could not be sent', () => {
    const { outbox, left } = taking({});
    for (const text of ['a', 'b', 'c']) outbox.offer(text, 1, 0);
    outbox.flush(() => {
      throw new TypeError('no');
    });
    expect(left).toEqual(['a unsendable', 'b', 'c']);
    expect([outbox.messages, outbox.bytes]).toEqual([0, 0]);
  });

  test('one had expired before the next one came', () => {
    const { outbox, clock, left, stall } = taking({ maxAge: 1_000 });
    outbox.offer('a', 1, 0);
    stall(5_000);
    expect(outbox.offer('b', 1, 0)).toBe(true);
    expect(left).toEqual(['a expired', 'b']);
    expect([outbox.messages, clock.pending]).toEqual([0, []]);
  });
});

test('what cannot be copied makes no room', () => {
  const { outbox, dropped } = make({ messages: 1, overflow: 'drop-oldest' });
  outbox.offer('a', 1, 0);
  const given = new ArrayBuffer(8);
  structuredClone(given, { transfer: [given] });
  expect(() => outbox.offer(given, 0, 0)).toThrow(TypeError);
  expect(dropped).toEqual([]);
  expect(outbox.take()).toEqual(['a']);
});

test('what waits is a copy of the bytes that were meant', () => {
  const { outbox } = make();
  const whole = new Uint8Array([9, 1, 2, 9]);
  const blob = new Blob(['x']);
  const given: Sendable[] = [whole.buffer, whole.subarray(1, 3), 'text', blob];
  for (const data of given) outbox.offer(data, 1, 0);
  whole.fill(0);
  const [buffer, view, text, same] = outbox.take();
  expect(new Uint8Array(buffer as ArrayBuffer)).toEqual(new Uint8Array([9, 1, 2, 9]));
  expect(view).toEqual(new Uint8Array([1, 2]));
  expect(text).toBe('text');
  expect(same).toBe(blob);
});

test.each<[string, unknown, number]>([
  ['nothing', '', 0],
  ['the last of one byte', '\x7f', 1],
  ['the first of two', '\x80', 2],
  ['the last of two', '\u07ff', 2],
  ['the first of three', '\u0800', 3],
  ['the last before the surrogates', '\ud7ff', 3],
  ['a lone high one before another character', '\ud800\u0800', 6],
  ['the first behind them', '\ue000', 3],
  ['a pair', '\ud800\udc00', 4],
  ['the last pair', '\udbff\udfff', 4],
  ['a lone high one', 'a\ud800', 4],
  ['a lone low one', '\udc00a', 4],
  ['two high ones', '\ud800\ud800', 6],
  ['two low ones', '\udc00\udc00', 6],
  ['a pair the wrong way round', '\udc00\ud800', 6],
  ['bytes', new ArrayBuffer(5), 5],
  ['bytes of another realm', runInNewContext('new ArrayBuffer(5)'), 5],
  ['a view', new Uint8Array(9).subarray(2, 4), 2],
  ['a Blob', new Blob(['abc']), 3],
])('the weight of %s', (_, data, bytes) => expect(byteLength(data)).toBe(bytes));

test.each([
  [null, 'null'],
  [5, 'number'],
  [{}, 'object'],
])('%o weighs nothing, and is refused', (data, kind) => {
  expect(() => byteLength(data)).toThrow(
    new TypeError(
      `send: data must be a string, an ArrayBuffer, a view of one or a Blob, not ${kind}; JSON.stringify() what is an object`,
    ),
  );
});
