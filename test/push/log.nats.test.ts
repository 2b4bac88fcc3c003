/** The log in NATS JetStream, with a real one. */
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, onTestFinished } from 'vitest';

import { natsLog, type NatsLogOptions } from '../../push/nats.ts';
import { type Engine, startNats } from '../helpers/engines.ts';
import { describeEngine, describeLog, type Hands, type OpenOptions } from './log-contract.ts';

let nats: Engine;
beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats.stop());

/** Gone with the test. */
async function connected(port = nats.port) {
  const connection = await connect({
    servers: `127.0.0.1:${port}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 20,
    reconnectJitter: 0,
  });
  onTestFinished(() => connection.close());
  return connection;
}

async function ask(what: string, question: object = {}) {
  const connection = await connected();
  return (await connection.request(`$JS.API.${what}`, JSON.stringify(question))).json<Record<string, unknown>>();
}

let streams = 0;

async function open({ port, ...bounds }: OpenOptions = {}, options: Partial<NatsLogOptions> = {}) {
  streams += 1;
  const own = Object.keys(bounds).length > 0 ? { stream: `own-${streams}` } : {};
  const log = natsLog({ connection: await connected(port), ...own, ...bounds, ...options });
  onTestFinished(() => log.close());
  return log;
}

async function rig() {
  const engine: Hands = {
    port: nats.port,
    kill: () => nats.kill(),
    start: () => nats.start(),
    pause: () => nats.pause(),
    resume: () => nats.resume(),
    wipe: async () => void (await ask('STREAM.DELETE.systole')),
  };
  return { open, engine };
}

describeLog('NATS', rig, { cannotCount: true });
describeEngine('NATS', rig);
