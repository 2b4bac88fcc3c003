/** Stories of the machine alone, in simulated time: what takes more than one step to show. */
import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';

import { longestTimer } from '../../machines/backoff.ts';
import { connectionMachine, stateOf } from '../../machines/connection.ts';
import type { Cause, Fact, Loss, Obstacle, Report } from '../../machines/events.ts';
import { nextDialAt, noDialYet } from '../../machines/next-dial.ts';
import { detectionBound, type PartialSettings, settle } from '../../machines/settings.ts';
import { LoneMachine } from './simulation.ts';

const opened: Fact = { type: 'socket.opened' };
const spoke: Fact = { type: 'peer.spoke' };
const lost: Extract<Fact, { type: 'socket.lost' }> = { type: 'socket.lost', code: 1006, reason: '', wasClean: false };

/** A line that has just been named, by a server whose clock is `offset` ahead. */
function alive(settings: PartialSettings = {}, offset?: number): LoneMachine {
  return name(new LoneMachine(settings), offset);
}

function name(subject: LoneMachine, offset?: number): LoneMachine {
  const receivedAt = subject.clock.now();
  const serverTime = offset === undefined ? undefined : receivedAt + offset;
  return subject.tell(opened, { type: 'peer.named', id: 'a', receivedAt, serverTime });
}

function beat(subject: LoneMachine, offset: number): LoneMachine {
  const receivedAt = subject.clock.now();
  return subject.tell({ type: 'peer.beat', receivedAt, serverTime: receivedAt + offset, roundTripTime: 7 });
}

function reportsOf(subject: LoneMachine): Report[] {
  const reports: Report[] = [];
  subject.actor.on('*', (report) => reports.push(report));
  return reports;
}

const year = 31_536_000_000;

const contextOf = (subject: LoneMachine) => subject.actor.getSnapshot().context;

test.each([
  { interval: 60_000, timeout: 10_000 },
  { interval: 1_000, timeout: 300 },
  { interval: 25_000, timeout: 50 },
  { interval: 25_000, timeout: 10 },
])('a line that goes silent is given up exactly at its bound: %o', (heartbeat) => {
  const subject = alive({ heartbeat });
  const since = subject.clock.now();
  while (stateOf(subject.actor.getSnapshot()) !== 'reconnecting') subject.clock.step();
  expect(subject.clock.now() - since).toBeCloseTo(detectionBound(heartbeat), 6);
  expect(contextOf(subject)).toMatchObject({ cause: 'silent', nextDial: { wait: 0 } });
});

test('pushes do not postpone the beat, and any of them is a proof of life once asked', () => {
  const subject = alive();
  subject.did.length = 0;
  subject.clock.advance(59_999);
  expect(subject.did).not.toContain('→probe');
  subject.clock.advance(1);
  expect(subject.did).toContain('→probe');
  subject.tell(spoke);
  expect(subject.place).toBe('alive.quiet');
});

test('a limit that fired late is granted once more, in full, and only once', () => {
  const subject = alive().wait().wait();
  expect(subject.place).toBe('stale.silent.asking');
  subject.line.jump += 3_600_000; // asleep for an hour
  subject.wait();
  expect(subject.place).toBe('stale.silent.draining');
  subject.did.length = 0;
  subject.wait();
  expect(subject.place).toBe('stale.silent.asking');
  expect(subject.did).toEqual(['→probe again', '⏱4980']);
  subject.line.jump += 3_600_000;
  subject.wait().wait();
  expect(subject.place).toBe('reconnecting');
});

test.each([
  ['connecting.dialling', () => new LoneMachine()],
  ['awaiting-id.listening', () => new LoneMachine().tell(opened)],
] as const)('%s: granted once more, and only once, as well', (place, arrive) => {
  const subject = arrive();
  for (const then of [place, 'reconnecting']) {
    subject.line.jump += 3_600_000;
    expect(subject.wait().wait().place).toBe(then);
  }
});

test.each([
  ['half as late as it is long', 10_000, 2_470, 'reconnecting'],
  ['later', 10_000, 2_471, 'stale.silent.asking'],
  ['a second', 1_000, 980, 'reconnecting'],
  ['more', 1_000, 981, 'stale.silent.asking'],
])('timers never are on time, and a little late is not late: %s', (_, timeout, late, place) => {
  const subject = alive({ heartbeat: { timeout } }).wait().wait();
  subject.line.jump += late;
  expect(subject.wait().wait().place).toBe(place);
});

test('a slow dial leaves the name its own time', () => {
  const subject = new LoneMachine();
  subject.clock.advance(4_900);
  subject.tell(opened).wait().wait();
  expect(subject.place).toBe('reconnecting');
  expect(contextOf(subject).cause).toBe('unnamed');
});

test.each(['sleep', 'freeze'] as const)('who wakes from %s in doubt has the whole limit before it', (reason) => {
  const subject = alive().wait().wait();
  subject.clock.advance(4_000);
  subject.tell({ type: 'world.woke', reason });
  expect(subject.place).toBe('stale.silent.asking');
  expect(subject.clock.pending).toEqual([4_980]);
});

test('a wake asks a line that has been silent for more than a second', () => {
  const subject = alive();
  subject.line.silence = 1_000;
  expect(subject.tell({ type: 'world.woke', reason: 'visible' }).place).toBe('alive.quiet');
  subject.line.silence = 1_001;
  expect(subject.tell({ type: 'world.woke', reason: 'visible' }).place).toBe('stale.silent.asking');
  expect(contextOf(subject).cause).toBe('silent');
});

test('where life cannot be seen, no silence is long enough for a doubt', () => {
  const subject = alive({ liveness: 'none' });
  subject.line.silence = 1e9;
  expect(subject.tell({ type: 'world.woke', reason: 'sleep' }).place).toBe('alive.unwatched');
});

test('a server that shows no life is open as soon as any', () => {
  const subject = new LoneMachine({ liveness: 'none' }).tell(opened);
  subject.did.length = 0;
  subject.tell({ type: 'peer.named', receivedAt: 0 });
  expect(subject.did).toEqual(['→release', '!open', '→deliver', '⏱5000']);
});

test('a proof of life that lay readable while the timer fired saves the line', () => {
  const subject = alive().wait().wait().wait();
  expect(subject.place).toBe('stale.silent.draining');
  subject.tell(spoke);
  expect(subject.place).toBe('alive.quiet');
});

test('attempts are forgotten when the line has been stable, not before', () => {
  const subject = new LoneMachine();
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    subject.tell(lost);
    expect(contextOf(subject).attempt).toBe(attempt);
    subject.wait();
  }
  name(subject);
  subject.clock.advance(4_999);
  expect(contextOf(subject).attempt).toBe(4);
  subject.clock.advance(1);
  expect(contextOf(subject).attempt).toBe(0);
});

test('accepted and closed, over and over: the dials follow the backoff', () => {
  const subject = new LoneMachine();
  const waits = Array.from({ length: 8 }, () => {
    name(subject).tell({ type: 'socket.lost', code: 1000, reason: '', wasClean: true });
    const { wait } = contextOf(subject).nextDial;
    subject.wait();
    return wait;
  });
  expect(waits).toEqual([375, 750, 1_500, 3_000, 6_000, 12_000, 22_500, 22_500]);
});

test('the time for a dial grows with the attempts, up to 20 s', () => {
  const subject = new LoneMachine();
  const limits = Array.from({ length: 6 }, () => {
    const limit = subject.clock.pending[0];
    subject.tell(lost).wait();
    return limit;
  });
  expect(limits).toEqual([5_000, 7_500, 11_250, 16_875, 20_000, 20_000]);
  expect(new LoneMachine({ connectTimeout: 30_000 }).clock.pending).toEqual([30_000]);
});

/** One whose last dial took so long, ms; it is lost as soon as it is stable. */
function dialledIn(took: number, settings: PartialSettings = {}): LoneMachine {
  const subject = new LoneMachine(settings);
  subject.clock.advance(took);
  name(subject).clock.advance(5_000);
  return subject.tell(lost).wait();
}

test.each([
  [0, 1_000],
  [249, 1_000],
  [300, 1_200],
  [1_000, 4_000],
  [1_250, 5_000],
  [4_000, 5_000],
])('where a dial took %i ms, the next one may take four times as long, a second at the least: %i ms', (took, limit) => {
  expect(dialledIn(took).clock.pending).toEqual([limit]);
});

test('it too grows by half with each that fails, and is taken anew from the next good one', () => {
  const subject = dialledIn(300);
  const limits = Array.from({ length: 8 }, () => {
    const limit = subject.clock.pending[0];
    subject.wait().wait().wait();
    return limit;
  });
  expect(limits).toEqual([1_200, 1_800, 2_700, 4_050, 6_075, 9_112.5, 13_668.75, 20_000]);
  subject.clock.advance(500);
  name(subject).clock.advance(5_000);
  expect(subject.tell(lost).wait().clock.pending).toEqual([2_000]);
});

test("where the app's own limit is less than a second, quick dials have no more", () => {
  expect(dialledIn(0, { connectTimeout: 300 }).clock.pending).toEqual([300]);
});

test.each<[string, ms: number, settings: PartialSettings, more: object, wait: number]>([
  ['at once: the whole wait', 0, {}, {}, 375],
  ['within what is noise: the whole wait', 100, {}, {}, 375],
  ['later: what is left of it', 200, {}, {}, 175],
  ['after more than the wait: none', 400, {}, {}, 0],
  ['when the server has asked for a time: all of that', 400, {}, { retryAfter: 300 }, 800],
  ['with 1013: all of it', 400, {}, { code: 1013 }, 5_500],
  ["where the rule is the app's own: all of that", 400, { backoff: () => 375 }, {}, 375],
])('a dial that fails %s', (_, ms, settings, more, wait) => {
  const subject = new LoneMachine(settings);
  subject.clock.advance(ms);
  subject.tell({ ...lost, ...more });
  expect(contextOf(subject).nextDial.wait).toBe(wait);
});

test('one that was named by nobody has failed as well; one that was has not', () => {
  const subject = new LoneMachine().tell(opened);
  subject.clock.advance(300);
  subject.tell(lost);
  expect(contextOf(subject).nextDial.wait).toBe(75);
  name(subject.wait()).clock.advance(300);
  subject.tell(lost);
  expect(contextOf(subject).nextDial.wait).toBe(750);
});

test('a round trip of more than half of heartbeat.timeout is told of, with the figures, once a visit', () => {
  const subject = alive({ heartbeat: { timeout: 4_000 } });
  const told = reportsOf(subject);
  const answer = (roundTripTime?: number) =>
    subject.tell({ type: 'peer.beat', receivedAt: subject.clock.now(), roundTripTime });
  answer();
  answer(2_000);
  expect(told).toEqual([]);
  answer(2_000.6);
  expect(told).toEqual([
    {
      type: 'warning',
      code: 'round-trip-too-long',
      message: expect.stringContaining('took 2001 ms: raise heartbeat.timeout (4000 ms)'),
    },
  ]);
  answer(3_000);
  answer(10);
  answer(3_000);
  expect(told).toHaveLength(1);

  // The next visit is told of by itself.
  name(subject.tell(lost).wait());
  answer(1_999);
  expect(told.filter(({ type }) => type === 'warning')).toHaveLength(1);
  answer(3_999);
  expect(told.filter(({ type }) => type === 'warning')).toHaveLength(2);
});

test('what it took is told of also where it ends a doubt', () => {
  const subject = alive().wait().wait();
  const told = reportsOf(subject);
  subject.tell({ type: 'peer.beat', receivedAt: subject.clock.now(), roundTripTime: 7_000 });
  expect(subject.place).toBe('alive.quiet');
  expect(told).toMatchObject([{ code: 'round-trip-too-long' }]);
});

test.each([
  [
    { code: 4001, reason: 'bye' },
    { code: 4001, reason: 'bye' },
  ],
  [{}, { code: 1000, reason: '' }],
])('closed with %o, the socket is told %o', (said, told) => {
  const subject = alive().tell({ type: 'user.closed', ...said });
  expect(subject.orders.at(-1)).toEqual({ type: 'hang-up', ...told });
});

test('the world is heard as long as the connection lives: with a socket and without, and once', () => {
  const subject = new LoneMachine();
  const { actors } = subject.line;
  expect(actors).toHaveLength(1);
  name(subject).tell(lost);
  actors[0]?.send({ type: 'world.wentOffline' });
  expect(contextOf(subject).nextDial.wait).toBe(30_000);
  subject.wait();
  expect(actors).toHaveLength(1);
});

test('a machine without a socket is closed, and says what to provide', () => {
  const line = new LoneMachine().line;
  const actor = createActor(connectionMachine, { input: { line } });
  actor.subscribe({ error: () => {} });
  actor.start();
  expect(actor.getSnapshot().output).toEqual({
    code: 1006,
    reason: expect.stringContaining(
      'provide one, as in connectionMachine.provide({ actors: { socket: webSocketActor } })',
    ),
    wasClean: false,
    cause: 'fatal',
  });
  expect(line.isOver).toBe(true);
});

/** Each way in which a line is left that says nothing of itself. */
const ways: [cause: Cause, leave: (subject: LoneMachine) => LoneMachine][] = [
  ['dial-timeout', (subject) => subject.wait().wait()],
  ['network-changed', (subject) => subject.tell({ type: 'world.woke', reason: 'network' })],
  ['unnamed', (subject) => subject.tell(opened).wait().wait()],
  ['silent', (subject) => name(subject).wait().wait().wait().wait()],
  [
    'outdated',
    (subject) =>
      beat(beat(beat(name(subject, 0), 0), -year), -year)
        .wait()
        .wait(),
  ],
  ['suspended', (subject) => subject.tell({ type: 'world.suspended' })],
  ['user-reconnected', (subject) => subject.tell({ type: 'user.reconnected' })],
];

test.each(ways)('what the last line was closed with is not said of one that is %s', (cause, leave) => {
  const subject = new LoneMachine().tell({ ...lost, code: 4000, reason: 'gone', wasClean: true });
  leave(subject.wait());
  expect(subject.place).toBe(cause === 'user-reconnected' ? 'redialling' : 'reconnecting');
  expect(contextOf(subject)).toMatchObject({ cause, end: { code: 1006, reason: '', wasClean: false } });
});

test('the reason that a server or a URL gives is told', () => {
  const refused = alive();
  const reports = reportsOf(refused);
  refused.tell({ type: 'peer.refused', reason: 'maintenance' });
  expect(reports).toEqual([
    { type: 'lost', cause: 'refused', code: 1006, reason: 'maintenance', wasClean: false, nextDialIn: 375 },
  ]);
  const broken = name(new LoneMachine()).wait().wait();
  const told = reportsOf(broken);
  broken.tell({ ...lost, reason: 'ECONNRESET' });
  expect(told).toMatchObject([{ type: 'lost', cause: 'silent', reason: 'ECONNRESET' }]);
  const failed = new LoneMachine({ retries: 0 });
  const retries = reportsOf(failed);
  failed.tell({ type: 'url.failed', reason: 'no token' });
  expect(retries).toMatchObject([{ type: 'retry', cause: 'url-failed', reason: 'no token' }]);
  expect(failed.actor.getSnapshot().output).toEqual({
    code: 1006,
    reason: 'no token',
    wasClean: false,
    cause: 'url-failed',
  });
});

test('retries: so many dials in a row may fail', () => {
  const failed = new LoneMachine({ retries: 2 }).tell(lost).wait().tell(lost).wait();
  const reports = reportsOf(failed);
  failed.tell({ ...lost, reason: 'ECONNREFUSED' });
  expect(failed.place).toBe('closed');
  expect(reports).toEqual([
    { type: 'retry', cause: 'refused', attempt: 3, reason: 'ECONNREFUSED', nextDialIn: undefined },
  ]);
  expect(failed.actor.getSnapshot().output).toEqual({
    code: 1006,
    reason: 'ECONNREFUSED',
    wasClean: false,
    cause: 'retries-exhausted',
  });
});

describe('with retries: 0 the cause of the end is why the line was lost', () => {
  const rows: [cause: string, subject: () => LoneMachine][] = [
    ['silent', () => alive({ retries: 0 }).wait().wait().wait().wait()],
    [
      'outdated',
      () =>
        beat(beat(alive({ retries: 0 }, 0), 0), -year)
          .wait()
          .wait(),
    ],
    ['peer-closed', () => alive({ retries: 0 }).tell(lost)],
    ['refused', () => new LoneMachine({ retries: 0 }).tell(lost)],
    ['refused', () => alive({ retries: 0 }).tell({ type: 'peer.refused', reason: 'later' })],
    ['dial-timeout', () => new LoneMachine({ retries: 0 }).wait().wait()],
    ['unnamed', () => new LoneMachine({ retries: 0 }).tell({ type: 'socket.opened' }).wait().wait()],
    ['suspended', () => alive({ retries: 0 }).tell({ type: 'world.suspended' })],
    ['url-failed', () => new LoneMachine({ retries: 0 }).tell({ type: 'url.failed', reason: 'no' })],
    ['fatal', () => alive({ retries: 0 }).tell({ ...lost, code: 1008 })],
    ['user-closed', () => alive({ retries: 0 }).tell({ type: 'user.closed' }).wait()],
    // Where some were made, they are why.
    ['retries-exhausted', () => new LoneMachine({ retries: 1 }).tell(lost).wait().tell(lost)],
  ];
  test.each(rows)('%s', (cause, subject) => {
    const { place, actor } = subject();
    expect(place).toBe('closed');
    expect(actor.getSnapshot().output).toMatchObject({ cause });
  });
});

test('what the WebSocket calls an error is told with its word, by the loss and at the end', () => {
  const failure: Fact = { ...lost, reason: 'bad frame', failed: true };
  const subject = alive({ retries: 0 });
  const reports = reportsOf(subject);
  subject.tell(failure);
  const end = { code: 1006, reason: 'bad frame', wasClean: false, failed: true };
  expect(reports).toEqual([{ type: 'lost', cause: 'peer-closed', nextDialIn: undefined, ...end }]);
  expect(subject.actor.getSnapshot().output).toEqual({ cause: 'peer-closed', ...end });
});

describe('a 404 where there was a session', () => {
  const notFound: Fact = { ...lost, status: 404 };
  const redialled = (settings = {}) => alive(settings).tell(lost).wait();

  test('is of a router between two deployments, for a minute; then it is the end', () => {
    const subject = redialled();
    const lostAt = subject.clock.now();
    let dials = 0;
    while (subject.tell(notFound).place === 'reconnecting') {
      dials += 1;
      expect(subject.clock.now() - lostAt).toBeLessThan(60_000);
      subject.wait();
    }
    expect(dials).toBeGreaterThan(3);
    expect(subject.place).toBe('closed');
    expect(subject.clock.now() - lostAt).toBeGreaterThan(55_000);
    expect(subject.actor.getSnapshot().output).toMatchObject({ cause: 'fatal' });
  });

  test.each([
    [59_999, 'reconnecting'],
    [60_000, 'closed'],
  ])('after %i ms: %s', (ms, place) => {
    expect(redialled({ backoff: () => ms }).tell(notFound).place).toBe(place);
  });

  test('counts anew from each loss, and not from the first', () => {
    const subject = redialled();
    name(subject.tell({ type: 'socket.opened' }));
    for (let i = 0; i < 10; i += 1) {
      subject.clock.advance(30_000);
      beat(subject, 0);
    }
    expect(subject.tell(lost).wait().tell(notFound).place).toBe('reconnecting');
  });

  test.each([
    ['retries has the last word', { retries: 1 }, 'retries-exhausted'],
    ['shouldReconnect has the last word', { shouldReconnect: ({ status }: Loss) => status !== 404 }, 'fatal'],
  ])('%s', (_, settings, cause) => {
    const subject = redialled(settings).tell(notFound);
    expect(subject.place).toBe('closed');
    expect(subject.actor.getSnapshot().output).toMatchObject({ cause });
  });

  test.each([401, 403])('%i says who we are, and not where: the end', (status) => {
    expect(redialled().tell({ ...lost, status }).place).toBe('closed');
  });

  test('where there was none, it is the end', () => {
    expect(new LoneMachine().tell(notFound).place).toBe('closed');
    // Also of one that has been refused otherwise before.
    expect(new LoneMachine().tell(lost).wait().tell(notFound).place).toBe('closed');
  });
});

test('a dial that was refused is told with its HTTP status, where there is one', () => {
  const subject = new LoneMachine();
  const told = reportsOf(subject);
  subject
    .tell({ ...lost, reason: 'HTTP 503', status: 503 })
    .wait()
    .tell(lost);
  expect(told).toStrictEqual([
    { type: 'retry', cause: 'refused', attempt: 1, reason: 'HTTP 503', status: 503, nextDialIn: expect.any(Number) },
    { type: 'retry', cause: 'refused', attempt: 2, reason: lost.reason, nextDialIn: expect.any(Number) },
  ]);
});

test.each([
  [{ at: 5_000, wait: 1_000 }, 5_000],
  [{ at: undefined, wait: 0 }, undefined],
  [{ at: 5_000, wait: longestTimer }, Infinity],
])('when the next dial is due, of %j: %s', (waiting, at) => {
  expect(nextDialAt({ ...noDialYet(settle({})), ...waiting })).toBe(at);
});

describe('a server that takes in and names nobody', () => {
  const unnamed = (subject: LoneMachine) => {
    subject.tell({ type: 'socket.opened' });
    while (subject.place !== 'reconnecting') subject.wait();
    return subject.wait();
  };
  const warningsOf = (told: readonly { type: string }[]) => told.filter(({ type }) => type === 'warning');

  test('is told of at the second dial, once, before that is reported', () => {
    const subject = new LoneMachine();
    const told = reportsOf(subject);
    for (let i = 0; i < 4; i += 1) unnamed(subject);
    expect(told.map(({ type }) => type)).toEqual(['retry', 'warning', 'retry', 'retry', 'retry']);
    expect(warningsOf(told)).toEqual([
      { type: 'warning', code: 'never-named', message: expect.stringContaining('within idTimeout (5000 ms)') },
    ]);
  });

  test('is not, where there ever was a session', () => {
    const subject = new LoneMachine();
    const told = reportsOf(subject);
    name(subject.tell({ type: 'socket.opened' }))
      .tell(lost)
      .wait();
    for (let i = 0; i < 4; i += 1) unnamed(subject);
    expect(warningsOf(told)).toEqual([]);
  });
});

describe('lines that are given up one after the other without one sign of life', () => {
  /** Named, and silent from then on. */
  const silentOnce = (subject: LoneMachine) => {
    name(subject.tell({ type: 'socket.opened' }));
    while (subject.place !== 'reconnecting') subject.wait();
    return contextOf(subject).nextDial.wait;
  };

  test('the first is dialled at once, the others at the pace of backoff, and the second is told of, once', () => {
    const subject = new LoneMachine();
    const told = reportsOf(subject);
    const waits: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      waits.push(silentOnce(subject));
      subject.wait();
    }
    expect(waits).toEqual([0, 375, 750, 1_500, 3_000]);
    const warnings = told.filter(({ type }) => type === 'warning');
    expect(warnings).toMatchObject([{ code: 'never-answered' }]);
    expect(warnings).toMatchObject([{ message: expect.stringMatching(/heartbeat\.timeout \(10000 ms\).*in parts/) }]);
    // Before anybody hears that the second one is lost.
    expect(told.map(({ type }) => type).slice(0, 5)).toEqual(['open', 'lost', 'restored', 'warning', 'lost']);
  });

  test.each<[what: string, life: (subject: LoneMachine) => unknown]>([
    ['any frame, when asked', (subject) => subject.wait().tell({ type: 'peer.spoke' })],
    ['any frame, in doubt', (subject) => subject.wait().wait().tell({ type: 'peer.spoke' })],
    ['an answer', (subject) => beat(subject, 0)],
  ])('%s: begun anew', (_, life) => {
    const subject = new LoneMachine();
    silentOnce(subject);
    life(name(subject.wait().tell({ type: 'socket.opened' })));
    while (subject.place !== 'reconnecting') subject.wait();
    expect(contextOf(subject)).toMatchObject({ nextDial: { wait: 0 }, session: { unanswered: 1 } });
  });

  test('a dial that fails between them, or a line that breaks, changes nothing of it', () => {
    const subject = new LoneMachine();
    silentOnce(subject);
    subject.wait().tell(lost).wait();
    name(subject.tell({ type: 'socket.opened' }))
      .tell(lost)
      .wait();
    expect(silentOnce(subject)).toBeGreaterThan(0);
  });

  test('an app with a rule of its own is told how many there were', () => {
    const losses: (number | undefined)[] = [];
    const subject = new LoneMachine({ backoff: (_, { unanswered }) => (losses.push(unanswered), 10) });
    for (let i = 0; i < 3; i += 1) {
      silentOnce(subject);
      subject.wait();
    }
    expect(losses).toEqual([1, 2, 3]);
  });
});

test('retries: 0 is one dial and one line', () => {
  const subject = alive({ retries: 0 });
  subject.clock.advance(10_000);
  const reports = reportsOf(subject);
  subject.tell({ type: 'socket.lost', code: 4001, reason: 'gone', wasClean: true });
  expect(reports).toMatchObject([{ type: 'lost', cause: 'peer-closed', code: 4001, nextDialIn: undefined }]);
  expect(subject.actor.getSnapshot().output).toMatchObject({ code: 4001, wasClean: true, cause: 'peer-closed' });
});

test('retries are counted anew after a stable line', () => {
  const subject = alive({ retries: 1 });
  for (let loss = 0; loss < 5; loss += 1) {
    subject.clock.advance(10_000);
    subject.tell(lost);
    expect(subject.place).toBe('reconnecting');
    name(subject.wait());
  }
});

test('reconnect() beats the backoff, the retries and the fatal codes', () => {
  const subject = new LoneMachine({ retries: 0, shouldReconnect: () => false }).tell({ type: 'user.reconnected' });
  expect(subject.place).toBe('redialling');
  expect(contextOf(subject)).toMatchObject({ nextDial: { wait: 0 }, attempt: 0 });
  const waiting = new LoneMachine().tell(lost).tell({ type: 'user.reconnected' });
  expect(waiting.place).toBe('connecting.dialling');
  expect(contextOf(waiting)).toMatchObject({ attempt: 1, nextDial: { dials: [expect.any(Number)] } });
});

test.each<[string, PartialSettings, Obstacle | undefined]>([
  ["the app's own rule", { backoff: () => 600_000 }, undefined],
  ['being offline', {}, 'offline'],
  ['not being seen', {}, 'unseen'],
])('reconnect() on an open line dials at once, against %s', (_, settings, obstacle) => {
  const subject = alive(settings);
  subject.line.blocked = obstacle;
  subject.did.length = 0;
  subject.tell({ type: 'user.reconnected' });
  expect(subject.did).toEqual(['cut', '!lost user-reconnected 0', '⏱0']);
  expect(subject.wait().place).toBe('connecting.dialling');
  expect(contextOf(subject.tell(lost)).nextDial.wait, 'once').toBeGreaterThan(0);
});

test.each([
  ['1001 is not fatal', { code: 1001 }, undefined, 'reconnecting'],
  ['1002 is', { code: 1002 }, undefined, 'closed'],
  ['3000 is', { code: 3000 }, undefined, 'closed'],
  ['401 is', { status: 401 }, undefined, 'closed'],
  ['404 is', { status: 404 }, undefined, 'closed'],
  ['503 is not', { status: 503 }, undefined, 'reconnecting'],
  ['a protocol says not', { code: 1008, fatal: false }, undefined, 'reconnecting'],
  ['a protocol says so', { code: 4000, fatal: true }, undefined, 'closed'],
  ['the user says not', { code: 1008 }, true, 'reconnecting'],
  ['the user says so', { code: 1001 }, false, 'closed'],
  ["the user's word beats the protocol's", { code: 4000, fatal: true }, true, 'reconnecting'],
] as const)('fatal: %s', (_, fact, said, place) => {
  const subject = alive({ shouldReconnect: () => said });
  subject.tell({ type: 'socket.lost', code: 1006, reason: '', wasClean: false, ...fact });
  expect(subject.place).toBe(place);
  if (place === 'closed') expect(subject.actor.getSnapshot().output).toMatchObject({ cause: 'fatal' });
});

test('shouldReconnect is asked of silence too, and told what happened', () => {
  const losses: unknown[] = [];
  const subject = alive({
    shouldReconnect: (loss) => {
      losses.push(loss);
      return false;
    },
  });
  subject.clock.advance(70_000);
  expect(subject.place).toBe('closed');
  expect(losses).toMatchObject([{ cause: 'silent', code: 1006, attempt: 0 }]);
});

test('shouldReconnect is told what the server has said', () => {
  const losses: unknown[] = [];
  const subject = new LoneMachine({ shouldReconnect: (loss) => void losses.push(loss) });
  subject.tell({ ...lost, reason: 'HTTP 503', status: 503, retryAfter: 7_000 });
  expect(losses).toEqual([
    { cause: 'refused', attempt: 1, code: 1006, reason: 'HTTP 503', wasClean: false, status: 503, retryAfter: 7_000 },
  ]);
});

test('a delay that the server states is honoured, within bounds', () => {
  const waitAfter = (retryAfter: number) => contextOf(alive().tell({ ...lost, retryAfter })).nextDial.wait;
  expect(waitAfter(42_000)).toBe(42_500);
  expect(waitAfter(1e12)).toBe(3_600_500);
  expect(waitAfter(-1)).toBe(375);
});

test('the network has changed while dialling: anew at once, but not twice a second', () => {
  const subject = new LoneMachine();
  subject.clock.advance(3_000);
  subject.tell({ type: 'world.woke', reason: 'network' });
  expect(contextOf(subject).nextDial.wait).toBe(0);
  subject.wait().tell({ type: 'world.woke', reason: 'network' });
  expect(contextOf(subject).nextDial.wait).toBe(1_000);
});

test('where no dial may follow, a dial in progress is not given up for a new network', () => {
  expect(new LoneMachine({ retries: 0 }).tell({ type: 'world.woke', reason: 'network' }).place).toBe(
    'connecting.dialling',
  );
});

test('a wake dials a waiting connection at most once a second', () => {
  const subject = new LoneMachine().tell(lost).wait().tell(lost).wait().tell(lost).wait();
  subject.tell(lost); // the next dial is due in 3 s; the last one was just now
  expect(contextOf(subject).nextDial.wait).toBe(3_000);
  subject.tell({ type: 'world.woke', reason: 'visible' });
  expect(contextOf(subject).nextDial.wait).toBe(1_000);
  subject.clock.advance(600);
  subject.tell({ type: 'world.woke', reason: 'visible' });
  expect(subject.clock.pending).toEqual([400]);
});

test('a wake that could dial no sooner than the dial that waits leaves it alone', () => {
  const subject = new LoneMachine();
  subject.clock.advance(625);
  subject.tell(lost); // both are due in 375
  subject.did.length = 0;
  subject.tell({ type: 'world.woke', reason: 'visible' });
  expect(subject.did).toEqual([]);

  const due = new LoneMachine().tell(lost).wait().tell(lost).wait().tell(lost);
  due.did.length = 0;
  due.line.ahead += contextOf(due).nextDial.wait; // at this very moment
  due.tell({ type: 'world.woke', reason: 'visible' });
  expect(due.did).toEqual([]);
});

test('a wake dials what is overdue, since the timer has not run while the clock has', () => {
  const subject = new LoneMachine().tell({ type: 'url.failed', reason: '' }).wait().tell(lost).wait().tell(lost);
  subject.line.ahead += 60_000;
  subject.tell({ type: 'world.woke', reason: 'sleep' });
  expect(contextOf(subject).nextDial.wait).toBe(0);
});

test('when the next dial leaves is told by the wall clock, and by ours', () => {
  const subject = new LoneMachine();
  subject.line.jump = 7;
  subject.clock.advance(50);
  const now = subject.clock.now();
  subject.tell(lost);
  expect(contextOf(subject).nextDial).toMatchObject({ wait: 375, at: now + 382, dueAt: now + 375 });
  expect(contextOf(subject.wait()).nextDial.at, 'no dial waits').toBeUndefined();
});

test('close() is heeded between reconnect() and its dial', () => {
  const subject = alive().tell({ type: 'user.reconnected' }, { type: 'user.closed' });
  expect(subject.place).toBe('closed');
  expect(subject.actor.getSnapshot().output).toMatchObject({ cause: 'user-closed', code: 1006 });
});

/** A network that comes and goes every second, while dialling: so many dials have begun. */
function restless(dials: number): LoneMachine {
  const subject = new LoneMachine();
  for (let dial = 1; dial < dials; dial += 1) {
    subject.clock.advance(1_000);
    subject.tell({ type: 'world.woke', reason: 'network' }).wait();
  }
  subject.clock.advance(1_000);
  return subject;
}

test('ten dials within 75.75 s, and no wake brings the next one nearer', () => {
  expect(contextOf(restless(9).tell({ type: 'world.woke', reason: 'network' })).nextDial.wait).toBe(0);
  const subject = restless(10).tell({ type: 'world.woke', reason: 'network' });
  expect(contextOf(subject).nextDial.wait).toBe(65_750);
  subject.did.length = 0;
  subject.clock.advance(1_000);
  expect(subject.tell({ type: 'world.woke', reason: 'visible' }).did).toEqual([]);
  subject.wait();
  expect(contextOf(subject).nextDial.dials).toHaveLength(10);
  subject.tell({ type: 'world.woke', reason: 'network' });
  expect(contextOf(subject).nextDial.wait, 'the second of the ten was a second later').toBe(1_000);
});

test('ten dials of one moment are ten as well', () => {
  const subject = new LoneMachine();
  for (let dial = 1; dial < 10; dial += 1) subject.tell({ type: 'world.suspended' }).wait();
  expect(contextOf(subject.tell({ type: 'world.suspended' })).nextDial.wait).toBe(75_750);
});

test.each<[string, (subject: LoneMachine) => unknown, wait: number]>([
  ['after reconnect()', (subject) => subject.tell({ type: 'user.reconnected' }).wait(), 375],
  [
    'after reconnect() while a dial waits',
    (subject) => subject.tell({ type: 'world.woke', reason: 'network' }, { type: 'user.reconnected' }),
    375,
  ],
  // What the tenth failed dial waits, from its beginning.
  ['when the clock has been set back', (subject) => (subject.line.jump -= 60_000), 21_500],
])('dials are counted anew %s', (_, happen, wait) => {
  const subject = restless(10);
  happen(subject);
  expect(contextOf(subject.tell(lost)).nextDial.wait).toBe(wait);
});

test('what the server has asked for is shortened by no wake, and by no clock that is set', () => {
  const subject = new LoneMachine().tell({ ...lost, retryAfter: 60_000 });
  subject.did.length = 0;
  expect(subject.tell({ type: 'world.woke', reason: 'visible' }).did).toEqual([]);
  subject.line.jump -= 3_600_000;
  subject.line.blocked = 'offline';
  subject.tell({ type: 'world.wentOffline' });
  expect(contextOf(subject).nextDial.wait).toBe(60_500);
});

test.each<[string, Partial<typeof lost>, Obstacle | undefined]>([
  ['the wait of the backoff', {}, undefined],
  ['the wait for the network', {}, 'offline'],
])(
  'what ended while the machine slept, and its timer stood still, is not waited for any more: %s',
  (_, said, obstacle) => {
    const subject = alive();
    subject.line.blocked = obstacle;
    subject.tell({ ...lost, ...said });
    subject.line.blocked = undefined;
    subject.line.jump += 2 * 3_600_000;
    subject.tell({ type: 'world.woke', reason: 'sleep' });
    expect(contextOf(subject).nextDial.wait).toBeLessThanOrEqual(1_000);
    expect(subject.wait().place).toBe('connecting.dialling');
  },
);

test.each([-2 * 3_600_000, -1, 86_400_000, 30 * 86_400_000])(
  'a clock that is set by %d ms while the page is hidden holds no dial',
  (jump) => {
    const subject = alive();
    subject.line.blocked = 'unseen';
    subject.tell(lost).clock.advance(60_000);
    subject.line.jump += jump;
    subject.line.blocked = undefined;
    subject.tell({ type: 'world.woke', reason: 'visible' });
    expect(contextOf(subject).nextDial.wait).toBeLessThanOrEqual(1_000);
    expect(subject.wait().place).toBe('connecting.dialling');
  },
);

test('offline shortens no wait', () => {
  const subject = alive({ backoff: () => 600_000 }).tell(lost);
  subject.clock.advance(100_000);
  subject.line.blocked = 'offline';
  expect(contextOf(subject.tell({ type: 'world.wentOffline' })).nextDial.wait).toBe(500_000);
  const full = new LoneMachine({ backoff: { max: 1_000 } }).tell({ ...lost, code: 1013 });
  full.line.blocked = 'offline';
  expect(contextOf(full.tell({ type: 'world.wentOffline' })).nextDial.wait).toBe(5_500);
});

test('no pace is longer than a timer can be', () => {
  const week = 604_800_000;
  const subject = alive({ backoff: { initial: week, max: week }, stableAfter: 0 });
  for (let dial = 1; dial < 10; dial += 1) {
    subject.clock.advance(0);
    name(subject.tell(lost).wait());
  }
  subject.clock.advance(0);
  expect(contextOf(subject.tell(lost)).nextDial.wait).toBe(2 ** 31 - 1);
});

test("the app's own rule decides the wait; offline, its dials are held as long as any by default", () => {
  const subject = alive({ backoff: () => 42 }).tell(lost);
  expect(contextOf(subject).nextDial.wait).toBe(42);
  subject.line.blocked = 'offline';
  subject.tell({ type: 'world.wentOffline' });
  expect(contextOf(subject).nextDial.wait).toBe(30_000);
  const quick = alive({ backoff: { max: 7_000 } }).tell(lost);
  quick.line.blocked = 'offline';
  expect(contextOf(quick.tell({ type: 'world.wentOffline' })).nextDial.wait).toBe(7_000);
});

test('offline holds the next dial until online, or the longest backoff', () => {
  const subject = alive();
  subject.line.blocked = 'offline';
  subject.tell({ type: 'world.wentOffline' }, lost);
  expect(contextOf(subject).nextDial.wait).toBe(30_000);
  subject.line.blocked = undefined;
  subject.tell({ type: 'world.woke', reason: 'network' });
  expect(contextOf(subject).nextDial.wait).toBeLessThanOrEqual(1_000);
});

test('a page that is not seen holds its dials, also one that is due already, until it is seen', () => {
  const subject = alive();
  subject.line.blocked = 'unseen';
  subject.did.length = 0;
  subject.tell(lost);
  expect(subject.did.at(-2)).toBe('!lost peer-closed Infinity');
  subject.tell({ type: 'world.woke', reason: 'network' }).clock.advance(86_400_000);
  expect(subject.place).toBe('reconnecting');
  expect(subject.did).not.toContain('dial');
  subject.line.blocked = undefined;
  subject.tell({ type: 'world.woke', reason: 'visible' }).wait();
  expect(subject.place).toBe('connecting.dialling');

  subject.tell(lost);
  subject.line.blocked = 'unseen';
  subject.did.length = 0;
  subject.clock.advance(60_000);
  expect(subject.did).toEqual([`⏱${2 ** 31 - 1}`]);
  expect(subject.place).toBe('reconnecting');
  expect(contextOf(subject).nextDial.wait).toBe(2 ** 31 - 1);
  expect(subject.tell({ type: 'user.reconnected' }).place, 'the user sees what the page does not').toBe(
    'connecting.dialling',
  );
});

test('a page that enters the cache hangs up, and dials when it is back', () => {
  const subject = alive();
  subject.line.blocked = 'unseen';
  subject.did.length = 0;
  subject.tell({ type: 'world.suspended' });
  expect(subject.did).toEqual(['cut', '!lost suspended Infinity', `⏱${2 ** 31 - 1}`]);
  subject.clock.advance(3_600_000);
  subject.line.blocked = undefined;
  subject.tell({ type: 'world.woke', reason: 'freeze' });
  expect(contextOf(subject).nextDial.wait).toBe(0);
  expect(subject.wait().place).toBe('connecting.dialling');
});

test.each([
  ['the interval asked for', undefined, 70_000],
  ['a longer one that it dictates', 120_000, 130_000],
  ['a shorter one', 20_000, 30_000],
])(
  'a server that beats by itself is doubted after a wake only when its beat is overdue, by %s',
  (_, interval, bound) => {
    const subject = new LoneMachine({ liveness: 'server-beats' });
    subject.tell(opened, { type: 'peer.named', receivedAt: 0, interval });
    subject.line.silence = bound;
    subject.tell({ type: 'world.woke', reason: 'sleep' });
    expect(subject.place).toBe('alive.quiet');
    subject.line.silence = bound + 1;
    subject.tell({ type: 'world.woke', reason: 'sleep' });
    expect(subject.place).toBe('stale.silent.asking');
  },
);

test.each([
  [5_000, 5_000],
  [1, 1_000],
  [1e9, 3_600_000],
  [Infinity, 3_600_000],
  [-1, 1_000],
  [Number.NaN, 60_000],
])('an interval of %d dictated by the server becomes %d, for this visit', (interval, inForce) => {
  const subject = new LoneMachine().tell(opened, { type: 'peer.named', receivedAt: 0, interval });
  expect(contextOf(subject).interval).toBe(inForce);
  expect(subject.clock.pending).toContain(inForce);
  expect(contextOf(subject.tell(lost).wait()).interval).toBe(60_000);
});

test('restored tells the old name and the new, how long, and how many dials', () => {
  const subject = alive();
  subject.clock.advance(10_000);
  subject.tell(lost).wait().tell(lost).wait();
  const reports = reportsOf(subject);
  subject.tell(opened, { type: 'peer.named', id: 'b', receivedAt: 0 });
  // 500 of spread, then 375 of backoff.
  expect(reports).toEqual([{ type: 'restored', id: 'b', previousId: 'a', downFor: 875, attempts: 2 }]);
  expect(contextOf(subject).id).toBe('b');
});

test('how long it was away is told in whole milliseconds', () => {
  const subject = alive().tell(lost);
  const reports = reportsOf(subject);
  subject.clock.advance(375);
  subject.clock.advance(0.6);
  name(subject);
  expect(reports).toMatchObject([{ type: 'restored', downFor: 376 }]);
});

test('after the loss of a line that was not stable, the dials since then are counted', () => {
  const subject = alive().tell(lost).wait();
  const reports = reportsOf(subject);
  name(subject);
  expect(reports).toMatchObject([{ type: 'restored', attempts: 1 }]);
});

test('a server whose clock is a year off, and steady, is never doubted', () => {
  const subject = alive({}, -year);
  for (let i = 0; i < 1_000; i += 1) {
    subject.clock.advance(60_000);
    beat(subject, -year);
    expect(subject.place).toBe('alive.quiet');
  }
  expect(contextOf(subject).roundTripTime).toBe(7);
});

test('an outdated beat is asked about once; with no fresh one to follow, the line is left', () => {
  const subject = beat(alive({}, 0), 0);
  subject.clock.advance(60_000);
  beat(subject, -60_008);
  expect(subject.place).toBe('stale.outdated.asking');
  subject.did.length = 0;
  for (let i = 0; i < 4; i += 1) {
    subject.clock.advance(1_200);
    beat(subject, -60_008);
  }
  expect(subject.did).toEqual(['→await', '→await', '→await', '→await']);
  expect(subject.place).toBe('stale.outdated.asking');
  subject.wait().wait();
  expect(contextOf(subject)).toMatchObject({ cause: 'outdated', nextDial: { wait: 0 } });
  expect(subject.place).toBe('reconnecting');
});

test('beats that lay unread while we stood still cost nothing: a fresh one follows them', () => {
  const subject = beat(alive({}, 0), 0);
  subject.clock.advance(60_000);
  for (let age = 90_000; age > 60_008; age -= 1_000) beat(subject, -age);
  expect(subject.place).toBe('stale.outdated.asking');
  expect(beat(subject, 0).place).toBe('alive.quiet');
  expect(contextOf(subject).cause).toBeUndefined();
});

test('a beat that was maxAge old when it was asked for is not outdated; maxAge: Infinity dates nothing', () => {
  expect(beat(beat(alive({}, 0), 0), -60_007).place).toBe('alive.quiet');
  expect(beat(beat(alive({ heartbeat: { maxAge: Infinity } }, 0), 0), -year).place).toBe('alive.quiet');
});

test('if the first answer is outdated already, the clock is distrusted, once, and for this visit', () => {
  const subject = alive({}, 0);
  const reports = reportsOf(subject);
  subject.clock.advance(60_000);
  expect(beat(subject, -year).place).toBe('alive.quiet');
  expect(contextOf(subject).roundTripTime).toBe(7);
  beat(subject, 0);
  beat(subject, -year);
  expect(subject.place).toBe('alive.quiet');
  expect(reports).toEqual([
    { type: 'warning', code: 'clock-distrusted', message: expect.stringContaining('older than heartbeat.maxAge') },
  ]);
  expect(contextOf(subject).serverClock).toBe('distrusted');
  name(subject.tell(lost).wait(), 0);
  expect(contextOf(subject).serverClock).toMatchObject({ offset: 0, samples: 1 });
});

test('a beat that nobody asked for is as old as its clock says', () => {
  const subject = beat(alive({ liveness: 'server-beats' }, 0), 0);
  const receivedAt = subject.clock.now();
  subject.tell({ type: 'peer.beat', receivedAt, serverTime: receivedAt - 60_000 });
  expect(subject.place).toBe('alive.quiet');
  subject.tell({ type: 'peer.beat', receivedAt, serverTime: receivedAt - 60_001 });
  expect(subject.place).toBe('stale.outdated.asking');
});

test('the first answer may be outdated in a doubt as well', () => {
  const subject = alive({}, 0).wait().wait();
  const reports = reportsOf(subject);
  subject.did.length = 0;
  beat(subject, -year);
  expect(subject.place).toBe('alive.quiet');
  expect(reports).toMatchObject([{ type: 'warning', code: 'clock-distrusted' }]);
  expect(contextOf(subject)).toMatchObject({ serverClock: 'distrusted', roundTripTime: 7 });
});

test('an answer that ends a doubt is an answer like any other', () => {
  const subject = beat(alive({}, 0).wait().wait(), 5);
  expect(contextOf(subject)).toMatchObject({ roundTripTime: 7, serverClock: { offset: 5, samples: 2 } });
});

test('a server that states no time, or none that is one, has no clock until it does', () => {
  const subject = alive();
  expect(contextOf(subject).serverClock).toBeUndefined();
  expect(contextOf(beat(subject, Number.NaN)).serverClock).toBeUndefined();
  expect(beat(subject, -year).place).toBe('alive.quiet');
  expect(contextOf(subject).serverClock).toMatchObject({ offset: -year, samples: 1 });
  subject.tell({ type: 'peer.beat', receivedAt: subject.clock.now(), roundTripTime: undefined });
  expect(contextOf(subject)).toMatchObject({ roundTripTime: 7, serverClock: { offset: -year, samples: 1 } });
});

test('the best estimate of the offset is the highest sample, but it may sink as clocks drift', () => {
  const subject = alive({}, -400);
  beat(subject, -30); // less delayed than the id
  expect(contextOf(subject).serverClock).toMatchObject({ offset: -30 });
  subject.clock.advance(50_000);
  beat(subject, -1_000);
  expect(contextOf(subject).serverClock).toMatchObject({ offset: -80, samples: 3 }); // 1 ms per second
  subject.clock.advance(50_000);
  beat(subject, -90);
  expect(contextOf(subject).serverClock).toMatchObject({ offset: -90 });
});

test('a clock that drifts by 500 ppm for a month is never called outdated', () => {
  const subject = alive({}, 0);
  for (let minute = 1; minute <= 43_200; minute += 1) {
    subject.clock.advance(60_000);
    beat(subject, -30 * minute);
  }
  expect(subject.place).toBe('alive.quiet');
  expect(contextOf(subject).attempt).toBe(0);
});

test('a wake never postpones a dial', () => {
  const subject = new LoneMachine().tell(lost); // the next dial is due in 375, a wake's in 1,000
  subject.tell({ type: 'world.woke', reason: 'visible' });
  expect(subject.clock.pending).toEqual([375]);
});

test('a doubt that was dispelled leaves no cause behind', () => {
  const subject = alive().wait().wait();
  expect(contextOf(subject).cause).toBe('silent');
  expect(contextOf(subject.tell(spoke)).cause).toBeUndefined();
});

test.each([
  ['connecting', () => new LoneMachine()],
  ['reconnecting', () => new LoneMachine().tell({ ...lost, code: 4000, reason: 'gone' })],
] as const)('closed while %s there was no handshake to tell of, and the line is told', (_, arrive) => {
  const byUser = arrive().tell({ type: 'user.closed', code: 4001, reason: 'bye' });
  expect(byUser.actor.getSnapshot().output).toEqual({ code: 1006, reason: '', wasClean: false, cause: 'user-closed' });
  expect(byUser.line.isOver).toBe(true);
  const bySignal = arrive().tell({ type: 'user.closed', cause: 'aborted' });
  expect(bySignal.actor.getSnapshot().output).toMatchObject({ cause: 'aborted' });
});

test('closed while alive, what the handshake said is told', () => {
  const subject = alive().tell({ type: 'user.closed', cause: 'aborted' });
  subject.tell({ type: 'socket.lost', code: 1000, reason: 'bye', wasClean: true });
  expect(subject.actor.getSnapshot().output).toEqual({ code: 1000, reason: 'bye', wasClean: true, cause: 'aborted' });
});
