/**
 * Long random lives of the machine, in simulated time: what holds at every moment, whatever happens in whatever order. A failure is shrunk to the
 * shortest story, and tells the seed to see it again.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { Fact, Liveness, Wake } from '../../machines/events.ts';
import { detectionBound } from '../../machines/settings.ts';
import { LoneMachine } from './simulation.ts';

const fatal = fc.option(fc.boolean(), { nil: undefined });
const delay = fc.option(fc.constantFrom(0, -1, 1, 5_000, 1e9, Infinity, Number.NaN), { nil: undefined });
const code = fc.constantFrom(1000, 1001, 1006, 1008, 1012, 1013, 4000);

/** What can be told, and how much time can pass, ms. */
const happening: fc.Arbitrary<Fact | number> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(1, 25, 400, 5_000, 31_000, 70_000) },
  { weight: 6, arbitrary: fc.constant({ type: 'socket.opened' } as const) },
  {
    weight: 6,
    arbitrary: fc
      .record({ serverTime: fc.option(fc.integer(), { nil: undefined }), interval: delay })
      .map((named): Fact => ({ type: 'peer.named', id: 'a', receivedAt: 0, ...named })),
  },
  {
    weight: 4,
    arbitrary: fc
      .option(fc.integer(), { nil: undefined })
      .map((serverTime): Fact => ({ type: 'peer.beat', receivedAt: 0, serverTime })),
  },
  { weight: 4, arbitrary: fc.constant({ type: 'peer.spoke' } as const) },
  {
    weight: 2,
    arbitrary: fc
      .record({ code, wasClean: fc.boolean(), fatal, retryAfter: delay })
      .map((lost): Fact => ({ type: 'socket.lost', reason: '', ...lost })),
  },
  {
    weight: 1,
    arbitrary: fc.record({ fatal, retryAfter: delay }).map((r): Fact => ({ type: 'peer.refused', reason: '', ...r })),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'url.failed', reason: '' } as const) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom<Wake>('sleep', 'freeze', 'network', 'visible')
      .map((reason): Fact => ({ type: 'world.woke', reason })),
  },
  { weight: 1, arbitrary: fc.constantFrom<Fact>({ type: 'world.wentOffline' }, { type: 'world.suspended' }) },
  { weight: 1, arbitrary: fc.constantFrom<Fact>({ type: 'user.reconnected' }) },
  { weight: 1, arbitrary: fc.constant({ type: 'user.closed' } as const) },
);

const life = fc.record({
  liveness: fc.constantFrom<Liveness>('ask', 'server-beats', 'none'),
  retries: fc.constantFrom(0, 3, Infinity),
  silence: fc.constantFrom(0, 2_000, 100_000),
  story: fc.array(happening, { maxLength: 60 }),
});

const heartbeat = { interval: 20_000, timeout: 10_000 };
/** Those that are left in time, whatever happens. */
const waiting = /^(?:connecting|awaiting-id|stale|closing|reconnecting)/;

test('at every moment of any life', () => {
  fc.assert(
    fc.property(life, ({ liveness, retries, silence, story }) => {
      const subject = new LoneMachine({ liveness, retries, heartbeat, backoff: { max: 30_000 } });
      subject.line.silence = silence;
      const { did, clock } = subject;
      for (const each of story) {
        if (typeof each === 'number') clock.advance(each);
        else subject.tell(each);
        expectSound(subject);
      }
      // Left alone, and never answered, it does not stay alive beyond the bound: it asks, and nobody answers.
      if (liveness === 'ask' && subject.place.startsWith('alive')) {
        const cuts = did.filter((what) => what === 'cut').length;
        const interval = subject.actor.getSnapshot().context.interval;
        clock.advance(detectionBound({ interval, timeout: heartbeat.timeout }) + 1);
        expect(did.filter((what) => what === 'cut').length).toBeGreaterThan(cuts);
      }
      subject.tell({ type: 'user.closed' });
      clock.advance(2_001);
      expect(subject.place).toBe('closed');
      expect(clock.pending, 'timers after the end').toEqual([]);
      expect(did.filter((what) => what === 'dial')).toHaveLength(did.filter((what) => what === 'cut').length);
      expect(subject.line.isOver).toBe(true);
      const after = did.length;
      clock.advance(86_400_000);
      expect(did).toHaveLength(after);
    }),
    { numRuns: 3_000 },
  );
}, 120_000);

function expectSound({ did, clock, place, actor }: LoneMachine): void {
  const { status, context } = actor.getSnapshot();
  expect(status).not.toBe('error');
  const live = did.filter((what) => what === 'dial').length - did.filter((what) => what === 'cut').length;
  expect(live, `sockets in ${place}`).toBe(/^(?:reconnecting|redialling|closed)/.test(place) ? 0 : 1);
  for (const armed of did.filter((what) => what.startsWith('⏱'))) {
    const ms = Number(armed.slice(1));
    expect(ms >= 0 && ms < 2 ** 31, `${armed} is a delay that a timer takes`).toBe(true);
  }
  if (waiting.test(place)) expect(clock.pending.length, `timers in ${place}`).toBeGreaterThan(0);
  if (place === 'closed') expect(clock.pending).toEqual([]);
  expect(context.attempt).toBeGreaterThanOrEqual(0);
  expect(context.interval).toBeGreaterThanOrEqual(1_000);
  expect(context.interval).toBeLessThanOrEqual(3_600_000);
}
