/**
 * A client goes on where it was, every time: whoever of the two notices the end first, and whatever has ended. Nothing is missed, and nothing is heard twice, while
 * messages are published on and on.
 */
import { setTimeout as pause } from 'node:timers/promises';

import { expect, onTestFinished } from 'vitest';

import { type Log, publisher } from '../../push/index.server.ts';
import type { Push } from '../../push/index.ts';
import { Child } from '../helpers/children/start.ts';
import { untilSo } from '../helpers/support.ts';
import { faultProxy } from '../kit/fault-proxy.ts';
import { client, earsOf, node } from './parties.ts';

export interface Stage {
  readonly engine: 'redis' | 'nats';
  readonly port: number;
  /** A log of that engine, gone with the test; it keeps as much as is published here. */
  readonly log: () => Promise<Log>;
}

/** Publishes numbered messages until it is told to end; answers with all there were. */
function publishing(log: Log): () => Promise<string[]> {
  const out = publisher(log);
  const told: string[] = [];
  const over = new AbortController();
  onTestFinished(() => over.abort());
  const done = (async () => {
    while (!over.signal.aborted) {
      told.push(`m${told.length + 1}`);
      await out.publish('news', told.at(-1)!);
      await pause(1);
    }
  })();
  return async () => {
    over.abort();
    await done;
    return told;
  };
}

/** A client that hears the topic, and how often it has gone on. */
async function listener(url: () => string) {
  const push: Push = client(url, { heartbeat: { interval: 150, timeout: 300 }, backoff: { initial: 10, max: 100 } });
  const { heard, until } = earsOf(push.topic('news'));
  let losses = 0;
  push.connection.on('lost', () => (losses += 1));
  // True enough: its lines do not answer.
  push.connection.on('warning', () => {});
  await until('caught up');
  return {
    heard,
    until,
    get losses() {
      return losses;
    },
    /** Resolves when it hears all there is, after what `end` ends. */
    async resumes(end: () => unknown): Promise<void> {
      const before = losses;
      const caughtUp = heard.filter((what) => what === 'caught up').length;
      await end();
      await untilSo(() => losses > before);
      await until('caught up', caughtUp + 1);
    },
  };
}

async function expectAllHeard(told: readonly string[], listeners: readonly Awaited<ReturnType<typeof listener>>[]) {
  for (const { heard, until } of listeners) {
    await until(told.at(-1)!);
    expect(heard.filter((what) => what !== 'caught up')).toEqual(told);
  }
}

/** The client notices first: its server goes on believing in the old line, and writes to it. */
export async function expectResumedWhereTheServerNoticesNothing({ log }: Stage, times: number): Promise<void> {
  const crew = 10;
  const { push, port } = await node({ log: await log() });
  const proxies = await Promise.all(Array.from({ length: crew }, () => faultProxy(port)));
  onTestFinished(async () => {
    await Promise.all(proxies.map((proxy) => proxy.close()));
  });
  const listeners = await Promise.all(proxies.map((proxy) => listener(() => `ws://127.0.0.1:${proxy.port}`)));
  const end = publishing(await log());
  let silenced = 0;
  await Promise.all(
    listeners.map(async (each, i) => {
      for (let n = 0; n < times / crew; n += 1) {
        await each.resumes(() => {
          const link = proxies[i]!.links.at(-1)!;
          // What the client says when it gives the line up reaches nobody.
          link.silence(n % 2 === 0 ? 'both' : 'to-client');
          silenced += n % 2 === 0 ? 1 : 0;
        });
      }
    }),
  );
  const told = await end();
  expect(push.clients.size, 'lines in which the server believes').toBeGreaterThanOrEqual(crew + silenced);
  await expectAllHeard(told, listeners);
  report(`${times} lines of which the server noticed nothing`, told, listeners);
}

/** `kill -9` of the server: its clients go on at another one. */
export async function expectResumedWhereServersAreKilled({ engine, port, log }: Stage, times: number): Promise<void> {
  const start = async () => {
    const child = new Child('../../push/children/node.mjs', [engine, String(port)]);
    onTestFinished(() => child.end());
    return { child, url: `ws://127.0.0.1:${(await child.until('listening'))['port'] as number}` };
  };
  const nodes = await Promise.all([start(), start(), start()]);
  const next = [start(), start()];
  let dials = 0;
  // All at the first one of them, while it is there.
  const listeners = await Promise.all(
    Array.from({ length: 4 }, (_, i) => listener(() => nodes[i % 2 === 0 ? 0 : (dials += 1) % nodes.length]!.url)),
  );
  const end = publishing(await log());
  const [first] = listeners;
  for (let n = 0; n < times; n += 1) {
    next.push(start());
    nodes.push(await next.shift()!);
    await first!.resumes(() => {
      const [{ child }] = nodes.splice(0, 1) as [(typeof nodes)[number]];
      child.signal('SIGKILL');
    });
  }
  const told = await end();
  await Promise.all(next);
  expect(first!.losses).toBeGreaterThanOrEqual(times);
  await expectAllHeard(told, listeners);
  report(`kill -9 of ${times} servers`, told, listeners);
}

function report(what: string, told: readonly string[], listeners: readonly { losses: number }[]): void {
  const losses = listeners.reduce((sum, each) => sum + each.losses, 0);
  console.info(`${what}: ${told.length} messages, ${listeners.length} clients, which went on ${losses} times: no gap`);
}
