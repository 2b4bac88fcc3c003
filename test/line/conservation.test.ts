/**
 * The outbound buffer conserves: what is accepted is handed over once and in order, or was reported, or is still held. Random lives of it, shrunk and
 * seeded as in test/machine/lives.test.ts.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { type BufferBounds, byteLength, type Dropped, Outbox } from '../../adapters/buffer.ts';
import { Listeners } from '../../adapters/listeners.ts';
import { steppedClock } from '../kit/clock.ts';

const bounds: fc.Arbitrary<BufferBounds> = fc.record({
  messages: fc.constantFrom(0, 1, 3, 10, Infinity),
  bytes: fc.constantFrom(0, 5, 40, 1_000, Infinity),
  overflow: fc.constantFrom('reject', 'drop-oldest'),
  maxAge: fc.constantFrom(50, 1_000, Infinity),
});

type BufferStep =
  | { do: 'offer'; size: number; elsewhere: number }
  | { do: 'flush'; room: number }
  | { do: 'wait' | 'jump'; ms: number }
  | { do: 'drain' };

const step: fc.Arbitrary<BufferStep> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('offer' as const),
      size: fc.nat(30),
      elsewhere: fc.constantFrom(0, 0, 3, 500),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('flush' as const), room: fc.nat(6) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 30, 60, 2_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('jump' as const), ms: fc.constantFrom(-5_000, 5_000) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'drain' as const }) },
);

test('accepted = handed over + reported + taken back + held, in order, each once, and within its bounds', () => {
  fc.assert(
    fc.property(bounds, fc.boolean(), fc.array(step, { maxLength: 60 }), (limits, closes, steps) => {
      const clock = steppedClock();
      let jump = 0;
      const dropped: Dropped[] = [];
      const accepted: string[] = [];
      const left: unknown[] = [];
      let isClosed = false;
      const listeners = new Listeners<Dropped>();
      const outbox = new Outbox(limits, { ...clock, wallTime: () => clock.now() + jump }, listeners);
      listeners.add((each) => {
        if (isClosed) return;
        dropped.push(each);
        // As a connection does whose listener closes it: from then on nobody hears.
        if (closes) left.push(...outbox.take());
        isClosed = closes;
      });
      for (const [i, each] of steps.entries()) {
        if (isClosed) break;
        if (each.do === 'offer') {
          const text = `${i}`.padEnd(each.size, '.');
          const before = dropped.filter(({ reason }) => reason === 'overflow').length;
          const isAccepted = outbox.offer(text, byteLength(text), each.elsewhere);
          if (isAccepted) accepted.push(text);
          const made = dropped.filter(({ reason }) => reason === 'overflow').length - before;
          // Room is made only by the policy that makes it, and only for what is then accepted.
          if (!isAccepted || limits.overflow === 'reject') expect(made).toBe(0);
          expect(outbox.messages).toBeLessThanOrEqual(limits.messages);
          if (isAccepted) expect(outbox.bytes + each.elsewhere).toBeLessThanOrEqual(limits.bytes);
        } else if (each.do === 'flush') {
          let { room } = each;
          outbox.flush((data) => {
            if (room <= 0) return false;
            room -= 1;
            left.push(data);
            return true;
          });
        } else if (each.do === 'drain') left.push(...outbox.take());
        else if (each.do === 'wait') clock.advance(each.ms);
        else jump += each.ms;
        expect(clock.pending.length, 'one timer, and only while something can expire').toBe(
          limits.maxAge < Infinity && outbox.messages > 0 ? 1 : 0,
        );
      }
      const held = outbox.take();
      const gone = dropped.map(({ data }) => data);
      const inOrder = (a: unknown, b: unknown) => accepted.indexOf(a as string) - accepted.indexOf(b as string);
      expect([...left, ...gone, ...held].toSorted(inOrder)).toEqual(accepted);
      // What left and what is held keep their order; so does what was dropped.
      const kept = new Set([...left, ...held]);
      expect([...left, ...held]).toEqual(accepted.filter((text) => kept.has(text)));
      expect(gone).toEqual(accepted.filter((text) => !kept.has(text)));
      expect(outbox.bytes).toBe(0);
      expect(clock.pending).toEqual([]);
    }),
    { numRuns: 5_000 },
  );
}, 120_000);
