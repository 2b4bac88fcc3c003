import { afterAll, beforeAll, test } from 'vitest';

import { type Engine, startRedis } from '../helpers/engines.ts';
import { expectNothingLeft } from './leaks.ts';

let redis: Engine;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

test('on Redis: when all clients have left and the server is closed, no timer, listener or socket is left', () =>
  expectNothingLeft(String(redis.port)));
