/** However its lines are lost, a connection dials no faster than a server that refuses is dialled: ten dials, and then a pause. */
import { expect, test } from 'vitest';

import { defaultBackoff, paceOf } from '../../machines/backoff.ts';
import type { Fact } from '../../machines/events.ts';
import type { PartialSettings } from '../../machines/settings.ts';
import { LoneMachine } from './simulation.ts';

const opened: Fact = { type: 'socket.opened' };
const named: Fact = { type: 'peer.named', id: 'a', receivedAt: 0 };
const lost: Fact = { type: 'socket.lost', code: 1006, reason: '', wasClean: false };
const network: Fact = { type: 'world.woke', reason: 'network' };

/** How often something goes wrong, ms. */
const step = 100;

/** When each dial left, ms from the first. */
function dialsIn(subject: LoneMachine, ms: number, each: (subject: LoneMachine) => void): number[] {
  const begin = subject.clock.now();
  while (subject.clock.now() < begin + ms) {
    each(subject);
    subject.clock.advance(step);
  }
  return subject.dials.map((at) => at - begin);
}

const losses: [string, (subject: LoneMachine) => void, PartialSettings?][] = [
  ['a server that refuses', (s) => s.tell(lost)],
  ['a server that takes its clients in and drops them', (s) => s.tell(opened, named, lost)],
  [
    'a server that drops them as soon as they are stable',
    (s) => {
      s.tell(opened, named);
      s.clock.advance(5_001);
      s.tell(lost);
    },
  ],
  ['a network that comes and goes while dialling', (s) => s.tell(network)],
  ['a network that comes and goes beside a server that refuses', (s) => s.tell(lost, network)],
  [
    'a line that breaks whenever it is asked',
    (s) => {
      s.line.silence = 5_000;
      s.tell(opened, named, { type: 'world.woke', reason: 'visible' }, lost);
    },
  ],
];

test.each(losses)('%s', (_, lose) => {
  const dials = dialsIn(new LoneMachine(), 600_000, lose);
  for (const [i, at] of dials.entries()) {
    const eleventh = dials[i + 10];
    if (eleventh !== undefined) expect(eleventh - at).toBeGreaterThanOrEqual(paceOf(defaultBackoff));
  }
  expect(dials.length).toBeGreaterThan(15);
});

test("the user's own dial is not counted, and begins anew", () => {
  const subject = new LoneMachine();
  for (let i = 0; i < 30; i += 1) {
    subject.tell(lost, { type: 'user.reconnected' });
    expect(subject.place).toBe('connecting.dialling');
  }
  subject.tell(opened, { type: 'user.reconnected' }).wait();
  expect(subject.clock.now()).toBe(1_000_000);
});

test.each([
  [{}, 75_750],
  [{ initial: 100, max: 1_000 }, 50 + 100 + 200 + 400 + 6 * 500],
  [{ initial: 0 }, 0],
  [{ factor: 1 }, 2_500],
])('it follows from the backoff: %o', (backoff, pace) => {
  expect(paceOf({ ...defaultBackoff, ...backoff })).toBe(pace);
});

test("the app's own rule keeps its own pace", () => {
  const subject = new LoneMachine({ backoff: () => 0 });
  const dials = dialsIn(subject, 5_000, (s) => s.tell(lost));
  expect(dials.length).toBeGreaterThan(30);
});

test('a clock that is set back makes nobody wait', () => {
  const subject = new LoneMachine();
  for (let i = 0; i < 12; i += 1) subject.tell(lost).wait();
  subject.line.jump = -86_400_000;
  subject.tell(opened, named);
  subject.clock.advance(5_001);
  subject.tell(lost);
  expect(subject.actor.getSnapshot().context.nextDial.wait).toBeLessThanOrEqual(1_000);
});

test('a wake does not shorten what the server asked for; the user does', () => {
  const subject = new LoneMachine().tell({ ...lost, retryAfter: 20_000 });
  subject.clock.advance(5_000);
  subject.tell(network).tell({ type: 'world.wentOffline' }, { type: 'world.woke', reason: 'visible' });
  expect(subject.place).toBe('reconnecting');
  expect(subject.clock.pending).toEqual([15_500]);
  subject.tell({ type: 'user.reconnected' });
  expect(subject.place).toBe('connecting.dialling');
});
