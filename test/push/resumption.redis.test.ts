/** On Redis, a hundred of a hundred. */
import { createClient } from 'redis';
import { afterAll, beforeAll, onTestFinished, test } from 'vitest';

import { redisLog } from '../../push/redis.ts';
import { type Engine, startRedis } from '../helpers/engines.ts';
import {
  expectResumedWhereServersAreKilled,
  expectResumedWhereTheServerNoticesNothing,
  type Stage,
} from './resumption.ts';

let redis: Engine;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

function stage(): Stage {
  const { port } = redis;
  return {
    engine: 'redis',
    port,
    log: async () => {
      const connection = createClient({ socket: { port, host: '127.0.0.1' } });
      await connection.connect();
      const log = redisLog({ client: connection, messages: 100_000 });
      onTestFinished(async () => {
        await log.close();
        connection.destroy();
      });
      return log;
    },
  };
}

const timeout = 120_000;

test('fifty times the client notices first', { timeout }, () => expectResumedWhereTheServerNoticesNothing(stage(), 50));

test('fifty times kill -9', { timeout }, () => expectResumedWhereServersAreKilled(stage(), 50));
