/**
 * Nothing is left behind: after ten thousand cycles of dial, id and loss, and after `close()` in every state.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';

import { serveHeartbeats } from '../../adapters/server.ts';
import { Child, now } from '../helpers/children/start.ts';
import { faultProxy } from '../kit/fault-proxy.ts';

async function start(script: string): Promise<{ server: Child; port: number }> {
  const server = new Child(script);
  onTestFinished(() => server.end());
  return { server, port: Number((await server.until('listening'))['port']) };
}

function run(script: string, args: readonly unknown[], flags: string[] = []): Child {
  const child = new Child(script, args, { flags });
  onTestFinished(() => child.end());
  return child;
}

const cycles = 10_000;
/** One slot of an array, which is the least that anything left behind would take, is eight. Measured: between −2 and 1. */
const bytesPerCycle = 4;

test(
  'ten thousand cycles of dial, id and loss leave no timer, listener, socket or byte',
  { timeout: 300_000 },
  async () => {
    const { server, port } = await start('cycle-server.mjs');
    const child = run('cycles.mjs', [`ws://127.0.0.1:${port}`, cycles], ['--expose-gc']);
    const cycled = await child.until('cycled');
    const { dials, heaps, cyclesBetween } = cycled as never as {
      dials: number;
      heaps: number[];
      cyclesBetween: number;
    };

    server.tell('count');
    const counted = await server.until('counted');
    child.tell('close');
    const quarter = cycles / 4;
    expect(counted['dials']).toEqual({ close: quarter, cut: quarter, refuse: quarter, leave: quarter, stay: 3 });
    expect(dials).toBe(cycles + 3);
    expect(cycled['tally']).toMatchObject({ retry: quarter });
    expect(counted['connections'], 'the one that is alive').toBe(1);
    expect(cycled['overlaps'], 'dials while another socket was live').toBe(0);
    expect(cycled['uncollected'], 'socket objects that something still refers to').toBe(1);
    expect(cycled['signalListeners']).toBe(1);
    expect(cycled['before']).toEqual({ timers: 0, sockets: 0 });
    expect(cycled['after'], 'an idle connection has its socket, and one timer').toEqual({ timers: 1, sockets: 1 });

    const growth = (heaps[1]! - heaps[0]!) / cyclesBetween;
    console.info(
      `${cycles} cycles in ${(Number(cycled['ms']) / 1_000).toFixed(1)} s; the heap, without code: ` +
        `${heaps.map((bytes) => (bytes / 1_024).toFixed(1)).join(', then ')} KiB: ${growth.toFixed(2)} bytes per cycle`,
    );
    expect(growth).toBeLessThan(bytesPerCycle);

    const closed = await child.until('closed');
    expect(closed).toMatchObject({ after: { timers: 0, sockets: 0 }, signalListeners: 0, readyState: 3 });
    // The one for `error` does nothing: without it `ws` would throw.
    expect(closed['socketListeners']).toEqual(['error']);
    expect(await child.exited).toBe(0);
    expect(child.errors).toBe('');
  },
);

/** `ws` by itself waits this long for the peer's close frame, ms, and holds the process up. */
const closeTimeoutOfWs = 30_000;
const closeTimeout = 300;

interface OtherEnd {
  port: number;
  /** From now on it is silent. */
  silence?: () => void;
}

/** What is at the other end. */
const peers = {
  async nobody(): Promise<OtherEnd> {
    const listener = createServer();
    const port = await portOf(listener);
    listener.close();
    await once(listener, 'close');
    return { port };
  },
  async 'a listener that says nothing'(): Promise<OtherEnd> {
    const sockets: Socket[] = [];
    const listener = createServer((socket) => {
      sockets.push(socket.on('error', () => {}));
    });
    onTestFinished(() => {
      listener.close();
      for (const socket of sockets) socket.destroy();
    });
    return { port: await portOf(listener) };
  },
  async 'a server that names nobody'(): Promise<OtherEnd> {
    return { port: await webSocketServer(() => {}) };
  },
  async 'a server'(): Promise<OtherEnd> {
    return { port: await webSocketServer(serveHeartbeats) };
  },
  async 'a server that falls silent'(): Promise<OtherEnd> {
    const proxy = await faultProxy(await webSocketServer(serveHeartbeats));
    onTestFinished(() => proxy.close());
    return { port: proxy.port, silence: () => proxy.silence() };
  },
};

/** A state, who is there when it is come to, and whether closing has to wait for an answer, in vain. */
const rows: [
  state: string,
  peer: keyof typeof peers,
  waits: boolean,
  heartbeat: { interval: number; timeout: number },
][] = [
  ['connecting', 'a listener that says nothing', false, { interval: 60_000, timeout: 60_000 }],
  ['awaiting-id', 'a server that names nobody', false, { interval: 60_000, timeout: 60_000 }],
  ['alive', 'a server', false, { interval: 60_000, timeout: 60_000 }],
  ['alive', 'a server that falls silent', true, { interval: 60_000, timeout: 60_000 }],
  ['stale', 'a server that falls silent', true, { interval: 200, timeout: 3_000 }],
  ['reconnecting', 'nobody', false, { interval: 60_000, timeout: 60_000 }],
];

test.for(rows)('in %s, with %s: one timer; after close() none, and the process exits', async (row) => {
  const [state, peer, waits, heartbeat] = row;
  const { port, silence } = await peers[peer]();
  const options = {
    heartbeat,
    closeTimeout,
    stableAfter: 0,
    connectTimeout: 60_000,
    idTimeout: 60_000,
    backoff: { initial: 60_000, max: 60_000 },
  };
  const child = run('closing.mjs', [`ws://127.0.0.1:${port}`, state, options]);
  if (silence !== undefined) {
    await child.until('state', (change) => change['state'] === 'alive');
    silence();
  }
  expect(await child.until('come')).toMatchObject({ timers: 1 });
  child.tell('close');
  const closing = await child.until('closing');
  expect(closing['state']).toBe(state);
  const closed = await child.until('closed');
  expect(closed).toMatchObject({ cause: 'user-closed', wasClean: peer.startsWith('a server') && !waits });
  expect(await child.until('settled'), 'not even that of ws').toMatchObject({ timers: 0 });
  expect(closed.at - closing.at).toBeGreaterThan(waits ? closeTimeout - 5 : 0);
  expect(await child.exited).toBe(0);
  expect(now() - closing.at, 'ms to the exit').toBeLessThan(closeTimeoutOfWs / 3);
  expect(child.errors).toBe('');
});

async function webSocketServer(serve: (server: WebSocketServer) => unknown): Promise<number> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  serve(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function portOf(listener: Server): Promise<number> {
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return (listener.address() as AddressInfo).port;
}
