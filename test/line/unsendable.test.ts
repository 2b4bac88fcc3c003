/** A message that the class will not send is that message's trouble: told to the app, and the line, and what waits behind it, go on. */
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';

import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import type { ConnectOptions } from '../../adapters/index.ts';
import { eventsOf, listen, open, speakIdHeartbeat, textOf, uncaughtDuring, until } from '../helpers/support.ts';

/** As npm `ws` before 8.18, and one that takes no views. */
class Picky extends WebSocket {
  override send(data: unknown, ...rest: never[]): void {
    if (data instanceof Blob || data instanceof DataView) throw new TypeError(`no ${data.constructor.name} here`);
    super.send(data as never, ...rest);
  }
}

async function rig(options: ConnectOptions = {}) {
  const heard: string[] = [];
  const { url, accepted } = await listen((socket, visit) => {
    socket.on('message', (data) => {
      if (textOf(data) !== 'heartbeat') heard.push(textOf(data));
    });
    speakIdHeartbeat(socket, `${visit}`);
  });
  const connection = open(url, {
    WebSocket: Picky,
    backoff: { initial: 20, max: 20, spread: 0 },
    heartbeat: { interval: 200, timeout: 5_000 },
    ...options,
  });
  const dropped = eventsOf(connection, 'dropped');
  return { connection, heard, accepted, dropped };
}

const blob = () => new Blob(['x']);
const view = () => new DataView(new ArrayBuffer(3));

describe.each(['reject', 'drop-oldest'] as const)('%s', (overflow) => {
  test('while there is no line: dropped when its turn comes, and the rest arrives in order, on the first dial', async () => {
    const { connection, heard, accepted, dropped } = await rig({ buffer: { overflow } });
    const refused = blob();
    for (const each of ['one', refused, 'two', blob(), 'three']) expect(connection.send(each)).toBe(true);
    await expect.poll(() => heard, { timeout: 20_000 }).toEqual(['one', 'two', 'three']);
    expect(dropped).toMatchObject([
      { data: refused, reason: 'unsendable', error: { message: 'no Blob here' } },
      { reason: 'unsendable', error: { message: 'no Blob here' } },
    ]);
    expect([accepted.length, connection.state, connection.bufferedAmount]).toEqual([1, 'alive', 0]);
  });

  test('on an open line: the same, nothing is uncaught, and the heart beats on', async () => {
    const { connection, heard, accepted, dropped } = await rig({ buffer: { overflow, bytes: 100_000 } });
    const errors = await uncaughtDuring(async () => {
      await until(connection, 'open');
      // So much that some has to wait for the socket to have room.
      const large = 'x'.repeat(30_000);
      for (const each of [large, blob(), large, view(), 'last']) expect(connection.send(each)).toBe(true);
      await expect.poll(() => heard, { timeout: 20_000 }).toEqual([large, large, 'last']);
    });
    expect(errors).toEqual([]);
    expect(dropped.map(({ reason }) => reason)).toEqual(['unsendable', 'unsendable']);
    expect([accepted.length, connection.state]).toEqual([1, 'alive']);
  });
});

test('who is told of it may take back the rest: nothing is lost, nothing is there twice', async () => {
  const { connection, heard, dropped } = await rig();
  const back: unknown[] = [];
  connection.on('dropped', () => back.push(...connection.drain()));
  for (const each of ['one', blob(), 'two', 'three']) connection.send(each);
  await expect.poll(() => dropped.length, { timeout: 20_000 }).toBe(1);
  connection.send('four');
  await expect.poll(() => heard, { timeout: 20_000 }).toEqual(['one', 'four']);
  expect(back).toEqual(['two', 'three']);
});

test('a class that throws since it is no longer open costs the line, and no message', async () => {
  let hasBroken = false;
  class Breaking extends WebSocket {
    override send(data: never, ...rest: never[]): void {
      if (String(data) === 'one' && !hasBroken) {
        hasBroken = true;
        this.terminate();
        throw new Error('not open');
      }
      super.send(data, ...rest);
    }
  }
  const { connection, heard, accepted, dropped } = await rig({ WebSocket: Breaking });
  for (const each of ['one', 'two']) expect(connection.send(each)).toBe(true);
  await expect.poll(() => heard, { timeout: 20_000 }).toEqual(['one', 'two']);
  expect([accepted.length, dropped]).toEqual([2, []]);
});

test('the drop-in class tells of it by `dropped`', async () => {
  const { url } = await listen((socket) => socket.on('message', (data) => socket.send(textOf(data))));
  const socket = new HeartbeatWebSocket(url, [], { WebSocket: Picky });
  const reasons: string[] = [];
  socket.addEventListener('dropped', ({ detail }) => reasons.push(detail.reason));
  socket.send(blob());
  const heard = new Promise((resolve) => socket.addEventListener('message', ({ data }) => resolve(data)));
  socket.send('behind it');
  expect(await heard).toBe('behind it');
  expect(reasons).toEqual(['unsendable']);
  socket.close();
});
