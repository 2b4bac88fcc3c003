/** The command line through Redis; what it does not say of a password; and the demo, whose nodes are processes on a Redis of its own. */
import { connect } from 'node:net';

import { createClient } from 'redis';
import { expect, onTestFinished, test } from 'vitest';

import { run, served } from '../helpers/command.ts';
import { startRedis } from '../helpers/engines.ts';
import { describeThrough } from './through-engine.ts';

describeThrough({ name: 'Redis', scheme: 'redis', start: startRedis });

test('a password opens Redis, and is never printed', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const admin = createClient({ socket: { host: '127.0.0.1', port: redis.port } });
  onTestFinished(() => admin.destroy());
  await admin.connect();
  await admin.aclSetUser('ann', ['on', '>hunter2/@?', 'allkeys', 'allchannels', 'allcommands']);
  await admin.configSet('requirepass', 'hunter2');
  const at = `127.0.0.1:${redis.port}`;
  const right = `redis://ann:hunter2%2F%40%3F@${at}`;

  const server = await served('--push', '--log', right);
  server.type('news typed\n');
  await server.line(/published to news/);
  const publish = run('publish', 'news', 'text', '--log', right);
  expect(await publish.ended).toEqual({ code: 0, signal: null });
  expect(publish.stdout).toMatch(/^\S+\.2\n$/);
  const wrong: [log: string, says: string][] = [
    [`redis://ann:hunter2@${at}`, `Redis at ${at} has refused: WRONGPASS`],
    [`redis://${at}`, `Redis at ${at} has refused: NOAUTH`],
  ];
  for (const [log, says] of wrong) {
    const failed = run('publish', 'news', 'text', '--log', log);
    expect(await failed.ended).toEqual({ code: 1, signal: null });
    expect(failed.stderr).toBe(`systole publish: --log: ${says}\n`);
  }
  expect(server.stdout + server.stderr + publish.stdout + publish.stderr).not.toContain('hunter2');
});

/** Whether anybody listens there. */
async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return await new Promise<boolean>((resolve) => {
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
  }).finally(() => socket.destroy());
}

test('the demo kills a process, and misses nothing; its Redis and its nodes end with it', async () => {
  const demo = run('demo', '--script', '--interval', '500', '--timeout', '400');
  const kept = await demo.line(/is kept in/);
  const port = Number(/kept in a redis-server of its own, :(\d+), and each node is a process$/.exec(kept)?.[1]);
  expect(await demo.ended).toEqual({ code: 0, signal: null });
  expect(demo.stdout).toMatch(/^Node A is killed \(kill -9 \d+\)$/m);
  expect(demo.stdout).toMatch(/✓ restored as …-B\d, on node B; \d+ caught up, 0 lost$/m);
  expect(demo.stderr).toBe('');
  expect(await isOpen(port)).toBe(false);
});

test.each([
  ['SIGINT', { code: 130, signal: null }],
  ['SIGTERM', { code: 143, signal: null }],
  ['SIGHUP', { code: 129, signal: null }],
  ['SIGKILL', { code: null, signal: 'SIGKILL' }],
] as const)('%s ends all that the demo has started', async (signal, end) => {
  const demo = run('demo', '--script');
  await demo.line(/● alive/);
  const ports = [...demo.stdout.matchAll(/(?:node [AB] |of its own, ):(\d+)/g)].map(([, port]) => Number(port));
  expect(ports).toHaveLength(3);
  expect(await Promise.all(ports.map(isOpen))).toEqual([true, true, true]);
  demo.process.kill(signal);
  expect(await demo.ended).toEqual(end);
  // After SIGKILL others have to do it.
  for (const port of ports) while (await isOpen(port));
});
