/** Of push nothing is left behind: of a client that is gone, of a topic that nobody hears, of a server that is closed. */
import { setImmediate as turn } from 'node:timers/promises';

import { expect, onTestFinished, test } from 'vitest';

import { Hub, type Log, LogError, memoryLog, type Outlet, type Position } from '../../push/index.server.ts';
import { Child } from '../helpers/children/start.ts';
import { steppedClock } from '../kit/clock.ts';
import { expectNothingLeft } from './leaks.ts';

test('when all clients have left and the server is closed, no timer, listener or socket is left', () =>
  expectNothingLeft());

const deaf: Outlet = { bufferedAmount: 0, send: () => {}, close: () => {}, terminate: () => {} };

/** A log, who follows it, who hears of its resets, and heads that wait for their answer. */
class Watched implements Log {
  readonly log = memoryLog();
  readonly followed: string[] = [];
  resets = 0;
  isAway = false;
  /** Undefined: heads are answered at once. */
  waiting: (() => void)[] | undefined;

  append: Log['append'] = (...given) => this.log.append(...given);
  read: Log['read'] = (...given) => this.log.read(...given);
  close = () => this.log.close();

  async head(topic: string): Promise<Position> {
    if (this.isAway) throw new LogError('unavailable', 'it is away');
    const { waiting } = this;
    if (waiting) await new Promise<void>((resolve) => waiting.push(resolve));
    return this.log.head(topic);
  }

  async follow(topic: string, hear: Parameters<Log['follow']>[1]): Promise<() => void> {
    const unfollow = await this.log.follow(topic, hear);
    this.followed.push(topic);
    return () => {
      this.followed.splice(this.followed.indexOf(topic), 1);
      unfollow();
    };
  }

  onReset(): () => void {
    this.resets += 1;
    return () => void (this.resets -= 1);
  }
}

const namesFrom = (first: number, count: number) => Array.from({ length: count }, (_, i) => `t${first + i}`);
const asking = (kind: 's' | 'u', names: readonly string[]) => `~${kind} ${JSON.stringify(names)}`;

test('a topic that nobody hears is held for a while, and not for longer', async () => {
  const [log, clock] = [new Watched(), steppedClock()];
  const hub = new Hub({ log, clock });
  const guests = Array.from({ length: 20 }, () => hub.join(deaf, {}));
  for (const [i, guest] of guests.entries()) guest.received(asking('s', namesFrom(i * 10, 20)));
  await turn();
  expect([hub.size, log.followed.length]).toEqual([210, 210]);
  for (const guest of guests) guest.left();
  clock.advance(29_000);
  expect(hub.size).toBe(210);
  // Somebody comes back in time, to one of them.
  const back = hub.join(deaf, {});
  back.received(asking('s', ['t0']));
  await turn();
  clock.advance(1_001);
  expect([hub.size, log.followed]).toEqual([1, ['t0']]);
  back.left();
  clock.advance(30_001);
  await turn();
  expect([hub.size, log.followed]).toEqual([0, []]);
  expect(clock.pending.length, 'what compares heads').toBe(1);
  hub.close();
  expect([clock.pending, log.resets]).toEqual([[], 0]);
});

test('of topics that nobody hears, no more than a thousand are held', async () => {
  const [log, clock] = [new Watched(), steppedClock()];
  const hub = new Hub({ log, clock });
  const guest = hub.join(deaf, {});
  for (let i = 0; i < 40; i += 1) {
    guest.received(asking('s', namesFrom(i * 100, 100)));
    await turn();
    guest.received(asking('u', namesFrom(i * 100, 100)));
  }
  expect([hub.size, log.followed.length]).toEqual([1_000, 1_000]);
  hub.close();
  expect([hub.size, log.followed, clock.pending, log.resets]).toEqual([0, [], [], 0]);
});

test.each(['it is answered', 'it is not'])(
  'a hub that is closed while its log is asked, whether %s: nothing goes on',
  async (how) => {
    const [log, clock] = [new Watched(), steppedClock()];
    log.waiting = [];
    const hub = new Hub({ log, clock });
    const guest = hub.join(deaf, {});
    guest.received(asking('s', namesFrom(0, 10)));
    await turn();
    hub.close();
    if (how === 'it is answered') for (const answer of log.waiting) answer();
    await turn();
    expect([log.followed, clock.pending]).toEqual([[], []]);
  },
);

test('who asks again and again while the log is away leaves nothing behind', async () => {
  const child = new Child('../../push/children/asking.mjs', [], { flags: ['--expose-gc'] });
  onTestFinished(() => child.end());
  const asked = await child.until('asked');
  console.info(`asked for in vain: ${(asked['bytesEach'] as number).toFixed(1)} bytes each`);
  // Each subscription that waits on has a thousand.
  expect(asked['bytesEach']).toBeLessThan(100);
  expect(await child.exited).toBe(0);
});

test('a topic whose log was away all the time, and that is given up while heads are compared', async () => {
  const [log, clock] = [new Watched(), steppedClock()];
  const hub = new Hub({ log, clock, linger: 1_000, checkEvery: 15_000 });
  const [stays, goes] = [hub.join(deaf, {}), hub.join(deaf, {})];
  stays.received(asking('s', namesFrom(0, 16)));
  await turn();
  log.isAway = true;
  goes.received(asking('s', ['away']));
  await turn();
  log.isAway = false;
  log.waiting = [];
  // The heads of the first sixteen are asked for, and the last one waits for its turn.
  clock.advance(15_000);
  goes.left();
  clock.advance(1_001);
  await turn();
  const { waiting } = log;
  log.waiting = undefined;
  for (const answer of waiting) answer();
  await turn();
  expect(hub.size).toBe(16);
  // It goes on comparing.
  clock.advance(15_000);
  await turn();
  expect(clock.pending.length).toBe(1);
  hub.close();
});
