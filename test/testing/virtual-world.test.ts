/** The virtual world of `systole/testing`: the same for the same seed, and true to what it stands for. */
import { describe, expect, test } from 'vitest';

import { connect } from '../../adapters/connect.ts';
import { nativePing } from '../../adapters/protocols/native-ping.ts';
import { plain } from '../../adapters/protocols/plain.ts';
import { steppedClock } from '../kit/clock.ts';
import type { Habits, VirtualPeer, VirtualServer } from '../kit/virtual-web-socket.ts';
import { type VirtualWorld, virtualWorld, type VirtualWorldOptions } from '../kit/virtual-world.ts';

function begin(options: VirtualWorldOptions = {}, more: Parameters<typeof connect>[1] = {}) {
  const world = virtualWorld(options);
  const connection = connect('ws://virtual', { ...world.options, ...more });
  const story: string[] = [];
  const note = (what: string) => story.push(`${Math.round(world.time)} ${what}`);
  connection.on('state', ({ state, cause }) => note(cause === undefined ? state : `${state} (${cause})`));
  connection.on('message', (data) => note(`message ${data as string}`));
  return { world, connection, story };
}

async function finish({ world, connection }: { world: VirtualWorld; connection: ReturnType<typeof connect> }) {
  connection.close();
  await world.run(61_000);
  expect(connection.state).toBe('closed');
  expect(world.leftovers).toEqual({ timers: 0, listeners: 0 });
  expect([...world.sockets].filter(({ readyState }) => readyState < 2)).toEqual([]);
}

test('hours in milliseconds, and the same for the same seed', async () => {
  const tell = async (seed: number) => {
    const all = begin({ seed });
    const { world, story } = all;
    for (let hour = 0; hour < 3; hour += 1) {
      await world.run(3_000_000);
      world.silence();
      await world.run(300_000);
      world.heal();
      world.host.push(`news ${hour}`);
      await world.run(300_000);
    }
    await finish(all);
    return story;
  };
  const [first, again, other] = [await tell(1), await tell(1), await tell(2)];
  expect(first).toEqual(again);
  expect(first).not.toEqual(other);
  expect(first.length).toBeGreaterThan(30);
});

test('silence is noticed within the bound, and healed', async () => {
  const all = begin({ jitter: 0 });
  const { world, connection, story } = all;
  await world.until(() => connection.state === 'alive');
  const heard = world.time;
  world.silence();
  await world.until(() => connection.state === 'connecting');
  expect(world.time - heard).toBeCloseTo(70_000, 3);
  expect(story.at(-2)).toMatch(/reconnecting \(silent\)$/);
  world.heal();
  await world.until(() => connection.state === 'alive');
  await finish(all);
});

test('what befalls one link leaves the others alone', async () => {
  const all = begin({ jitter: 0 });
  const { world, connection } = all;
  await world.until(() => connection.state === 'alive');
  const other = connect('ws://virtual', world.options);
  await world.until(() => other.state === 'alive');
  const [link] = world.links;
  link!.silence();
  world.delay(200);
  await world.until(() => connection.state === 'connecting');
  expect([link!.silenced, link!.delayed, world.silenced, other.state]).toEqual(['both', 200, 'none', 'alive']);
  world.heal();
  expect(world.delayed).toBe(20);
  expect([...world.links].every(({ delayed, silenced }) => delayed === 20 && silenced === 'none')).toBe(true);
  await world.until(() => connection.state === 'alive');
  other.close();
  await finish(all);
});

describe('the habits of WebSockets', () => {
  test.each<[Habits, string[]]>([
    ['browser', ['error', 'close 1006']],
    ['ws', ['error', 'close 1006']],
    ['undici', ['error']],
  ])('%s: a dial that fails', async (like, expected) => {
    const world = virtualWorld({ like });
    world.refuse();
    expect(await eventsWithin(world, 1_000)).toEqual(expected);
  });

  test.each<[Habits, number]>([
    ['browser', 60_000],
    ['ws', 30_000],
    ['undici', Infinity],
  ])('%s: close() on a dead line', async (like, patience) => {
    const world = virtualWorld({ like });
    const socket = dial(world);
    await world.run(1_000);
    expect(socket.readyState).toBe(1);
    world.silence();
    let closed = 0;
    socket.onclose = () => (closed = world.time);
    socket.close();
    expect(socket.readyState).toBe(2);
    await world.run(100_000);
    expect(closed).toBe(patience === Infinity ? 0 : 1_000 + patience);
  });

  test('ws: what nobody listens for is thrown', async () => {
    const world = virtualWorld({ like: 'ws' });
    dial(world).close();
    await expect(world.run(1_000)).rejects.toThrow('closed before the connection was established');
  });

  test('ws: a refused upgrade is shown, and its Retry-After honoured', async () => {
    const all = begin({ like: 'ws' });
    all.world.behave({ upgrade: 503, retryAfter: 120 });
    const retries: unknown[] = [];
    all.connection.on('retry', ({ reason, nextDialIn }) => retries.push(reason, Math.floor((nextDialIn ?? 0) / 1_000)));
    await all.world.run(100_000);
    expect(retries).toEqual(['HTTP 503', 120]);
    await finish(all);
  });

  test('ws: pings are answered', async () => {
    const all = begin({ like: 'ws' }, { protocol: nativePing() });
    await all.world.run(600_000);
    expect(all.story.filter((each) => each.endsWith('stale')).length).toBe(0);
    expect(all.connection.roundTripTime).toBeGreaterThan(39);
    await finish(all);
  });
});

test('any server can answer', async () => {
  const all = begin({}, { protocol: plain({ heartbeat: 'ping', reply: 'pong' }) });
  const said: unknown[] = [];
  all.world.serve({
    received(peer, data) {
      said.push(data);
      if (data === 'ping') peer.send('pong');
    },
  });
  all.connection.send('hello');
  await all.world.run(130_000);
  expect(said).toEqual(['hello', 'ping', 'ping']);
  await finish(all);
});

describe('the device', () => {
  test('asleep: its monotonic clock stands still, and it asks when it wakes', async () => {
    const all = begin();
    const { world, connection, story } = all;
    await world.run(1_000);
    const before = world.options.clock.now();
    await world.sleep(3_600_000);
    expect(world.options.clock.now()).toBe(before);
    await world.run(5_000);
    expect(story.slice(-2).map((each) => each.replace(/^\d+ /, ''))).toEqual(['stale (silent)', 'alive']);
    expect(connection.state).toBe('alive');
    await finish(all);
  });

  test('blocked: what is due comes late, before what has arrived', async () => {
    const world = virtualWorld();
    const socket = dial(world);
    await world.run(1_000);
    const order: string[] = [];
    socket.onmessage = () => order.push('message');
    world.options.clock.setTimeout(() => order.push('timer'), 4_000);
    world.host.push('news');
    await world.stall(5_000);
    expect(order).toEqual(['timer', 'message']);
  });

  test('a page that is frozen twice in a row does not take late answers for old ones', async () => {
    const all = begin();
    await all.world.run(600_000);
    await all.world.freeze(1_200_000);
    await all.world.freeze(90_000);
    await all.world.run(600_000);
    expect(all.story.filter((each) => each.includes('reconnecting'))).toEqual([]);
    await finish(all);
  });

  test.each(['sleep', 'stall', 'freeze', 'suspend'] as const)(
    'a handler that throws meanwhile (%s): it runs again, and nothing is lost',
    async (how) => {
      const world = virtualWorld();
      const { heard } = await opened(world);
      const { platform } = world.options.lifecycle;
      platform.document?.addEventListener('resume', () => heard.push('resume'));
      platform.addEventListener?.('pageshow', () => heard.push('pageshow'));
      world.push('news');
      world.serverClock.setTimeout(() => {
        throw new Error('planted');
      }, 1_000);
      await expect(world[how](5_000)).rejects.toThrow('planted');
      world.options.clock.setTimeout(() => heard.push('timer'), 1_000);
      await world.run(1_000);
      const told = { sleep: [], stall: [], freeze: ['resume'], suspend: ['pageshow'] }[how];
      expect(heard).toEqual([...told, 'news', 'timer']);
    },
  );

  test('what throws when it catches up leaves the rest for the next run', async () => {
    const world = virtualWorld();
    const { socket, heard } = await opened(world);
    const { time } = world;
    const late = (what: string) => {
      heard.push(`${what} ${world.time - time}`);
      throw new Error(what);
    };
    world.options.clock.setTimeout(() => late('first'), 1_000);
    world.options.clock.setTimeout(() => late('second'), 2_000);
    socket.addEventListener('message', () => late('message'));
    world.push('news');
    await expect(world.stall(5_000)).rejects.toThrow('first');
    await expect(world.until(() => false, 10)).rejects.toThrow('second');
    await expect(world.run(10)).rejects.toThrow('message');
    expect(heard).toEqual(['first 5000', 'second 5000', 'news', 'message 5000']);
  });

  test.each(['sleep', 'stall', 'freeze', 'suspend'] as const)('no time to %s: nothing is touched', async (how) => {
    const world = virtualWorld();
    const told: string[] = [];
    const { platform } = world.options.lifecycle;
    platform.document?.addEventListener('freeze', () => told.push('freeze'));
    platform.addEventListener?.('pagehide', () => told.push('pagehide'));
    await expect(world[how](-1)).rejects.toThrow(`${how}: ms must be`);
    expect(told).toEqual([]);
  });

  test('offline while it waits to dial: the dial is held, until it is online', async () => {
    const all = begin();
    const { world, connection } = all;
    world.refuse();
    await world.until(() => connection.state === 'reconnecting');
    world.offline();
    const { dials } = world;
    await world.run(20_000);
    expect(world.dials).toBe(dials);
    world.heal();
    world.online();
    await world.run(1_200);
    expect(connection.state).toBe('alive');
    await finish(all);
  });
});

test.each<[string, (world: VirtualWorld) => unknown, string]>([
  ['an option that there is not', () => virtualWorld({ sed: 1 } as never), 'sed is not an option'],
  ['habits of nobody', () => virtualWorld({ like: 'chrome' as never }), 'like must be'],
  ['a delay below 0', () => virtualWorld({ delay: -1 }), 'delay must be'],
  ['a function for a server', (w) => w.serve((() => {}) as never), 'serve: server must be'],
  ['a server of another kind', (w) => w.serve({ onopen() {} } as never), 'serve: server must be'],
  ['a direction that there is not', (w) => w.silence('up' as never), 'silence: direction must be'],
  ['undefined for a server', (w) => w.serve(undefined as never), 'serve: server must be'],
  ['no time', (w) => w.run(Number.NaN), 'run: ms must be'],
  ['undefined for a time', (w) => w.run(undefined as never), 'run: ms must be'],
  ['a limit that is no number', (w) => w.until(() => false, Number.NaN), 'until: limit must be'],
  ['no limit', (w) => w.until(() => false, Infinity), 'until: limit must be'],
  ['a word for a limit', (w) => w.until(() => false, 'x' as never), 'until: limit must be'],
  ['a word for a time', (w) => w.freeze('a' as never), 'ms must be'],
  ['a jitter below 0', (w) => w.delay(1, { jitter: -1 }), 'delay: jitter must be'],
  ['nothing a second', (w) => w.throttle(0), 'bytesPerSecond must be'],
  ['a clock that is no clock', (w) => w.setClock('x' as never), 'setClock: ms must be'],
  ['undefined for a clock', (w) => w.setClock(undefined as never), 'setClock: ms must be'],
])('misuse is an error that names it: %s', async (_, misuse, message) => {
  await expect((async () => misuse(virtualWorld()))()).rejects.toThrow(message);
});

test('what the servers say is heard by everybody, whoever serves', async () => {
  const all = begin();
  await all.world.run(1_000);
  all.world.push('news');
  await all.world.run(100);
  expect(all.story.at(-1)).toMatch(/message news$/);
  await finish(all);
});

test('a router that has forgotten the line answers what is said next with a reset', async () => {
  const all = begin();
  await all.world.run(30_000);
  all.world.forget();
  await all.world.until(() => all.connection.state !== 'alive');
  expect(all.world.time).toBeLessThan(60_200);
  await finish(all);
});

test('a slow line fills the buffer', async () => {
  const all = begin();
  await all.world.run(1_000);
  all.world.throttle(1_000);
  all.connection.send('x'.repeat(100_000));
  expect(all.connection.bufferedAmount).toBeGreaterThan(30_000);
  await all.world.run(120_000);
  expect(all.connection.bufferedAmount).toBe(0);
  await finish(all);
});

describe('what is under way', () => {
  const ten = Array.from({ length: 10 }, (_, index) => String(index).repeat(1_000));

  test.each<[string, (world: VirtualWorld) => void, (world: VirtualWorld) => void]>([
    ['throttle(), heal()', (w) => w.throttle(1), (w) => w.heal()],
    ['throttle(), throttle(Infinity)', (w) => w.throttle(1), (w) => w.throttle(Infinity)],
    ['delay(), heal()', (w) => w.delay(60_000, { jitter: 60_000 }), (w) => w.heal()],
    ['delay(), delay(0)', (w) => w.delay(60_000), (w) => w.delay(0)],
  ])('is held back no longer than its fault: %s', async (_, befall, mend) => {
    const world = virtualWorld();
    const { heard } = await opened(world);
    befall(world);
    for (const each of ten) world.push(each);
    await world.run(900);
    expect(heard).toEqual([]);
    mend(world);
    await world.run(1);
    expect(heard).toEqual(ten);
  });

  test('arrives when it would have, at another delay', async () => {
    const world = virtualWorld({ jitter: 0 });
    const { heard } = await opened(world);
    world.delay(1_000);
    world.push('news');
    world.delay(500);
    await world.run(999);
    expect(heard).toEqual([]);
    await world.run(1);
    expect(heard).toEqual(['news']);
  });

  test('passes a narrow line one after another, also after a silence', async () => {
    const world = virtualWorld({ jitter: 0 });
    const { times } = await opened(world);
    world.throttle(1_000);
    world.silence('to-client');
    for (const each of ten) world.push(each);
    await world.run(20_000);
    world.silence('none');
    const { time } = world;
    await world.run(20_000);
    expect(times.map((each) => each - time)).toEqual(ten.map((__, index) => 1_000 * (index + 1)));
  });

  test('passes at the rate that is, from when it is', async () => {
    const world = virtualWorld({ delay: 0, jitter: 0 });
    const { times } = await opened(world);
    const { time } = world;
    world.throttle(10);
    world.push('x'.repeat(1_000));
    await world.run(50_000);
    world.throttle(1_000);
    await world.run(1_000);
    expect(times).toEqual([time + 50_500]);
  });

  test('goes on when a handler has thrown', async () => {
    const world = virtualWorld();
    const { socket, heard } = await opened(world);
    socket.addEventListener('message', () => {
      if (heard.length === 1) throw new Error('planted');
    });
    world.push('one');
    world.push('two');
    await expect(world.run(1_000)).rejects.toThrow('planted');
    await world.run(1_000);
    expect(heard).toEqual(['one', 'two']);
  });

  test('to the server when it closes is not lost: a clean close is one at both ends', async () => {
    const codes: unknown[] = [];
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const world = virtualWorld({ seed, delay: 1, jitter: 500 });
      const { socket, peer } = await opened(world, { gone: (_, code) => codes.push(code) });
      socket.onclose = ({ code, wasClean }) => codes.push(code, wasClean);
      peer.close(4_000);
      // They cross.
      if (seed > 4) socket.close(4_000);
      await world.run(5_000);
    }
    expect(codes).toEqual(Array.from({ length: 8 }, () => [4_000, 4_000, true]).flat());
  });
});

test('a close that cannot be answered is one all the same, after a while', async () => {
  const world = virtualWorld();
  const { socket, peer } = await opened(world);
  let closed: unknown;
  socket.onclose = ({ code, wasClean }) => (closed = [code, wasClean]);
  world.silence('to-server');
  peer.close(4_000);
  await world.run(59_000);
  expect(closed).toBeUndefined();
  await world.run(2_000);
  expect(closed).toEqual([4_000, true]);
});

test.each<Habits>(['browser', 'ws'])('%s: a handler of its end that throws does not keep it', async (like) => {
  const world = virtualWorld({ like });
  const { socket } = await opened(world);
  const stumble = () => {
    throw new Error('planted');
  };
  socket.onclose = stumble;
  expect(() => world.reset()).toThrow('planted');
  dial(world).onerror = stumble;
  world.refuse();
  await expect(world.run(1_000)).rejects.toThrow('planted');
  expect(world.sockets.size).toBe(0);
});

test('bytes arrive as they were when they were sent', async () => {
  const world = virtualWorld();
  const { socket, peer, heard } = await opened(world);
  socket.binaryType = 'arraybuffer';
  const bytes = Buffer.from('news');
  peer.send(bytes);
  bytes.fill('x');
  await world.run(1_000);
  expect(heard.map((each) => Buffer.from(each as ArrayBuffer).toString())).toEqual(['news']);
});

test('a Blob is refused with the remedy, and the line goes on', async () => {
  const said: unknown[] = [];
  const world = virtualWorld();
  const { socket } = await opened(world, { received: (_, data) => said.push(data) });
  const blob = new Blob(['news']);
  expect(() => socket.send(blob)).toThrow(/^send: .*await blob.arrayBuffer\(\)$/);
  socket.send(await blob.arrayBuffer());
  await world.run(1_000);
  expect(said).toEqual([new TextEncoder().encode('news')]);
});

test.each([Number.NaN, Infinity, -1])('a clock is not advanced by %s', (ms) => {
  expect(() => steppedClock().advance(ms)).toThrow(RangeError);
  expect(() => steppedClock().advance(ms)).toThrow('advance: ms must be');
});

type WorldSocket = InstanceType<typeof WebSocket>;

/** A WebSocket that is open, the server's end of it, and what it hears. */
async function opened(world: VirtualWorld, server: VirtualServer = {}) {
  const peers: VirtualPeer[] = [];
  world.serve({ ...server, opened: (peer) => peers.push(peer) });
  const socket = dial(world);
  await world.run(2_000);
  const heard: unknown[] = [];
  const times: number[] = [];
  socket.addEventListener('message', ({ data }) => {
    heard.push(data);
    times.push(world.time);
  });
  return { socket, peer: peers[0]!, heard, times };
}

function dial(world: VirtualWorld): WorldSocket {
  return new world.options.WebSocket('ws://virtual') as unknown as WorldSocket;
}

async function eventsWithin(world: VirtualWorld, ms: number): Promise<string[]> {
  const events: string[] = [];
  const socket = dial(world);
  socket.onerror = () => events.push('error');
  socket.onclose = ({ code }) => events.push(`close ${code}`);
  await world.run(ms);
  return events;
}
