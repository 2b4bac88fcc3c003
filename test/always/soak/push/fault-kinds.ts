/** All that can go wrong, by name. What lasts answers with its undoing; where two overlap, what was said last holds, and the first to end ends both. */
import type { FaultProxy, TcpFaults } from '../../../kit/fault-proxy.ts';
import type { Direction } from '../../../kit/faults.ts';
import { type Fault, pickOf } from './plan.ts';
import type { World } from './world.ts';

export interface Kind {
  readonly weight: number;
  /** False: not now, or not with this engine. Default true. */
  can?(world: World): boolean;
  /** What lasts and ends by itself is a promise; the answer may be what undoes it. */
  begin(world: World, fault: Fault): (() => void) | Promise<void> | void;
}

/** To one client's line, or to all of a node. */
const line = (weight: number, begin: (of: TcpFaults, fault: Fault) => (() => void) | void, alone = 0.8): Kind => ({
  weight,
  begin({ proxies }, fault) {
    const proxy = pickOf(proxies, fault.where);
    return begin((fault.pick < alone ? pickOf(proxy.links, fault.pick / alone) : undefined) ?? proxy, fault);
  },
});

const silence = (weight: number, direction: Direction): Kind =>
  line(weight, (of) => {
    of.silence(direction);
    return () => of.silence('none');
  });

/** To the line of a node, or of publishers, to the engine. */
const engineLine = (weight: number, begin: (of: FaultProxy, fault: Fault) => (() => void) | void): Kind => ({
  weight,
  can: ({ engine }) => engine.lines.length > 0,
  begin: ({ engine }, fault) => begin(pickOf(engine.lines, fault.where), fault),
});

const engineSilence = (weight: number, direction: Direction): Kind =>
  engineLine(weight, (of) => {
    of.silence(direction);
    return () => of.silence('none');
  });

const client = (weight: number, begin: (world: World, fault: Fault) => (() => void) | void): Kind => ({
  weight,
  begin,
});

export const kinds: Readonly<Record<string, Kind>> = {
  silence: silence(8, 'both'),
  'silence to the server': silence(5, 'to-server'),
  'silence to the client': silence(5, 'to-client'),
  reset: line(8, (of) => of.reset(), 0.85),
  delay: line(4, (of, { amount }) => {
    of.delay(5 + 150 * amount, { jitter: 100 * amount });
    return () => of.delay(0);
  }),
  throttle: line(4, (of, { amount }) => {
    of.throttle(500 + Math.round(40_000 * amount ** 2));
    return () => of.throttle(Infinity);
  }),
  slice: line(2, (of, { amount }) => {
    of.slice(1 + Math.round(30 * amount));
    return () => of.slice(Infinity);
  }),
  'refused dials': {
    weight: 3,
    begin({ proxies }, { where }) {
      const proxy = pickOf(proxies, where);
      proxy.refuse();
      proxy.reset();
      return () => proxy.accept();
    },
  },

  'a page reloaded': client(10, (world, { pick }) => pickOf(world.listeners, pick).reload()),
  'reconnect()': client(4, (world, { pick }) => pickOf(world.listeners, pick).reconnect()),
  'a topic closed and opened again': client(4, (world, { pick, amount }) =>
    pickOf(world.listeners, pick).reopen(amount),
  ),
  'a topic heard twice': client(4, (world, { pick, amount, where }) =>
    pickOf(world.listeners, pick).hearTwice(amount, where),
  ),
  'a slow reader': client(6, (world, { pick, amount }) => {
    const listener = pickOf(world.listeners, pick);
    const { socket } = listener;
    socket?.pause();
    world.burst(listener.lives[0]?.topic, { left: 40 + 200 * amount, size: 40_000 });
    return () => socket?.resume();
  }),
  'a burst': client(6, (world, { pick, amount }) => {
    world.burst(pickOf(world.topics, pick), { left: 50 + 400 * amount, size: 20 });
  }),

  'a node killed': {
    weight: 5,
    can: (world) => world.engine.name !== 'memory' && world.idleNodes.length > 0,
    begin: (world, { where, amount }) => world.killNode(pickOf(world.idleNodes, where), 800 * amount),
  },
  'a node stands still': {
    weight: 5,
    can: (world) => world.idleNodes.length > 0,
    begin: (world, { where, lasts }) => world.stopNode(pickOf(world.idleNodes, where), lasts),
  },
  'a node closes, and starts again': {
    weight: 5,
    can: (world) => world.idleNodes.length > 0,
    begin: (world, { where, amount }) => world.restartNodes([pickOf(world.idleNodes, where)], 500 * amount),
  },
  'all nodes close and start again, one by one': {
    weight: 2,
    can: (world) => world.idleNodes.length === 2,
    begin: (world, { amount }) => world.restartNodes(world.idleNodes, 500 * amount),
  },

  'engine: reset': engineLine(6, (of) => of.reset()),
  'engine: refused dials': engineLine(4, (of) => {
    of.refuse();
    of.reset();
    return () => of.accept();
  }),
  'engine: silence': engineSilence(4, 'both'),
  'engine: silence to it': engineSilence(3, 'to-server'),
  'engine: silence from it': engineSilence(4, 'to-client'),
  'engine: delay': engineLine(3, (of, { amount }) => {
    of.delay(5 + 100 * amount, { jitter: 50 * amount });
    return () => of.delay(0);
  }),
  'engine stands still': {
    weight: 2,
    can: (world) => world.engine.lines.length > 0 && !world.isLosing,
    begin: (world, { lasts }) => world.stopEngine(lasts),
  },
  'engine loses what it has': {
    weight: 5,
    can: (world) => !world.isLosing && (world.engine.name !== 'memory' || world.idleNodes.length === 2),
    begin: (world, { pick, amount }) => world.lose(pick, amount),
  },
};

/** What can happen now, by chance. */
export function drawn(world: World, draw: number): string {
  const names = Object.keys(kinds).filter((name) => kinds[name]!.can?.(world) ?? true);
  const sum = names.reduce((total, name) => total + kinds[name]!.weight, 0);
  let left = draw * sum;
  return names.find((name) => (left -= kinds[name]!.weight) < 0) ?? names[0]!;
}
