/**
 * What trusted push costs: from whoever publishes to whoever listens, when all come back at once, and beside what there is without it.
 */
import { describe, expect, onTestFinished, test } from 'vitest';

import { Child } from '../test/helpers/children/start.ts';
import { type Engine, startNats, startRedis } from '../test/helpers/engines.ts';
import { type EngineName, findEngine } from '../test/helpers/find-engines.ts';
import { ratioOf, script, trafficServer } from './alternation.ts';
import { quickOr } from './chosen.ts';
import { expectWithin, measured } from './measurement.ts';
import { ask, next, share } from './trusted-rig.ts';

const sizes: [what: string, bytes: number][] = [
  ['64 B', 64],
  ['1 KiB', 1_024],
];

const engines: [name: string, server: EngineName, start: () => Promise<Engine>][] = [
  ['redis', 'redis-server', startRedis],
  ['nats', 'nats-server', startNats],
];

for (const [name, server, start] of engines) {
  const isMissing = findEngine(server) === undefined;
  if (isMissing) console.warn(`\n*** SKIPPED: push through ${name}, for want of ${server}. ***\n`);

  describe.skipIf(isMissing)(`push through ${name}`, () => {
    async function rig() {
      const engine = await start();
      onTestFinished(() => engine.stop());
      const at = [name, String(engine.port)];
      return { node: () => nodeAt(at), publisher: await child('push-publisher.mjs', at) };
    }

    test.for(sizes)('from a publisher to a listener, %s', async ([what, bytes], context) => {
      const { node, publisher } = await rig();
      const { url } = await node();
      const listener = await child('push-listener.mjs', [url, 'news', String(latency.messages)]);
      await listener.until('caught-up');
      const medians: number[] = [];
      const slowest: number[] = [];
      for (let round = -1; round < latency.rounds; round += 1) {
        const heard = next(listener, 'heard');
        publisher.tell('publish', { topic: 'news', count: latency.messages, bytes, perSecond: latency.perSecond });
        const took = (await heard)['took'] as number[];
        const [half, most] = [share(took, 0.5), share(took, 0.99)];
        console.info(`${name}, ${what}: median ${half.toFixed(2)} ms, 99 % ${most.toFixed(2)} ms`);
        // In the first one code is compiled.
        if (round < 0) continue;
        medians.push(half);
        slowest.push(most);
      }
      const half = measured(medians);
      const most = measured(slowest);
      expectWithin(context, {
        what: `${name}, ${what} published until heard, median`,
        value: half.median,
        noise: half.noise,
        unit: 'ms',
        aim: 1.5,
        bound: 10,
      });
      expectWithin(context, {
        what: `${name}, ${what} published until heard, 99 %`,
        value: most.median,
        noise: most.noise,
        unit: 'ms',
        aim: 10,
        bound: 400,
      });
    });

    test('a thousand come back at once, each for a hundred messages', async (context) => {
      const { node, publisher } = await rig();
      const took = { cold: [] as number[], warm: [] as number[] };
      const reads = { cold: [] as number[], warm: [] as number[] };
      for (let round = 0; round < returning.rounds; round += 1) {
        const topic = `round:${round}`;
        const { cursor } = await ask(publisher, 'position', { topic });
        await ask(publisher, 'publish', { topic, count: returning.messages, bytes: returning.bytes });
        // The first time to a hub that has just been started, and then to one that has the messages.
        const { url, node: hub } = await node();
        const crowd = await child('returning.mjs', [url, String(returning.clients)]);
        await crowd.until('open');
        for (const hubIs of ['cold', 'warm'] as const) {
          if (hubIs === 'warm') await ask(crowd, 'leave');
          const told = await ask(crowd, 'return', { topic, cursor });
          expect(new Set(told['heard'] as number[]), 'each has heard all, once').toEqual(new Set([returning.messages]));
          const seconds = Number(told['took']) / 1_000;
          const asked = Number((await ask(hub, 'reads'))['reads']);
          console.info(`${name}, ${hubIs}: ${seconds.toFixed(2)} s, ${asked} reads`);
          took[hubIs].push(seconds);
          reads[hubIs].push(asked);
        }
        await Promise.all([crowd.end(), hub.end()]);
      }
      for (const hubIs of ['cold', 'warm'] as const) {
        const { median, noise } = measured(took[hubIs]);
        expectWithin(context, {
          what: `${name}, a thousand caught up, the hub ${hubIs}`,
          value: median,
          noise,
          unit: 's',
          aim: 2,
          bound: 10,
        });
        const most = hubIs === 'cold' ? 1 : 0;
        expectWithin(context, {
          what: `${name}, reads of the log for all of them, the hub ${hubIs}`,
          value: Math.max(...reads[hubIs]),
          unit: '',
          aim: most,
          bound: most,
        });
      }
    });
  });
}

test('a reader that does not read', async (context) => {
  const waited: number[] = [];
  const held: number[] = [];
  const slowest: number[] = [];
  for (let round = 0; round < unread.rounds; round += 1) {
    const server = await child('unread.mjs', [], ['--expose-gc']);
    const url = `ws://127.0.0.1:${String((await server.until('listening'))['port'])}`;
    const reader = await child('push-listener.mjs', [url, 'news', String(unread.count)]);
    await reader.until('caught-up');
    const publish = async () => {
      const heard = next(reader, 'heard');
      const told = await ask(server, 'publish', { topic: 'news', ...unread });
      // All of them, while the other one stands still.
      const took = (await heard)['took'] as number[];
      return { clients: told['clients'], waited: Number(told['waited']) / 1_024, slowest: share(took, 0.99) };
    };
    const weigh = async () => Number((await ask(server, 'weigh'))['bytes']) / 1_024;
    // The log, and what the hub holds of it, are full before.
    await publish();
    const stalled = await child('stalled.mjs', [url, 'news']);
    await stalled.until('stalled');
    const before = await weigh();
    const told = await publish();
    expect(told.clients, 'nobody is cut off for being slow').toBe(2);
    expect(told.waited, 'it has stood still').toBeGreaterThan(128);
    held.push((await weigh()) - before);
    waited.push(told.waited);
    slowest.push(told.slowest);
    console.info(
      `waiting at most ${told.waited.toFixed(0)} KiB, held at the end ${held.at(-1)!.toFixed(0)} KiB; the other reader 99 % ${told.slowest.toFixed(2)} ms`,
    );
    await Promise.all([server, reader, stalled].map((each) => each.end()));
  }
  const memory = measured(held);
  const others = measured(slowest);
  expectWithin(context, {
    what: 'bufferedAmount of who does not read, at most',
    value: Math.max(...waited),
    unit: 'KiB',
    aim: 512,
    bound: 512,
  });
  expectWithin(context, {
    what: 'memory of who does not read, heap and external',
    value: memory.median,
    noise: memory.noise,
    unit: 'KiB',
    aim: 512,
    bound: 768,
  });
  expectWithin(context, {
    what: 'published until heard by another one, 99 %',
    value: others.median,
    noise: others.noise,
    unit: 'ms',
    aim: 10,
    bound: 400,
  });
});

const unread = { rounds: quickOr(3, 1), count: 10_000, perSecond: 2_000 };

test.for(sizes)('handing %s to a thousand listeners', async ([what, bytes], context) => {
  const { median, noise } = await ratioOf('handing.mjs', ['x'.repeat(bytes), '1000'], 10);
  expectWithin(context, {
    what: `handing ${what} to a thousand, beside a loop over ws`,
    value: median,
    noise,
    unit: '×',
    aim: 1.15,
    bound: 1.35,
  });
});

const alone: [what: string, way: string][] = [
  ['ws', 'ws'],
  ['connect()', 'connect'],
];

test.for(alone.flatMap(([beside, way]) => sizes.map(([what, bytes]) => ({ beside, way, what, bytes }))))(
  'receiving $what as a push, beside $beside',
  async ({ beside, way, what, bytes }, context) => {
    const { median, noise } = await ratioOf(
      'receiving.mjs',
      [await trafficServer(), 'x'.repeat(bytes), way, 'push'],
      50_000,
    );
    expectWithin(context, {
      what: `receiving ${what} as a push, beside ${beside}`,
      value: median,
      noise,
      unit: '×',
      aim: 1.3,
      bound: 1.6,
    });
  },
);

/** Paced, so that nothing waits for what came before. */
const latency = { rounds: quickOr(5, 1), messages: 1_000, perSecond: 200 };

const returning = { rounds: quickOr(5, 1), clients: 1_000, messages: 100, bytes: 200 };

async function child(name: string, args: readonly string[], flags: readonly string[] = []): Promise<Child> {
  const started = new Child(script(name), args, { flags });
  onTestFinished(() => started.end());
  return started;
}

async function nodeAt(engine: readonly string[]): Promise<{ node: Child; url: string }> {
  const node = await child('push-node.mjs', engine);
  const { port } = await node.until('listening');
  return { node, url: `ws://127.0.0.1:${String(port)}` };
}
