/** The quick start of docs/PUSH.md, with a real Redis: servers die, and nothing is missed. */
import { afterAll, afterEach, expect, test } from 'vitest';

import { type Engine, startRedis } from '../helpers/engines.ts';
import { packed } from '../package/packed.ts';
import { blocksOf, freePort, Run, write } from './docs.ts';

const { folder, remove } = packed(['ws', 'xstate', 'redis']);
write(folder, blocksOf('docs/PUSH.md'));
let redis: Engine | undefined;
const runs: Run[] = [];

afterEach(async () => {
  for (const run of runs.splice(0)) await run.kill();
});
afterAll(async () => {
  await redis?.stop();
  remove();
});

test('the quick start runs', async () => {
  redis = await startRedis();
  const PORT = String(await freePort());
  const env = { REDIS_URL: `redis://127.0.0.1:${redis.port}`, PORT, URL: `ws://127.0.0.1:${PORT}/?user=ann` };
  const run = (...args: string[]) => {
    const its = new Run(folder, args, env);
    runs.push(its);
    return its;
  };
  const publish = (...args: string[]) => run('publisher.mjs', ...args).until('');
  const server = run('server.mjs');
  const client = run('client.mjs');
  await client.until('user:ann: caught up');
  await client.until('news: caught up');
  expect(await publish()).toEqual([expect.stringMatching(/^[\w-]+\.1$/)]);
  await client.until('news: hello');

  await server.kill();
  await publish('news', 'to nobody');
  await publish('user:ann', 'to nobody, either');
  run('cluster.mjs');
  await client.until('user:ann: to nobody, either (missed meanwhile)');
  await client.until('news: to nobody (missed meanwhile)');
  await publish('news', 'to all');
  expect((await client.until('news: to all')).filter((line) => line.startsWith('news: '))).toEqual([
    'news: caught up',
    'news: hello',
    'news: to nobody (missed meanwhile)',
    'news: caught up',
    'news: to all',
  ]);
});
