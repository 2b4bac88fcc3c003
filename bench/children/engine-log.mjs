/** The log in an engine that the benchmark has started: `ENGINE PORT`, ENGINE being `redis` or `nats`. Its own connection. */
const logs = {
  async redis(port) {
    const { createClient } = await import('redis');
    const { redisLog } = await import('systole/push/redis');
    const client = createClient({ url: `redis://127.0.0.1:${port}` });
    await client.connect();
    return redisLog({ client });
  },
  async nats(port) {
    const { connect } = await import('@nats-io/transport-node');
    const { natsLog } = await import('systole/push/nats');
    return natsLog({ connection: await connect({ servers: `127.0.0.1:${port}` }) });
  },
};

export const logIn = (engine, port) => logs[engine](port);
