/**
 * What the platform does, as facts. In a real page it is told in real-page/real-page.test.ts; here the rows, the counting, and sleep.
 */
import { describe, expect, test, vi } from 'vitest';

import { Lifecycle, lifecycleOf, type Platform } from '../../adapters/lifecycle.ts';
import { plain } from '../../adapters/protocols/plain.ts';
import type { WorldFact } from '../../machines/events.ts';
import { listen, open, statesOf, textOf, until, untilState } from '../helpers/support.ts';

/** Counts who listens. */
class Target extends EventTarget {
  listeners = 0;

  override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
    this.listeners += 1;
    super.addEventListener(...args);
  }

  override removeEventListener(...args: Parameters<EventTarget['removeEventListener']>): void {
    this.listeners -= 1;
    super.removeEventListener(...args);
  }
}

/** A page whose clocks stand still until they are told to go. */
function page() {
  const self = new Target();
  const document = Object.assign(new Target(), { visibilityState: 'visible' });
  const connection = Object.assign(new Target(), { type: 'wifi' });
  const navigator = { onLine: true, connection };
  const time = { now: 0, wallTime: 1_000_000 };
  const timers = new Map<number, () => void>();
  let made = 0;
  const platform: Platform = {
    addEventListener: (...args: Parameters<EventTarget['addEventListener']>) => self.addEventListener(...args),
    removeEventListener: (...args: Parameters<EventTarget['removeEventListener']>) => self.removeEventListener(...args),
    document,
    navigator,
    now: () => time.now,
    wallTime: () => time.wallTime,
    setInterval(callback) {
      timers.set((made += 1), callback);
      return made;
    },
    clearInterval: (id) => void timers.delete(id as number),
  };
  const told: WorldFact[] = [];
  const lifecycle = new Lifecycle(platform);
  return {
    lifecycle,
    told,
    document,
    navigator,
    connection,
    timers,
    listeners: () => self.listeners + document.listeners + connection.listeners,
    /** The answer undoes it. */
    watch() {
      const watcher = { tell: (fact: WorldFact) => void told.push(fact) };
      lifecycle.watch(watcher);
      return () => lifecycle.unwatch(watcher);
    },
    fire: (target: EventTarget, type: string, more: object = {}) =>
      target.dispatchEvent(Object.assign(new Event(type), more)),
    self,
    /** Lets both clocks run, and then compares them. */
    pass(now: number, wallTime = now) {
      time.now += now;
      time.wallTime += wallTime;
      for (const callback of timers.values()) callback();
    },
  };
}

describe('facts', () => {
  type FakePage = ReturnType<typeof page>;
  const rows: [string, (page: FakePage) => void, string[]][] = [
    ['online', (p) => p.fire(p.self, 'online'), ['network']],
    ['offline', (p) => p.fire(p.self, 'offline'), ['world.wentOffline']],
    ['another network', (p) => p.fire(Object.assign(p.connection, { type: 'cellular' }), 'change'), ['network']],
    ['the same network, measured anew', (p) => p.fire(p.connection, 'change'), []],
    [
      'no network, and one again, of which `online` tells',
      (p) => {
        p.fire(Object.assign(p.connection, { type: 'none' }), 'change');
        p.fire(Object.assign(p.connection, { type: 'cellular' }), 'change');
      },
      [],
    ],
    ['no network', (p) => p.fire(Object.assign(p.connection, { type: 'none' }), 'change'), []],
    ['seen', (p) => p.fire(p.document, 'visibilitychange'), ['visible']],
    ['hidden', (p) => p.fire(Object.assign(p.document, { visibilityState: 'hidden' }), 'visibilitychange'), []],
    ['resume', (p) => p.fire(p.document, 'resume'), ['freeze']],
    ['freeze', (p) => p.fire(p.document, 'freeze'), []],
    ['pagehide, persisted', (p) => p.fire(p.self, 'pagehide', { persisted: true }), ['world.suspended']],
    ['pagehide, for good', (p) => p.fire(p.self, 'pagehide', { persisted: false }), []],
    ['pageshow, persisted', (p) => p.fire(p.self, 'pageshow', { persisted: true }), ['freeze']],
    ['pageshow, loaded', (p) => p.fire(p.self, 'pageshow', { persisted: false }), []],
    ['time passes', (p) => p.pass(2_000), []],
    ['time passes, again and again', (p) => (p.pass(100_000), p.pass(100_000)), []],
    ['time passes on clocks that are set right', (p) => p.pass(2_000, 4_000), []],
    ['sleep, as short as can be told', (p) => p.pass(2_000, 4_001), ['sleep']],
    ['sleep, the monotonic clock standing still', (p) => p.pass(2_000, 3_600_000), ['sleep']],
    ['sleep, the monotonic clock running on', (p) => p.pass(3_600_000), ['sleep']],
    ['a timer that is as late as one of a hidden page', (p) => p.pass(120_000), []],
    ['a timer that is later than that', (p) => p.pass(120_001), ['sleep']],
    ['a hidden page, whose timers fire once a minute', (p) => p.pass(60_000), []],
    ['a wall clock set back', (p) => p.pass(2_000, -3_600_000), []],
  ];
  test.each(rows)('%s', (_, happen, expected) => {
    const here = page();
    here.watch();
    happen(here);
    expect(here.told.map((fact) => (fact.type === 'world.woke' ? fact.reason : fact.type))).toEqual(expected);
  });
});

test('obstacles', () => {
  const here = page();
  const { lifecycle, navigator, document, fire, self } = here;
  const undo = here.watch();
  const obstacles = () => ([undefined, 'dial', 'hold'] as const).map((whileHidden) => lifecycle.obstacle(whileHidden));
  expect(obstacles()).toEqual([undefined, undefined, undefined]);
  navigator.onLine = false;
  expect(obstacles()).toEqual(['offline', 'offline', 'offline']);
  document.visibilityState = 'hidden';
  expect(obstacles()).toEqual(['offline', 'offline', 'unseen']);
  fire(self, 'pagehide', { persisted: true });
  expect(obstacles()).toEqual(['unseen', 'unseen', 'unseen']);
  fire(self, 'pageshow', { persisted: true });
  navigator.onLine = true;
  expect(obstacles()).toEqual([undefined, undefined, 'unseen']);
  fire(self, 'pagehide', { persisted: true });
  undo();
  expect(obstacles(), 'of a page that nobody watches').toEqual([undefined, undefined, 'unseen']);
});

test('each platform has one, and the one of this process is there without being named', () => {
  const platform: Platform = { now: () => 0, wallTime: () => 0, setInterval: () => 5, clearInterval: () => {} };
  expect(lifecycleOf({ platform })).toBe(lifecycleOf({ platform, whileHidden: 'hold' }));
  expect(lifecycleOf({ platform })).not.toBe(lifecycleOf({ platform: { ...platform } }));
  expect(lifecycleOf({})).toBe(lifecycleOf({ whileHidden: 'hold' }));
  expect(lifecycleOf({})).not.toBe(lifecycleOf({ platform }));
});

test('the one of this process is that of a page, where there is one', () => {
  const heard: string[] = [];
  const cleared: unknown[] = [];
  vi.stubGlobal('navigator', { onLine: false });
  vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'hidden' }));
  vi.stubGlobal('addEventListener', (type: string) => heard.push(`+${type}`));
  vi.stubGlobal('removeEventListener', (type: string) => heard.push(`-${type}`));
  vi.stubGlobal('setInterval', () => 5);
  vi.stubGlobal('clearInterval', (id: unknown) => cleared.push(id));
  try {
    expect(lifecycleOf({}).obstacle(undefined)).toBe('offline');
    expect(lifecycleOf({}).obstacle('hold')).toBe('unseen');
    const watcher = { tell: () => {} };
    lifecycleOf({}).watch(watcher);
    expect(heard).toEqual(['+online', '+offline', '+pagehide', '+pageshow']);
    lifecycleOf({}).unwatch(watcher);
    expect(heard.slice(4)).toEqual(['-online', '-offline', '-pagehide', '-pageshow']);
    expect(cleared).toEqual([5]);
  } finally {
    vi.unstubAllGlobals();
  }
});

test('one set of listeners and one timer, however many watch, and none after the last', () => {
  const here = page();
  expect(here.listeners()).toBe(0);
  const first = here.watch();
  const most = here.listeners();
  expect(most).toBe(7);
  const others = Array.from({ length: 100 }, () => here.watch());
  expect(here.listeners()).toBe(most);
  expect(here.timers.size).toBe(1);
  here.fire(here.self, 'online');
  expect(here.told).toHaveLength(101);
  for (const undo of others) undo();
  expect(here.listeners()).toBe(most);
  first();
  expect(here.listeners()).toBe(0);
  const next = here.watch();
  expect(here.listeners()).toBe(most);
  next();
  first();
  expect(here.listeners()).toBe(0);
  expect(here.timers.size).toBe(0);
  here.fire(here.self, 'online');
  expect(here.told).toHaveLength(101);
  here.watch()();
  expect(here.listeners()).toBe(0);
});

test('a platform that has nothing of it: only the clocks', () => {
  const lifecycle = new Lifecycle({ now: () => 0, wallTime: () => 0, setInterval: () => 5, clearInterval: () => {} });
  const watcher = { tell: () => {} };
  lifecycle.watch(watcher);
  lifecycle.unwatch(watcher);
  expect(lifecycle.obstacle('hold')).toBeUndefined();
});

describe('sleep, on Node', () => {
  /** The real timer; only the lid is closed by hand. */
  async function asleep(options: { lifecycle?: boolean }) {
    const { url } = await listen((socket) =>
      socket.on('message', (data) => textOf(data) === 'ping' && socket.send('pong')),
    );
    const connection = open(url, { protocol: plain(), heartbeat: { interval: 3_000 }, ...options });
    await untilState(connection, 'alive');
    const states = statesOf(connection);
    const now = Date.now.bind(Date);
    const lid = vi.spyOn(Date, 'now').mockImplementation(() => now() + 3_600_000);
    return { connection, states, open: () => lid.mockRestore() };
  }

  test('a line is asked at once when the lid is opened, and kept, for it answers', async () => {
    const { connection, states, open: wake } = await asleep({});
    try {
      await until(connection, 'state', ({ state }) => state === 'stale');
      await untilState(connection, 'alive');
      expect(states).toEqual(['alive', 'stale', 'alive']);
    } finally {
      wake();
    }
  });

  test('with lifecycle: false nobody looks', async () => {
    const { connection, states, open: wake } = await asleep({ lifecycle: false });
    try {
      await expect.poll(() => connection.roundTripTime, { timeout: 20_000 }).toBeDefined();
      expect(states).toEqual(['alive']);
    } finally {
      wake();
    }
  });

  test('the timer holds no process up', () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const watcher = { tell: () => {} };
    lifecycleOf({}).watch(watcher);
    expect(timers()).toBe(before);
    lifecycleOf({}).unwatch(watcher);
  });
});
