/** A question behind what was sent before it: whether the line carries, and when the question's own time begins. */
import { describe, expect, onTestFinished, test } from 'vitest';

import { connect } from '../../adapters/connect.ts';
import { watchDeparture } from '../../adapters/departure.ts';
import type { Socket } from '../../adapters/socket.ts';
import { eventsOf, listen, open, speakIdHeartbeat, until } from '../helpers/support.ts';
import { steppedClock } from '../kit/clock.ts';
import { faultProxy } from '../kit/fault-proxy.ts';
import { virtualWorld } from '../kit/virtual-world.ts';

/** A buffer that does what the test does to it; `shrinks`: what waits is compressed. */
function asked(lies: number, { shrinks = false } = {}) {
  const clock = steppedClock();
  const socket = {
    queued: lies,
    waiting: lies,
    isOpen: true,
    compresses: shrinks,
    get left() {
      return this.queued - this.waiting;
    },
  };
  const told: string[] = [];
  const stop = watchDeparture(
    socket as unknown as Socket,
    clock,
    () => void told.push('carried'),
    () => void told.push('departed'),
  );
  const queue = (bytes: number) => {
    socket.queued += bytes;
    socket.waiting += bytes;
  };
  queue(9); // the question
  const leave = (bytes: number) => {
    socket.waiting -= bytes;
    clock.advance(20);
  };
  return { clock, socket, told, stop, queue, leave };
}

describe('what lies before it', () => {
  test('leaves: told at each look, until nothing lies there', () => {
    const { clock, told, leave } = asked(100);
    leave(0);
    leave(60);
    expect(told).toEqual(['carried']);
    leave(0);
    leave(39);
    expect(told).toEqual(['carried', 'carried']);
    leave(1);
    expect(told).toEqual(['carried', 'carried', 'departed', 'carried']);
    expect(clock.pending).toEqual([]);
  });

  test('leaves before the first look: the kernel took it, and that proves nothing', () => {
    const { told, leave } = asked(100);
    leave(60);
    leave(0);
    expect(told).toEqual([]);
    const { told: all, leave: leaveAll } = asked(100);
    leaveAll(100);
    expect(all).toEqual(['departed']);
  });

  test('does not leave: nothing is told, whatever is sent after it', () => {
    const { told, queue, leave } = asked(100);
    for (let i = 0; i < 10; i += 1) {
      queue(1_000);
      leave(0);
    }
    expect(told).toEqual([]);
  });

  test('leaves while more is sent after it than leaves', () => {
    const { told, queue, leave } = asked(100);
    leave(0);
    queue(1_000);
    leave(50);
    expect(told).toEqual(['carried']);
    queue(1_000);
    leave(50);
    expect(told).toEqual(['carried', 'departed', 'carried']);
  });

  test('has left: what leaves after the question is no sign of life', () => {
    const { told, queue, leave } = asked(10);
    queue(1_000);
    leave(10);
    leave(500);
    expect(told).toEqual(['departed']);
  });

  test('becomes less by being compressed: only a buffer that sinks is one that empties', () => {
    const { told, socket, queue, leave } = asked(1_000, { shrinks: true });
    leave(0);
    queue(500);
    leave(400); // 400 of the 500 were air
    expect([told, socket.waiting]).toEqual([[], 1_109]);
    leave(10);
    expect(told).toEqual(['carried']);
  });

  test('stays for ever in a socket that is no longer open: nobody looks', () => {
    const { clock, socket, leave } = asked(100);
    socket.isOpen = false;
    leave(1);
    expect(clock.pending).toEqual([]);
  });
});

test('stopped: nothing is left behind', () => {
  const { clock, told, stop, leave } = asked(100);
  stop();
  expect(clock.pending).toEqual([]);
  leave(100);
  expect(told).toEqual([]);
});

describe('a large upload over a slow line', () => {
  /** Some minutes of it, where the kernel takes 64 KiB; what the kernel has does not show. */
  async function uploading(like: 'browser' | 'ws') {
    const world = virtualWorld({ seed: 1, like });
    const connection = connect('ws://virtual', { ...world.options, heartbeat: { interval: 60_000, timeout: 10_000 } });
    const lost = eventsOf(connection, 'lost');
    const warnings = eventsOf(connection, 'warning');
    await world.until(() => connection.state === 'alive');
    await world.run(59_000);
    world.throttle(20_000);
    for (let i = 0; i < 100; i += 1) expect(connection.send(new Uint8Array(10_000))).toBe(true);
    return { world, connection, lost, warnings };
  }

  test.each(['browser', 'ws'] as const)(
    'like %s: it takes five times the timeout, and the line is kept',
    async (like) => {
      const { world, connection, lost, warnings } = await uploading(like);
      await world.run(45_000);
      expect([connection.state, connection.bufferedAmount > 0]).toEqual(['alive', true]);
      await world.run(120_000);
      expect([connection.state, connection.bufferedAmount, lost]).toEqual(['alive', 0, []]);
      expect(connection.roundTripTime).toBeLessThan(5_000);
      expect(warnings).toEqual([]);
      connection.close();
      await world.run(2_000);
      expect(world.leftovers).toMatchObject({ timers: 0 });
    },
  );

  test('is of no help to a line that carries no more: given up within the bound from when it last did', async () => {
    const { world, connection, lost } = await uploading('ws');
    await world.run(20_000);
    world.silence();
    for (let i = 0; i < 7; i += 1) {
      connection.send('more, which proves nothing');
      await world.run(10_000);
    }
    expect(lost).toMatchObject([{ cause: 'silent' }]);
  });

  // The kernel of a loopback takes several megabytes at a time.
  test('by real sockets: takes twice the timeout, and the line is kept', async () => {
    let arrived = 0;
    const { port } = await listen((socket, visit) => {
      speakIdHeartbeat(socket, `${visit}`);
      socket.on('message', (data: Buffer) => {
        if (data.length === 100_000) arrived += 1;
      });
    });
    const proxy = await faultProxy(port);
    onTestFinished(() => proxy.close());
    const connection = open(`ws://127.0.0.1:${proxy.port}`, {
      heartbeat: { interval: 300, timeout: 6_000 },
      buffer: { bytes: Infinity },
    });
    const lost = eventsOf(connection, 'lost');
    await until(connection, 'open');
    proxy.throttle(8_000_000);
    const part = new Uint8Array(100_000);
    for (let i = 0; i < 1_000; i += 1) expect(connection.send(part)).toBe(true);
    await expect.poll(() => arrived, { timeout: 100_000, interval: 20 }).toBe(1_000);
    expect(lost).toEqual([]);
  }, 120_000);
});
