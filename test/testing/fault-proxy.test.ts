/**
 * The fault proxy: what each fault keeps from passing, what it lets pass, in what order, and that nothing is left of any. That nothing has arrived is
 * told by what was sent later, on another line, and has.
 */
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, type WebSocketServer } from 'ws';

import { listen, textOf, uncaughtDuring, untilSo } from '../helpers/support.ts';
import { faultProxy, type FaultLink, type FaultProxy } from '../kit/fault-proxy.ts';
import type { Direction } from '../kit/faults.ts';

/** One end of a line, and all that it was told. */
class FarEnd {
  readonly socket: Socket;
  readonly chunks: Buffer[] = [];
  /** But for data. */
  readonly events: string[] = [];
  readonly #changed = new EventEmitter();

  constructor(socket: Socket) {
    this.socket = socket;
    const tell = (event: string) => {
      this.events.push(event);
      this.#changed.emit('change');
    };
    socket.on('data', (bytes: Buffer) => {
      this.chunks.push(bytes);
      this.#changed.emit('change');
    });
    socket.on('end', () => tell('end'));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => tell(`error ${code}`));
    socket.on('close', () => tell('close'));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get text(): string {
    return this.bytes.toString();
  }

  get isUntouched(): boolean {
    return this.chunks.length === 0 && this.events.length === 0;
  }

  async until(isTrue: (end: FarEnd) => boolean): Promise<void> {
    while (!isTrue(this)) await once(this.#changed, 'change');
  }

  /** Of all its bytes; fulfilled when there are so many. */
  async received(length: number): Promise<Buffer> {
    await this.until(({ chunks }) => chunks.reduce((sum, chunk) => sum + chunk.length, 0) >= length);
    return this.bytes;
  }

  hears(text: string): Promise<void> {
    return this.until((end) => end.text.endsWith(text));
  }

  isTold(event: string): Promise<void> {
    return this.until(({ events }) => events.includes(event));
  }
}

interface BothEnds {
  readonly client: FarEnd;
  readonly server: FarEnd;
  readonly link: FaultLink;
}

/** A server, and as many proxies to it as one likes. All of it is gone with the test. */
async function stage() {
  const arrived: FarEnd[] = [];
  const arrivals = new EventEmitter();
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.push(socket);
    arrived.push(new FarEnd(socket));
    arrivals.emit('arrived');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxies: FaultProxy[] = [];
  const clear = async () => {
    await Promise.all(proxies.map((proxy) => proxy.close()));
    for (const socket of sockets) socket.destroy();
    await Promise.all(sockets.filter(({ closed }) => !closed).map((socket) => once(socket, 'close')));
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(clear);

  /** Dials; the client's end. */
  const dial = (proxy: FaultProxy): FarEnd => {
    const socket = createConnection({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    sockets.push(socket);
    return new FarEnd(socket);
  };
  /** The server's end of that one. */
  const arrives = async (count: number): Promise<FarEnd> => {
    while (arrived.length < count) await once(arrivals, 'arrived');
    return arrived[count - 1]!;
  };
  const open = async (): Promise<FaultProxy> => {
    const proxy = await faultProxy(port);
    proxies.push(proxy);
    return proxy;
  };
  const line = async (proxy: FaultProxy): Promise<BothEnds> => {
    const count = arrived.length;
    const client = dial(proxy);
    return { client, server: await arrives(count + 1), link: proxy.links.at(-1)! };
  };
  return { port, arrived, arrives, open, dial, line, clear };
}

/** To and fro, three times: what else was on its way when it left would have arrived. */
async function passTime({ client, server }: BothEnds): Promise<void> {
  for (const _ of [1, 2, 3]) {
    const lengths = [server, client].map(({ bytes }) => bytes.length);
    client.socket.write('.');
    await server.received(lengths[0]! + 1);
    server.socket.write('.');
    await client.received(lengths[1]! + 1);
  }
}

/** Bytes of which every four are other ones. */
function numbered(bytes: number): Buffer {
  const all = Buffer.alloc(bytes);
  for (let at = 0; at + 4 <= bytes; at += 4) all.writeUInt32BE(at, at);
  return all;
}

async function timed(story: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await story();
  return performance.now() - start;
}

/** More than the buffers of all sockets on the way hold. */
const flood = numbered(24 * 2 ** 20);

test('without a fault: all passes, in order, and each direction ends by itself', async () => {
  const { open, line } = await stage();
  const proxy = await open();
  const { client, server, link } = await line(proxy);
  expect(proxy).toMatchObject({ silenced: 'none', delayed: 0, accepted: 1, links: [link] });
  client.socket.end(flood);
  expect((await server.received(flood.length)).equals(flood)).toBe(true);
  await server.isTold('end');
  server.socket.end('and back');
  await client.hears('and back');
  await link.gone;
  expect([client.events, server.events]).toEqual([
    ['end', 'close'],
    ['end', 'close'],
  ]);
  expect(proxy).toMatchObject({ accepted: 1, links: [] });

  const next = await line(proxy);
  next.server.socket.end('no more');
  await next.client.isTold('end');
  next.client.socket.write('but here');
  await next.server.hears('but here');
});

test('a reader that does not read is felt by the sender, and a reset does not wait for it', async () => {
  const { open, line } = await stage();
  const proxy = await open();
  const [slow, other] = [await line(proxy), await line(proxy)];
  slow.server.socket.pause();
  slow.client.socket.write(flood);
  await passTime(other);
  expect(slow.client.socket.writableLength).toBeGreaterThan(0);
  slow.server.socket.resume();
  expect((await slow.server.received(flood.length)).equals(flood)).toBe(true);

  slow.client.socket.pause();
  slow.server.socket.end(flood);
  await passTime(other);
  slow.link.reset();
  await slow.link.gone;
  await slow.server.isTold('error ECONNRESET');
});

test.each<[fault: string, befall: (proxy: FaultProxy) => void]>([
  ['delayed', (proxy) => proxy.delay(600_000)],
  ['cut into pieces', (proxy) => proxy.slice(1)],
])('%s: more than is kept is felt by the sender, and arrives in the end', async (_, befall) => {
  const { open, line } = await stage();
  const proxy = await open();
  const { client, server } = await line(proxy);
  befall(proxy);
  const all = Buffer.alloc(96 * 2 ** 20, 'x');
  for (let at = 0; at < all.length; at += 65_536) client.socket.write(all.subarray(at, at + 65_536));
  const handedOver = () => client.socket.bytesWritten - client.socket.writableLength;
  let [before, times] = [-1, 0];
  await untilSo(() => {
    times = before === handedOver() ? times + 1 : 0;
    before = handedOver();
    return times === 40;
  });
  expect(handedOver()).toBeLessThan(48 * 2 ** 20);
  proxy.heal();
  server.socket.resume();
  expect(await server.received(all.length)).toHaveLength(all.length);
});

test('where nobody listens at the target, links are reset', async () => {
  const { open, clear, dial } = await stage();
  const gone = await open();
  await clear();
  const proxy = await faultProxy(gone.port);
  onTestFinished(() => proxy.close());
  const client = dial(proxy);
  await client.isTold('close');
  expect(client.events).toEqual(['error ECONNRESET', 'close']);
});

test('misuse is an exception that names what is at fault', async () => {
  const { open, line } = await stage();
  const proxy = await open();
  const { link } = await line(proxy);
  const misuse: [misuse: (line: FaultLink | FaultProxy) => void, message: string][] = [
    [(it) => it.silence('up' as never), "silence: direction must be 'both' or 'to-server' or 'to-client' or 'none'"],
    [(it) => it.delay(-1), 'delay: ms must be a number of milliseconds from 0 to 2147483647'],
    [(it) => it.delay(1, { jitter: NaN }), 'delay: jitter must be a number of milliseconds from 0 to 2147483647'],
    [(it) => it.delay(1, { random: 1 as never }), 'delay: random must be a function'],
    [(it) => it.throttle(0), 'throttle: bytesPerSecond must be a whole number from 1, or Infinity'],
    [(it) => it.slice(1.5), 'slice: bytes must be a whole number from 1, or Infinity'],
    [(it) => it.delay(undefined as never), 'delay: ms must be a number of milliseconds from 0 to 2147483647'],
    [(it) => it.throttle(undefined as never), 'throttle: bytesPerSecond must be a whole number from 1, or Infinity'],
    [(it) => it.slice(undefined as never), 'slice: bytes must be a whole number from 1, or Infinity'],
  ];
  for (const [misused, message] of misuse) for (const it of [proxy, link]) expect(() => misused(it)).toThrow(message);
  await expect(faultProxy(undefined as never)).rejects.toThrow('faultProxy: target must be a whole number from 1');
  await expect(faultProxy(70_000)).rejects.toThrow('faultProxy: target must be a whole number from 1 to 65535');
  await expect(faultProxy(1, -1)).rejects.toThrow('faultProxy: port must be 0, or a whole number from 1 to 65535');
  await expect(faultProxy(1, proxy.port)).rejects.toThrow('EADDRINUSE');
});

type Side = 'client' | 'server';
const across = (side: Side): Side => (side === 'client' ? 'server' : 'client');

/** What an end does, and what the other is told of it. */
const signs: Record<string, { give: (socket: Socket) => void; told: (end: FarEnd) => Promise<void> }> = {
  'a byte': { give: (socket) => void socket.write('x'), told: (end) => end.hears('x') },
  'a FIN': { give: (socket) => void socket.end(), told: (end) => end.isTold('end') },
  'an RST': { give: (socket) => void socket.resetAndDestroy(), told: (end) => end.isTold('error ECONNRESET') },
};

describe.for(['all links', 'one link'] as const)('silence of %s', (scope) => {
  /** A line, the faults that reach it, and another line that they do not. */
  async function scene() {
    const { open, line } = await stage();
    const proxy = await open();
    const it = await line(proxy);
    const other = await line(scope === 'one link' ? proxy : await open());
    return { it, other, faults: scope === 'one link' ? it.link : proxy };
  }

  const held: [direction: Direction | undefined, from: Side][] = [
    [undefined, 'client'],
    [undefined, 'server'],
    ['both', 'client'],
    ['both', 'server'],
    ['to-server', 'client'],
    ['to-client', 'server'],
  ];
  const cases = held.flatMap(([direction, from]) => Object.keys(signs).map((sign) => ({ direction, from, sign })));

  test.for(cases)('$direction: $sign of the $from is held back, and told afterwards', async (row) => {
    const { direction, from, sign } = row;
    const { give, told } = signs[sign]!;
    const { it, other, faults } = await scene();
    faults.silence(direction);
    expect(it.link.silenced).toBe(direction ?? 'both');
    give(it[from].socket);
    await passTime(other);
    expect(it[across(from)].isUntouched).toBe(true);
    faults.silence('none');
    await told(it[across(from)]);
  });

  test.for(
    (['to-server', 'to-client'] as const).flatMap((direction) =>
      Object.keys(signs).map((sign) => ({ direction, sign })),
    ),
  )('$direction: $sign passes the other way', async ({ direction, sign }) => {
    const { it, faults } = await scene();
    const from = direction === 'to-server' ? 'server' : 'client';
    faults.silence(direction);
    it[across(from)].socket.write('held back');
    signs[sign]!.give(it[from].socket);
    await signs[sign]!.told(it[across(from)]);
    expect(it[from].chunks).toEqual([]);
  });

  test('both ends stay open, and feel it; healed, all of it passes, in order, and the ends behind it', async () => {
    const { it, other, faults } = await scene();
    faults.silence();
    for (const side of ['client', 'server'] as const) it[side].socket.end(flood);
    await passTime(other);
    for (const { isUntouched, socket } of [it.client, it.server]) {
      expect(isUntouched).toBe(true);
      expect(socket.writableLength).toBeGreaterThan(0);
    }
    faults.heal();
    for (const end of [it.client, it.server]) {
      expect((await end.received(flood.length)).equals(flood)).toBe(true);
      await end.isTold('close');
      expect(end.events).toEqual(['end', 'close']);
    }
    await it.link.gone;
  });

  test('what is said last holds', async () => {
    const { it, other, faults } = await scene();
    faults.silence('to-client');
    it.client.socket.write('1');
    it.server.socket.write('2');
    await it.server.hears('1');
    faults.silence('to-server');
    await it.client.hears('2');
    it.client.socket.write('3');
    await passTime(other);
    expect(it.server.text).toBe('1');
    faults.heal();
    await it.server.hears('13');
  });
});

describe('dials', () => {
  test.for(['both', 'to-server', 'to-client'] as const)(
    'silenced, %s: accepted, and the server hears of it when that is over',
    async (direction) => {
      const { open, line, dial, arrived, arrives } = await stage();
      const proxy = await open();
      const other = await line(await open());
      proxy.silence(direction);
      const client = dial(proxy);
      await once(client.socket, 'connect');
      client.socket.write('held back');
      await passTime(other);
      expect(proxy).toMatchObject({ accepted: 1, links: [{ silenced: direction }] });
      expect(arrived).toHaveLength(1);
      expect(client.isUntouched).toBe(true);
      proxy.silence('none');
      const server = await arrives(2);
      await server.hears('held back');
      server.socket.write('welcome');
      await client.hears('welcome');
    },
  );

  test('a hanging one can be let through by itself, or reset', async () => {
    const { open, dial, arrived, arrives, line } = await stage();
    const proxy = await open();
    const other = await line(await open());
    proxy.silence();
    const clients: FarEnd[] = [];
    for (const count of [1, 2, 3]) {
      clients.push(dial(proxy));
      while (proxy.accepted < count) await passTime(other);
    }
    const [first, second, third] = proxy.links;
    second!.silence('none');
    const server = await arrives(2);
    server.socket.write('you');
    await clients[1]!.hears('you');
    first!.reset();
    await clients[0]!.isTold('error ECONNRESET');
    await first!.gone;
    expect(proxy.links).toEqual([second, third]);
    expect(clients[2]!.isUntouched).toBe(true);
    expect(arrived).toHaveLength(2);
    proxy.heal();
    await arrives(3);
    first!.heal();
    await passTime(other);
    expect(arrived).toHaveLength(3);
  });

  test('one that is reset while the server is dialled does not wait for that', async () => {
    const { open, dial, arrived, line } = await stage();
    const proxy = await open();
    const other = await line(await open());
    proxy.silence();
    const client = dial(proxy);
    while (proxy.accepted < 1) await passTime(other);
    const [link] = proxy.links;
    proxy.heal();
    link!.reset();
    await client.isTold('error ECONNRESET');
    await link!.gone;
    await passTime(other);
    expect(arrived).toHaveLength(1);
  });

  test('refuse: reset, whatever they say; links go on. accept, and heal: as in the beginning', async () => {
    const { open, line, dial, arrived } = await stage();
    const proxy = await open();
    const before = await line(proxy);
    for (const end of ['accept', 'heal'] as const) {
      const { length } = arrived;
      proxy.refuse();
      for (const words of ['', 'let me in']) {
        const client = dial(proxy);
        client.socket.write(words);
        await client.isTold('close');
        expect(client.events).toEqual(['error ECONNRESET', 'close']);
      }
      await passTime(before);
      expect(proxy.links).toHaveLength(length);
      expect(arrived).toHaveLength(length);
      proxy[end]();
      await passTime(await line(proxy));
    }
    expect(proxy.accepted).toBe(7);
  });

  test('acceptAndClose: a FIN, though they say something', async () => {
    const { open, line, dial, arrived } = await stage();
    const proxy = await open();
    const before = await line(proxy);
    proxy.acceptAndClose();
    const client = dial(proxy);
    client.socket.write('let me in');
    await client.isTold('end');
    expect(proxy.links).toHaveLength(2);
    const rude = dial(proxy);
    await rude.isTold('end');
    rude.socket.resetAndDestroy();
    while (proxy.links.length > 2) await passTime(before);
    proxy.heal();
    proxy.silence('none');
    client.socket.end('goodbye');
    await client.isTold('close');
    expect(client.events).toEqual(['end', 'close']);
    await passTime(before);
    expect(arrived).toHaveLength(1);
    expect(proxy.links).toEqual([before.link]);
    await passTime(await line(proxy));
  });

  test('refused in silence: told when that is over', async () => {
    const { open, line, dial, arrived } = await stage();
    const proxy = await open();
    const other = await line(await open());
    proxy.refuse();
    proxy.silence('to-client');
    const client = dial(proxy);
    await once(client.socket, 'connect');
    await passTime(other);
    expect(client.isUntouched).toBe(true);
    proxy.silence('none');
    await client.isTold('error ECONNRESET');
    expect(arrived).toHaveLength(1);
  });
});

/** To and fro, once, in ms. */
function roundTrip({ client, server }: BothEnds): Promise<number> {
  return timed(async () => {
    const lengths = [server, client].map(({ bytes }) => bytes.length);
    client.socket.write('?');
    await server.received(lengths[0]! + 1);
    server.socket.write('!');
    await client.received(lengths[1]! + 1);
  });
}

/** Timers of Node are early by up to 1 ms. */
const early = 1;

describe('delay', () => {
  test('each way, of all links and those to come; of one link, its alone', async () => {
    const { open, line } = await stage();
    const proxy = await open();
    const [first, second] = [await line(proxy), await line(proxy)];
    first.link.delay(150);
    proxy.silence('none');
    expect([first.link.delayed, second.link.delayed, proxy.delayed]).toEqual([150, 0, 0]);
    const [slow, fast] = await Promise.all([roundTrip(first), roundTrip(second)]);
    expect(slow).toBeGreaterThanOrEqual(2 * (150 - early));
    expect(fast).toBeLessThan(slow);

    proxy.delay(50);
    const third = await line(proxy);
    expect(proxy.links.map(({ delayed }) => delayed)).toEqual([50, 50, 50]);
    for (const each of await Promise.all([first, second, third].map(roundTrip))) {
      expect(each).toBeGreaterThanOrEqual(2 * (50 - early));
    }
  });

  test('the end travels behind the data; jitter is drawn for each piece, and none overtakes another', async () => {
    const { open, line } = await stage();
    const proxy = await open();
    const [it, other] = [await line(proxy), await line(proxy)];
    const chances = [0.9, 0, 0.5, 0.1];
    let drawn = 0;
    it.link.delay(20, { jitter: 60, random: () => chances[(drawn += 1) % chances.length]! });
    const sent = Array.from({ length: 20 }, (_, index) => `<${index}>`);
    const took = await timed(async () => {
      for (const piece of sent) {
        it.client.socket.write(piece);
        await passTime(other);
      }
      it.client.socket.end();
      await it.server.isTold('end');
    });
    expect(it.server.text).toBe(sent.join(''));
    expect(drawn).toBeGreaterThan(2);
    // The first piece draws 0, another one 0.9, and nothing is faster than that.
    expect(took).toBeGreaterThanOrEqual(20 + 0.9 * 60 - early);
  });

  test('what is under way arrives when it would have', async () => {
    const { open, line } = await stage();
    const proxy = await open();
    const [it, other] = [await line(proxy), await line(await open())];
    proxy.delay(50);
    it.client.socket.write('soon');
    await passTime(other);
    proxy.delay(60_000);
    it.client.socket.write(', later');
    await it.server.hears('soon');
    await passTime(other);
    expect(it.server.text).toBe('soon');
  });

  test.for<[name: string, end: (faults: FaultProxy) => void]>([
    ['delay(0)', (faults) => faults.delay(0)],
    ['heal()', (faults) => faults.heal()],
  ])('%s: what is under way arrives at once', async ([, end]) => {
    const { open, line } = await stage();
    const proxy = await open();
    const [it, other] = [await line(proxy), await line(await open())];
    proxy.delay(60_000);
    it.client.socket.end('at last');
    await passTime(other);
    expect(it.server.isUntouched).toBe(true);
    end(proxy);
    await it.server.isTold('end');
    expect(it.server.text).toBe('at last');
  });

  test('a reset does not wait', async () => {
    const { open, line } = await stage();
    const proxy = await open();
    const { client, server, link } = await line(proxy);
    proxy.delay(60_000);
    client.socket.write('never to arrive');
    server.socket.resetAndDestroy();
    link.reset();
    await client.isTold('error ECONNRESET');
    await link.gone;
    expect(server.chunks).toEqual([]);
  });
});

describe('throttle', () => {
  test('no more than it says, in each direction by itself, and not much less', async () => {
    const { open, line } = await stage();
    const proxy = await open();
    const bytes = numbered(40_000);
    const times: number[] = [];
    for (const bytesPerSecond of [50_000, 400_000]) {
      proxy.throttle(bytesPerSecond);
      const { client, server } = await line(proxy);
      const took = await timed(() => {
        client.socket.write(bytes);
        server.socket.write(bytes);
        return Promise.all([client.received(bytes.length), server.received(bytes.length)]);
      });
      expect(client.bytes.equals(bytes) && server.bytes.equals(bytes)).toBe(true);
      // Less the dose that passes at once, and as much again for late timers.
      expect(took).toBeGreaterThanOrEqual((bytes.length / bytesPerSecond) * 1_000 - 20 - early);
      times.push(took);
    }
    expect(times[0]! / times[1]!).toBeGreaterThan(2);
  });

  test('one link alone; its sender feels it; a new rate holds for what waits already', async () => {
    const { open, line } = await stage();
    const proxy = await open();
    const [it, other] = [await line(proxy), await line(proxy)];
    it.link.throttle(1);
    it.client.socket.write(flood);
    it.server.socket.write('?');
    await it.client.hears('?');
    other.client.socket.write(flood);
    await other.server.received(flood.length);
    expect(it.client.socket.writableLength).toBeGreaterThan(0);
    expect(it.server.bytes.length).toBeLessThan(flood.length / 2);
    it.link.throttle(Infinity);
    expect((await it.server.received(flood.length)).equals(flood)).toBe(true);
  });

  test('what passed before does not count', async () => {
    const { open, line } = await stage();
    const proxy = await open();
    const it = await line(proxy);
    for (const side of ['client', 'server'] as const) {
      it[side].socket.write(flood);
      await it[across(side)].received(flood.length);
    }
    it.link.throttle(100);
    await passTime(it);
    expect(it.client.bytes.length).toBe(flood.length + 3);
  });

  test('heal: what is left passes at once', async () => {
    const { open, line } = await stage();
    const proxy = await open();
    proxy.throttle(1);
    const [{ client, server }, other] = [await line(proxy), await line(await open())];
    client.socket.end('a long story');
    await passTime(other);
    expect('a long story'.length - server.text.length).toBeGreaterThan(0);
    proxy.heal();
    await server.isTold('end');
    expect(server.text).toBe('a long story');
  });
});

describe('slice', () => {
  test('pieces of at most so many bytes, each written by itself', async () => {
    const { open, line } = await stage();
    const proxy = await open();
    const [it, other] = [await line(proxy), await line(proxy)];
    const bytes = numbered(3_001);
    it.link.slice(3);
    for (const { client } of [it, other]) client.socket.write(bytes);
    for (const { server } of [it, other]) expect((await server.received(bytes.length)).equals(bytes)).toBe(true);
    const lengths = it.server.chunks.map(({ length }) => length);
    // The system may be late, and hand over two at once.
    expect(lengths.slice(0, -1).every((length) => length % 3 === 0)).toBe(true);
    expect(lengths.length).toBeGreaterThan(bytes.length / 3 / 2);
    expect(other.server.chunks.length).toBeLessThan(lengths.length);

    proxy.slice(1);
    it.server.socket.write('in pieces');
    await it.client.hears('in pieces');
    expect(it.client.chunks.length).toBeGreaterThan(1);
    const { length } = it.client.chunks;
    proxy.heal();
    it.server.socket.write('as it comes');
    await it.client.hears('as it comes');
    expect(it.client.chunks.length).toBe(length + 1);
  });

  test('pieces keep apart though more comes meanwhile', async () => {
    const { open, line } = await stage();
    const proxy = await open();
    const [it, other] = [await line(proxy), await line(proxy)];
    it.link.slice(2);
    const sent = Array.from({ length: 50 }, (_, index) => String(1_000 + index));
    for (const piece of sent) {
      it.client.socket.write(piece);
      await passTime(other);
    }
    await it.server.hears(sent.at(-1)!);
    expect(it.server.text).toBe(sent.join(''));
    expect(it.server.chunks.length).toBeGreaterThan(sent.length);
  });
});

test('reset: both ends of one link, or of all; silence, delay and throttle do not hold it back', async () => {
  const { open, line } = await stage();
  const proxy = await open();
  const lines = [await line(proxy), await line(proxy), await line(proxy)];
  const ends = lines.map(({ client, server }) => [client, server]);
  const reset = ['error ECONNRESET', 'close'];
  lines[0]!.link.reset();
  await Promise.all(ends[0]!.map((end) => end.isTold('close')));
  expect(ends.flat().map(({ events }) => events)).toEqual([reset, reset, [], [], [], []]);
  await passTime(lines[1]!);

  proxy.delay(60_000);
  proxy.throttle(1);
  proxy.slice(1);
  for (const end of ends.flat()) end.socket.write('never to arrive');
  proxy.silence();
  proxy.reset();
  await Promise.all(ends.flat().map((end) => end.isTold('close')));
  expect(ends.flat().map(({ events }) => events)).toEqual([reset, reset, reset, reset, reset, reset]);
  await Promise.all(lines.map(({ link }) => link.gone));
  expect(proxy.links).toEqual([]);
});

describe('together', () => {
  test('delay, throttle, slice, silence: all of them hold, and what passes is what was sent', async () => {
    const { open, line } = await stage();
    const proxy = await open();
    const [it, other] = [await line(proxy), await line(await open())];
    const bytes = numbered(20_000);
    proxy.delay(100, { jitter: 20 });
    proxy.throttle(100_000);
    proxy.slice(70);
    const took = await timed(async () => {
      for (const end of [it.client, it.server]) end.socket.write(bytes);
      await it.server.received(1);
      proxy.silence();
      const { length } = it.server.bytes;
      await passTime(other);
      expect(it.server.bytes.length).toBe(length);
      expect(length).toBeLessThan(bytes.length);
      proxy.silence('none');
      for (const end of [it.client, it.server]) {
        await end.received(bytes.length);
        expect(end.bytes.equals(bytes)).toBe(true);
        expect(end.chunks.length).toBeGreaterThan(bytes.length / 70 / 2);
      }
    });
    expect(took).toBeGreaterThanOrEqual(100 + (bytes.length / 100_000) * 1_000 - 20 - early);
    expect(proxy.delayed).toBe(100);
    expect(await roundTrip(it)).toBeGreaterThanOrEqual(2 * (100 - early));
    proxy.heal();
    expect(proxy).toMatchObject({ delayed: 0, silenced: 'none' });
    for (const end of [it.client, it.server]) end.socket.end(bytes);
    for (const end of [it.client, it.server]) await end.isTold('close');
    expect(it.server.bytes.equals(Buffer.concat([bytes, Buffer.from('?'), bytes]))).toBe(true);
  });

  test('a WebSocket through all of it: messages whole and in order; silent, it stays open on both sides', async () => {
    const listening = await listen((socket) => socket.on('message', (data) => socket.send(textOf(data))));
    const proxy = await faultProxy(listening.port);
    onTestFinished(() => proxy.close());
    const dial = () => {
      const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}`);
      onTestFinished(() => socket.terminate());
      return socket;
    };
    const isOpen = ({ clients }: WebSocketServer) => [...clients].map(({ readyState }) => readyState);
    proxy.delay(2, { jitter: 5 });
    proxy.throttle(50_000);
    proxy.slice(5);
    const socket = dial();
    await once(socket, 'open');
    const [link] = proxy.links;
    const other = dial();
    await once(other, 'open');
    const heard: string[] = [];
    const closes: number[] = [];
    socket.on('message', (data) => heard.push(textOf(data))).on('close', (code) => closes.push(code));
    const sent = Array.from({ length: 20 }, (_, index) => `${index} `.padEnd(200, 'x'));
    for (const text of sent) socket.send(text);
    while (heard.length < sent.length) await once(socket, 'message');
    expect(heard).toEqual(sent);

    link!.silence();
    socket.send('held back');
    socket.close(4_000, 'goodbye');
    const echoed = once(other, 'message');
    other.send('passes');
    await echoed;
    expect(isOpen(listening.server)).toEqual([WebSocket.OPEN, WebSocket.OPEN]);
    expect([heard.length, closes.length]).toEqual([sent.length, 0]);
    const closed = once(socket, 'close');
    link!.heal();
    await closed;
    expect(closes).toEqual([4_000]);
  });
});

describe('close', () => {
  /** How many of a kind keep the process busy. */
  const busy = (kind: 'TCP' | 'Timeout') =>
    process.getActiveResourcesInfo().filter((each) => each.startsWith(kind)).length;
  /** What is closed is gone a few turns later. */
  const settled = async () => {
    for (let turns = 0; turns < 1_000 && busy('TCP') > 0; turns += 1) await turn();
    return busy('TCP');
  };

  test('nothing is left, whatever was going on, and nobody is hurt', async () => {
    expect(await settled()).toBe(0);
    const uncaught = await uncaughtDuring(async () => {
      const { open, line, dial, clear } = await stage();
      const proxy = await open();
      const other = await line(await open());
      const lines: BothEnds[] = [];
      for (let i = 0; i < 26; i += 1) lines.push(await line(proxy));
      proxy.acceptAndClose();
      await dial(proxy).isTold('end');
      proxy.silence();
      await once(dial(proxy).socket, 'connect');
      while (proxy.links.length < lines.length + 2) await passTime(other);

      for (const { link } of lines) link.heal();
      const [silent, narrow, sliced, stuck, ending, half, ...many] = lines;
      const [dead, late] = [many.slice(0, 10), many.slice(10)];
      silent!.link.silence();
      for (const { link } of late) link.delay(60_000);
      narrow!.link.throttle(1);
      sliced!.link.slice(1);
      for (const { client, server } of [silent!, narrow!, sliced!, ...late]) {
        for (const { socket } of [client, server]) socket.write('never to arrive');
      }
      for (const { client } of [stuck!, ending!]) client.socket.pause();
      stuck!.server.socket.write(flood);
      ending!.server.socket.end(flood);
      half!.link.silence('to-server');
      half!.server.socket.end();
      await half!.client.isTold('end');
      for (const { client, link } of dead) {
        link.silence('to-server');
        client.socket.resetAndDestroy();
      }
      // The first is what the proxy finds the client gone by.
      for (const delayed of [0, 0, 60_000]) {
        for (const { server, link } of dead) {
          link.delay(delayed);
          server.socket.write('?');
        }
        await passTime(other);
      }
      expect(proxy.links).toHaveLength(lines.length + 2);

      const { links } = proxy;
      expect(busy('Timeout')).toBeGreaterThanOrEqual(2 * late.length);
      await Promise.all([proxy.close(), proxy.close()]);
      // The test runner has a few of its own.
      expect(busy('Timeout')).toBeLessThan(late.length);
      await Promise.all(links.map(({ gone }) => gone));
      expect(proxy.links).toEqual([]);
      for (const each of [proxy, ...links]) {
        each.delay(1);
        each.silence('to-server');
        each.heal();
        each.reset();
      }
      await clear();
    });
    expect(uncaught).toEqual([]);
    expect(await settled()).toBe(0);
  });

  test('the port is free again', async () => {
    const { open, port } = await stage();
    const proxy = await open();
    await proxy.close();
    const next = await faultProxy(port, proxy.port);
    expect(next.port).toBe(proxy.port);
    await next.close();
  });
});
