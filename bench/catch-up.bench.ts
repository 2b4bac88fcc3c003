/**
 * How soon those who come back have what they have missed, a thousand at once; and how long a message takes from one node to who listens at another.
 */
import { afterAll, describe, test, type TestContext } from 'vitest';

import { type Engine, startNats, startRedis } from '../test/helpers/engines.ts';
import { findEngine } from '../test/helpers/find-engines.ts';
import { chosen, quickOr } from './chosen.ts';
import { expectWithin, measured } from './measurement.ts';
import { figureOf, type Row, report } from './report.ts';
import {
  ask,
  type EngineAt,
  next,
  share,
  startChild,
  startListeners,
  startNode,
  sumOf,
  type WayName,
} from './trusted-rig.ts';

const returning = { rounds: quickOr(3, 1), clients: quickOr(1_000, 100), messages: 100, bytes: 200 };
/** Paced, so that nothing waits for what came before. */
const latency = { rounds: quickOr(3, 1), messages: quickOr(600, 200), bytes: 64, perSecond: 200 };

interface Contestant {
  peer: string;
  settings: string;
  way: WayName;
  engine: EngineAt['engine'];
}

const [memory, redis, nats] = ['memory', 'redis', 'nats'] as const;
const all: Contestant[] = [
  { peer: 'systole', settings: 'in memory', way: 'push', engine: memory },
  { peer: 'systole', settings: 'Redis', way: 'push', engine: redis },
  { peer: 'systole', settings: 'NATS', way: 'push', engine: nats },
  { peer: 'socket.io-client', settings: 'recovery, in memory', way: 'recovery', engine: memory },
  { peer: 'socket.io-client', settings: 'recovery, Redis streams', way: 'recovery', engine: redis },
  { peer: 'reconnecting-websocket', settings: 'PUBLISH of Redis by hand', way: 'plain', engine: redis },
];

const starts = { memory: undefined, redis: startRedis, nats: startNats };
const missing = (['redis-server', 'nats-server'] as const).filter((server) => findEngine(server) === undefined);
for (const server of missing) console.warn(`\n*** SKIPPED: what needs ${server}, for want of it. ***\n`);

const names = chosen([...new Set(all.map(({ peer }) => peer))]);
const asked = all.filter(
  ({ peer, engine }) => names.includes(peer) && !missing.some((server) => server.startsWith(engine)),
);

describe('many come back at once', () => {
  const rows: Row[] = [];

  test.for(asked.filter(({ way }) => way !== 'plain'))('$peer, $settings', async (contestant, context) => {
    const { peer, settings, way } = contestant;
    const at = await engineOf(context, contestant);
    const seconds: number[] = [];
    for (let round = 0; round < returning.rounds; round += 1) {
      seconds.push(await comeBack(context, way, at));
      console.info(`${peer}, ${settings}: ${seconds.at(-1)!.toFixed(2)} s`);
    }
    const figure = measured(seconds);
    rows.push({ peer, settings, cells: { seconds: figureOf(figure) } });
    if (way !== 'push') return;
    const what = `${returning.clients} caught up, ${settings}`;
    expectWithin(context, { what, value: figure.median, noise: figure.noise, unit: 's', aim: 2, bound: 10 });
  });

  afterAll(() => {
    report({
      question: 'catch-up',
      title: 'A thousand come back at once',
      how: `${returning.clients} listeners have left their node; ${returning.messages} messages of ${returning.bytes} bytes later they are on lines to a node that has just been started (in memory: to the same one), and all ask at once: until the last one has the last message. On both sides listeners that speak the protocol over bare ws, in one process; their dials are not counted. Median of ${returning.rounds}.`,
      columns: [{ key: 'seconds', title: 'all caught up', unit: 's', digits: 2 }],
      rows,
    });
  });
});

describe('from one node to who listens at another', () => {
  const rows: Row[] = [];

  test.for(asked.filter(({ engine }) => engine !== memory))('$peer, $settings', async (contestant, context) => {
    const { peer, settings, way } = contestant;
    const at = await engineOf(context, contestant);
    const [from, to] = [await startNode(context, way, at), await startNode(context, way, at)];
    const { messages: count, bytes, perSecond } = latency;
    const listeners = await startListeners(context, way, { count, ports: [to.port] });
    const medians: number[] = [];
    const slowest: number[] = [];
    for (let round = -1; round < latency.rounds; round += 1) {
      const done = next(listeners, 'done');
      from.node.tell('publish', { count, bytes, perSecond });
      await done;
      const took = (await sumOf(listeners)).flatMap((sum) => sum.took);
      // In the first one code is compiled.
      if (round < 0) continue;
      medians.push(share(took, 0.5));
      slowest.push(share(took, 0.99));
      console.info(
        `${peer}, ${settings}: median ${medians.at(-1)!.toFixed(2)} ms, 99 % ${slowest.at(-1)!.toFixed(2)} ms`,
      );
    }
    const [half, most] = [measured(medians), measured(slowest)];
    rows.push({ peer, settings, cells: { half: figureOf(half), most: figureOf(most) } });
    if (way !== 'push') return;
    const what = `published at one node until heard at another, ${settings}`;
    const unit = 'ms';
    expectWithin(context, {
      what: `${what}, median`,
      value: half.median,
      noise: half.noise,
      unit,
      aim: 1.5,
      bound: 10,
    });
    expectWithin(context, { what: `${what}, 99 %`, value: most.median, noise: most.noise, unit, aim: 10, bound: 400 });
  });

  afterAll(() => {
    report({
      question: 'another-node',
      title: 'From one node to who listens at another',
      how: `${latency.perSecond} messages a second of ${latency.bytes} bytes are published at one node; one app listens at another, with the library's own client: from the call until its app has the message. Median of ${latency.rounds} times ${latency.messages}.`,
      columns: [
        { key: 'half', title: 'median', unit: 'ms', digits: 2 },
        { key: 'most', title: '99 %', unit: 'ms', digits: 2 },
      ],
      rows,
    });
  });
});

async function engineOf(context: TestContext, { engine }: Contestant): Promise<EngineAt> {
  const start: (() => Promise<Engine>) | undefined = starts[engine];
  if (start === undefined) return { engine };
  const started = await start();
  context.onTestFinished(() => started.stop());
  return { engine, port: started.port };
}

/** One round. @returns s */
async function comeBack(context: TestContext, way: WayName, at: EngineAt): Promise<number> {
  const { clients, messages, bytes } = returning;
  const first = await startNode(context, way, at);
  const crowd = startChild(context, 'trusted-returning.mjs', [way, String(clients)]);
  await ask(crowd, 'listen', { url: urlOf(first.port) });
  const heard = next(crowd, 'heard');
  await ask(first.node, 'publish', { count: 1, bytes });
  await heard;
  await ask(crowd, 'leave');
  // Its sessions, where it keeps them, are kept once it has seen them leave.
  while (Number((await ask(first.node, 'clients'))['clients']) > 0);
  await ask(first.node, 'publish', { count: messages, bytes });
  const second = at.engine === memory ? first : await startNode(context, way, at);
  await ask(crowd, 'dial', { url: urlOf(second.port) });
  const { took } = await ask(crowd, 'return', { messages });
  await Promise.all([first, second].map(({ node }) => node.end()));
  await crowd.end();
  return Number(took) / 1_000;
}

function urlOf(port: number): string {
  return `ws://127.0.0.1:${port}`;
}
