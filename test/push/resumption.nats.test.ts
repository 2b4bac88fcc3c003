/** On NATS. */
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, onTestFinished, test } from 'vitest';

import { natsLog } from '../../push/nats.ts';
import { type Engine, startNats } from '../helpers/engines.ts';
import {
  expectResumedWhereServersAreKilled,
  expectResumedWhereTheServerNoticesNothing,
  type Stage,
} from './resumption.ts';

let nats: Engine;
beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats.stop());

function stage(): Stage {
  const { port } = nats;
  return {
    engine: 'nats',
    port,
    log: async () => {
      const connection = await connect({ servers: `127.0.0.1:${port}` });
      const log = natsLog({ connection, messages: 100_000 });
      onTestFinished(async () => {
        await log.close();
        await connection.close();
      });
      return log;
    },
  };
}

const timeout = 120_000;

test('twenty times the client notices first', { timeout }, () =>
  expectResumedWhereTheServerNoticesNothing(stage(), 20),
);

test('ten times kill -9', { timeout }, () => expectResumedWhereServersAreKilled(stage(), 10));
